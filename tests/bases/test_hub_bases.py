"""Bases of a model hub: fetched once, continued where they broke off, and refused in one sentence.

Each test runs a process of its own against a hub on the loopback address (`support/hub.py`), for
the hub's library reads its address and its cache when it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub import Hub, black_hole, closed_port, digests
from processes import FIND, SOON, Process

WEIGHTS = "model.safetensors"
NEEDED = {"config.json", "generation_config.json", WEIGHTS, "tokenizer.json"}


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that stopped."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def partial(process: Process) -> Path:
    """The file that a broken download of the weights left behind."""
    (left,) = (process.cache / "hub" / "models--tiny" / "blobs").glob("*.incomplete")
    return left


def weights_of(base: Path) -> bytes:
    return (base / WEIGHTS).read_bytes()


def test_a_name_is_fetched_whole_and_once(hub: Hub, process: Process, plain_base: Path):
    first = process.run("tiny")
    assert (first.returncode, first.stderr) == (0, "")
    folder = Path(first.stdout.strip())
    assert {file.name for file in folder.iterdir()} >= NEEDED
    for file in folder.iterdir():
        assert file.read_bytes() == (plain_base / file.name).read_bytes()
    before = len(hub.requests)
    assert process.run("tiny").stdout == first.stdout
    assert len(hub.requests) == before, "a fetched base needs no network"


def test_only_what_is_needed_leaves_the_hub_and_nothing_is_told_to_it(
    hub: Hub, process: Process, plain_base: Path, tmp_path: Path
):
    more = tmp_path / "more"
    shutil.copytree(plain_base, more)
    for name in ("pytorch_model.bin", "README.md", "flax_model.msgpack", "onnx/model.safetensors"):
        (more / name).parent.mkdir(exist_ok=True)
        (more / name).write_bytes(b"x" * 30_000)
    hub.add("tiny", more)
    assert process.run("tiny").returncode == 0
    asked = [seen.path for seen in hub.requests]
    assert asked[0] == "/api/models/tiny"
    names = {path.rpartition("/")[2] for path in asked[1:]}
    assert names >= NEEDED
    assert not names & {"pytorch_model.bin", "README.md", "flax_model.msgpack"}
    assert len(asked) == 1 + len(names)
    assert {(seen.agent, seen.token) for seen in hub.requests} == {("chatmimic", None)}


def test_loading_a_fetched_base_asks_nobody(hub: Hub, process: Process):
    code = """
import sys
from chatmimic.bases import describe_base, open_base
base = open_base(sys.argv[1], dropout=0.1)
print(base.model.num_parameters(), describe_base(sys.argv[1]).parameters, base.tokenizer.eos_token)
"""
    assert process.run("tiny").returncode == 0
    before = len(hub.requests)
    done = process.run("tiny", code=code)
    assert (done.returncode, done.stderr) == (0, "")
    parameters, described, end = done.stdout.split()
    assert parameters == described
    assert end == "<|endoftext|>"
    assert len(hub.requests) == before


def test_a_break_is_mended_within_the_command(hub: Hub, process: Process, plain_base: Path):
    hub.cut_after = 60_000
    assert process.run("tiny").returncode == 0
    assert [seen.range for seen in hub.asked(WEIGHTS)] == [None, "bytes=60000-"]
    assert hub.sent[WEIGHTS] == len(weights_of(plain_base)), "no byte travelled twice"


def test_a_broken_download_goes_on_with_the_next_command(
    hub: Hub, process: Process, plain_base: Path
):
    hub.stall_after = 60_000
    sentence = said(process.run("tiny", HF_HUB_DOWNLOAD_TIMEOUT="1"))
    size = len(weights_of(plain_base))
    assert f"did not answer in time after 60.0 kB of {size / 1000:.1f} kB" in sentence
    assert "run the same command again" in sentence
    assert "`--base starter`" in sentence
    kept = partial(process).stat().st_size
    before = len(hub.asked(WEIGHTS))

    hub.stall_after = None
    done = process.run("tiny")
    assert done.returncode == 0, done.stderr
    assert [seen.range for seen in hub.asked(WEIGHTS)[before:]] == [f"bytes={kept}-"]
    assert hub.sent[WEIGHTS] == size, "no byte travelled twice"
    assert Path(done.stdout.strip(), WEIGHTS).read_bytes() == weights_of(plain_base)
    assert len(hub.asked("config.json")) == 1


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_download_goes_on_with_the_next_command(
    hub: Hub, process: Process, plain_base: Path
):
    hub.stall_after = 70_000
    running = subprocess.Popen(
        [sys.executable, "-c", FIND, "tiny"], env=process.environment(), stderr=subprocess.PIPE
    )
    blobs = process.cache / "hub" / "models--tiny" / "blobs"
    deadline = time.monotonic() + 30
    while not any(file.stat().st_size == 70_000 for file in blobs.glob("*.incomplete")):
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.communicate()

    hub.stall_after = None
    assert process.run("tiny").returncode == 0
    assert [seen.range for seen in hub.asked(WEIGHTS)] == [None, "bytes=70000-"]
    assert hub.sent[WEIGHTS] == len(weights_of(plain_base))


def test_a_server_without_ranges_sends_the_whole_again(
    hub: Hub, process: Process, plain_base: Path
):
    hub.cut_after, hub.ranges = 60_000, False
    done = process.run("tiny")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip(), WEIGHTS).read_bytes() == weights_of(plain_base)


def leave_behind(process: Process, plain_base: Path, content: bytes) -> None:
    """What an earlier try may have left of the weights."""
    blobs = process.cache / "hub" / "models--tiny" / "blobs"
    blobs.mkdir(parents=True)
    name = f"{digests(weights_of(plain_base))[1]}.incomplete"
    (blobs / name).write_bytes(content)


@pytest.mark.parametrize("left", [b"", b"z" * 500])
def test_what_is_not_what_was_promised_is_removed(
    hub: Hub, process: Process, plain_base: Path, left: bytes
):
    """Content that is damaged on the way, and a left-over part that belongs to something else."""
    leave_behind(process, plain_base, left)
    hub.flip = not left
    sentence = said(process.run("tiny"))
    assert "does not match the hub's checksum" in sentence
    assert "`--base starter`" in sentence
    hub.flip = False
    assert process.run("tiny").returncode == 0


def test_a_left_over_part_that_is_too_long(hub: Hub, process: Process, plain_base: Path):
    leave_behind(process, plain_base, b"z" * 500_000)
    assert process.run("tiny").returncode == 0


def test_a_left_over_part_that_is_the_whole(hub: Hub, process: Process, plain_base: Path):
    leave_behind(process, plain_base, weights_of(plain_base))
    assert process.run("tiny").returncode == 0
    assert hub.asked(WEIGHTS) == []


REFUSALS = [
    (404, "RepoNotFound", "has no public model of that name"),
    (401, "", "has no public model of that name"),
    (403, "GatedRepo", "accept its terms"),
    (401, "GatedRepo", "accept its terms"),
    (403, "", "denies access to it (HTTP 403)"),
    (429, "", "too many requests"),
    (500, "", "a problem of its own (HTTP 500)"),
    (503, "", "a problem of its own (HTTP 503)"),
    (418, "", "answered HTTP 418"),
]


@pytest.mark.parametrize(("status", "code", "words"), REFUSALS)
def test_each_refusal_is_one_sentence(
    hub: Hub, process: Process, status: int, code: str, words: str
):
    hub.status, hub.error_code = status, code
    sentence = said(process.run("tiny"))
    assert sentence.startswith('The base "tiny" could not be downloaded: ')
    assert words in sentence
    assert sentence.endswith(" no network.")
    assert process.took < SOON
    assert len(hub.requests) == 1, "asked once, not again and again"


@pytest.mark.parametrize(
    ("status", "words"), [(503, "a problem of its own"), (403, "denies access")]
)
def test_a_refusal_of_the_files_is_one_sentence(
    hub: Hub, process: Process, status: int, words: str
):
    hub.file_status = status
    assert words in said(process.run("tiny"))


def test_an_unknown_name_is_one_sentence(hub: Hub, process: Process):
    assert "has no public model of that name" in said(process.run("org/nothing-there"))


def test_a_page_instead_of_a_hub(hub: Hub, process: Process):
    hub.page = "<html>Welcome to the hotel</html>"
    assert "not that of a model hub" in said(process.run("tiny"))


@pytest.mark.parametrize("answer", ["[]", "{}", '{"sha": "../..", "siblings": []}', "7"])
def test_json_of_something_else(hub: Hub, process: Process, answer: str):
    hub.page = answer
    assert "not that of a model hub" in said(process.run("tiny"))


def test_a_hub_that_takes_the_request_and_never_answers(hub: Hub, process: Process):
    process.patience = None
    hub.hang = True
    assert "did not answer within 2 seconds" in said(process.run("tiny"))
    assert process.took < SOON


def test_a_black_hole(tmp_path: Path):
    with black_hole() as url:
        process = Process(tmp_path, url)
        assert "did not answer within 2 seconds" in said(process.run("gpt2-medium"))
    assert process.took < SOON


def test_a_refused_connection(tmp_path: Path):
    with closed_port() as url:
        process = Process(tmp_path, url)
        sentence = said(process.run("gpt2-medium"))
    assert "refused the connection" in sentence
    assert process.took < SOON


NAMELESS = """
import socket, time
def getaddrinfo(*_, **__):
    time.sleep({pause})
    raise socket.gaierror(-2, "Name or service not known")
socket.getaddrinfo = getaddrinfo
"""


@pytest.mark.parametrize(
    ("pause", "words"),
    [(0, "the address of hub.invalid cannot be found"), (30, "within 2 seconds")],
)
def test_a_host_without_an_address(tmp_path: Path, pause: int, words: str):
    """The look-up of a name fails at once, or (as behind a dead resolver) takes its time."""
    process = Process(tmp_path, "https://hub.invalid")
    sentence = said(process.run("gpt2-medium", code=NAMELESS.format(pause=pause) + FIND))
    assert words in sentence
    assert "`--base starter`" in sentence
    assert process.took < SOON


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1", "http://[", "http://a:999999"])
def test_an_address_that_is_none(tmp_path: Path, address: str):
    assert "is not the address of a hub" in said(Process(tmp_path, address).run("gpt2-medium"))


@pytest.mark.parametrize("switch", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_is_honoured(hub: Hub, process: Process, switch: str):
    assert "HF_HUB_OFFLINE is set" in said(process.run("tiny", **{switch: "1"}))
    assert hub.requests == []
    assert process.run("tiny").returncode == 0
    assert process.run("tiny", **{switch: "1"}).returncode == 0


def test_the_token_goes_to_the_hub_and_to_nobody_else(hub: Hub, process: Process, plain_base: Path):
    with Hub() as other:
        other.add("tiny", plain_base)
        hub.elsewhere = other.url
        done = process.run("tiny", HF_TOKEN="hf_secret")
        assert done.returncode == 0, done.stderr
        assert {seen.token for seen in hub.requests} == {"Bearer hf_secret"}
        assert [seen.token for seen in other.requests] == [None]


def test_no_room_is_said_before_anything_is_fetched(hub: Hub, process: Process):
    hub.claim = 10**16
    sentence = said(process.run("tiny"))
    assert "10,000,000.0 GB" in sentence
    assert "HF_HOME" in sentence
    assert hub.asked(WEIGHTS) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up(hub: Hub, process: Process, plain_base: Path):
    blobs = process.cache / "hub" / "models--tiny" / "blobs"
    blobs.mkdir(parents=True)
    name = f"{digests(weights_of(plain_base))[1]}.incomplete"
    (blobs / name).symlink_to("/dev/full")
    assert "the disk is full" in said(process.run("tiny"))


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may write anywhere")
def test_a_cache_that_may_not_be_written(hub: Hub, process: Process):
    process.cache.mkdir()
    process.cache.chmod(0o500)
    assert "cannot be written" in said(process.run("tiny"))


def test_a_cache_that_is_a_file(hub: Hub, process: Process):
    process.cache.write_text("")
    assert "cannot be written" in said(process.run("tiny"))


def test_two_at_once(hub: Hub, process: Process):
    from huggingface_hub.utils import WeakFileLock

    lock = process.cache / "hub" / ".locks" / "models--tiny" / "chatmimic.lock"
    lock.parent.mkdir(parents=True)
    with WeakFileLock(lock):
        assert "another process is downloading it" in said(process.run("tiny"))
    assert process.run("tiny").returncode == 0


def test_code_that_comes_with_a_base_is_refused_before_its_weights(
    hub: Hub, process: Process, plain_base: Path, tmp_path: Path
):
    shutil.copytree(plain_base, tmp_path / "coded")
    config = tmp_path / "coded" / "config.json"
    coded = {"auto_map": {"AutoModelForCausalLM": "mine.Model"}}
    config.write_text(json.dumps(json.loads(config.read_text()) | coded))
    hub.add("tiny", tmp_path / "coded")
    assert "such code is never run" in said(process.run("tiny"))
    assert hub.asked(WEIGHTS) == []


def test_only_pickled_weights(hub: Hub, process: Process, plain_base: Path, tmp_path: Path):
    shutil.copytree(plain_base, tmp_path / "pickled")
    (tmp_path / "pickled" / WEIGHTS).rename(tmp_path / "pickled" / "pytorch_model.bin")
    hub.add("tiny", tmp_path / "pickled")
    assert "has no safetensors weights on the hub" in said(process.run("tiny"))
    assert hub.asked("pytorch_model.bin") == []


LINKLESS = """
from pathlib import Path
def symlink_to(*_, **__):
    raise OSError("a required privilege is not held by the client")
Path.symlink_to = symlink_to
"""


def test_where_links_are_not_allowed(hub: Hub, process: Process, plain_base: Path):
    """As on Windows for ordinary users: the content moves into the snapshot."""
    done = process.run("tiny", code=LINKLESS + FIND)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert not any(file.is_symlink() for file in folder.iterdir())
    assert (folder / WEIGHTS).read_bytes() == weights_of(plain_base)
    before = len(hub.requests)
    assert process.run("tiny", code=LINKLESS + FIND).stdout == done.stdout
    assert len(hub.requests) == before


def sharded(base: Path, folder: Path, names: list[str]) -> Path:
    """The base with its weights in several files."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(base, folder)
    tensors = load_file(base / WEIGHTS)
    (folder / WEIGHTS).unlink()
    table = {key: names[number % len(names)] for number, key in enumerate(sorted(tensors))}
    for name in set(names):
        if Path(name).name == name:
            part = {key: tensors[key] for key in tensors if table[key] == name}
            save_file(part, folder / name, metadata={"format": "pt"})
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": table}))
    return folder


def test_weights_in_several_files(hub: Hub, process: Process, plain_base: Path, tmp_path: Path):
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    hub.add("tiny", sharded(plain_base, tmp_path / "sharded", names))
    done = process.run("tiny")
    assert done.returncode == 0, done.stderr
    assert {file.name for file in Path(done.stdout.strip()).iterdir()} >= set(names)


def test_an_index_cannot_reach_outside(
    hub: Hub, process: Process, plain_base: Path, tmp_path: Path
):
    names = ["../../outside.safetensors", "model-00001-of-00001.safetensors"]
    hub.add("tiny", sharded(plain_base, tmp_path / "sharded", names))
    assert "does not list safetensors files" in said(process.run("tiny"))
    assert not list(tmp_path.rglob("outside*"))


def test_a_cut_file_in_the_cache_is_named(hub: Hub, process: Process):
    folder = Path(process.run("tiny").stdout.strip())
    blob = (folder / WEIGHTS).resolve()
    blob.write_bytes(blob.read_bytes()[:-5])
    assert "is cut short" in said(process.run("tiny"))

"""What the machine lets a process have: threads that sleep, and as many as find a core."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatmimic import machine
from chatmimic.machine import allowed_threads, free_threads, processor_quotas, threads_kept

# -- how they wait -------------------------------------------------------------------------------


def environment(**asked: str) -> dict[str, str]:
    """What `import chatmimic` leaves in the environment of a process of its own."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "KMP_", "GOMP_"))}
    code = "import os, chatmimic; print(*(f'{k}={v}' for k, v in os.environ.items()), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=plain | asked, capture_output=True, text=True, check=True
    )
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())


def test_threads_that_wait_sleep_unless_it_was_said_otherwise():
    assert environment()["OMP_WAIT_POLICY"] == "PASSIVE"
    assert environment()["KMP_BLOCKTIME"] == "0"
    assert environment()["GOMP_SPINCOUNT"] == "1000"
    assert environment(GOMP_SPINCOUNT="7")["GOMP_SPINCOUNT"] == "7"
    assert "GOMP_SPINCOUNT" not in environment(OMP_WAIT_POLICY="ACTIVE")
    assert environment(OMP_WAIT_POLICY="ACTIVE")["OMP_WAIT_POLICY"] == "ACTIVE"
    assert environment(KMP_BLOCKTIME="200")["KMP_BLOCKTIME"] == "200"


# -- how many there are --------------------------------------------------------------------------


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine for four threads, none of which the user asked for."""
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(machine, "processor_quotas", lambda: iter(()))


@pytest.mark.parametrize(
    ("idle", "threads"),
    [(4.0, 4), (3.6, 4), (3.4, 3), (3.0, 3), (1.2, 1), (0.1, 1), (-0.3, 1), (64.0, 4)],
)
def test_others_keep_the_cores_that_they_take(four, monkeypatch, idle: float, threads: int):
    monkeypatch.setattr(machine, "_idle_processors", lambda seconds: idle)
    assert free_threads() == threads


def test_a_small_model_replies_with_one_thread(four, monkeypatch):
    monkeypatch.setattr(machine, "_idle_processors", lambda seconds: 3.0)
    assert machine.reply_threads(7_000_000) == 1
    assert machine.reply_threads(135_000_000) == 3


def test_what_the_user_said_overrules_it(four, monkeypatch):
    monkeypatch.setattr(machine, "_idle_processors", lambda seconds: 1.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert free_threads() == allowed_threads() == 4


@pytest.mark.parametrize(("quotas", "threads"), [([], 4), ([2.0], 2), ([1.5, 8.0], 2), ([0.5], 1)])
def test_a_quota_allows_no_more(four, monkeypatch, quotas: list[float], threads: int):
    monkeypatch.setattr(machine, "processor_quotas", lambda: iter(quotas))
    assert allowed_threads() == threads


@pytest.mark.parametrize(
    ("own", "files", "quotas"),
    [
        ("0::/me\n", {"me/cpu.max": "150000 100000\n"}, [1.5]),
        ("0::/me\n", {"me/cpu.max": "max 100000\n", "cpu.max": "400000 100000\n"}, [4.0]),
        (
            "4:cpu,cpuacct:/job\n",
            {"cpu/job/cpu.cfs_quota_us": "50000\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
            [0.5],
        ),
        (
            "4:cpu:/job\n",
            {"cpu/job/cpu.cfs_quota_us": "-1\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
            [],
        ),
        ("0::/me\n", {"me/cpu.max": "nonsense\n"}, []),
        ("0::/me\n", {}, []),
    ],
)
def test_control_groups_grant_time(
    own: str, files: dict[str, str], quotas: list[float], tmp_path: Path
):
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        file = tmp_path / "mounted" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert list(processor_quotas(tmp_path / "own", tmp_path / "mounted")) == quotas
    assert list(processor_quotas(tmp_path / "none", tmp_path / "mounted")) == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds processes to a processor")
def test_a_processor_that_others_take_is_not_idle():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})  # which children inherit
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        time.sleep(0.5)
        idle = machine._idle_processors(1.0)
    finally:
        os.sched_setaffinity(0, allowed)
        for other in others:
            other.kill()
            other.wait()
    assert idle < 0.5  # of one


def test_the_number_of_threads_is_put_back():
    import torch

    before = torch.get_num_threads()
    with threads_kept():
        machine.use_threads(before + 1)
        assert torch.get_num_threads() == before + 1
        machine.use_threads(0)
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before

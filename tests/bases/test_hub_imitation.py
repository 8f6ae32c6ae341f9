"""The loopback hub is held against the real client: what that fetches is what was put in."""

from __future__ import annotations

import json
from pathlib import Path

LIBRARY = """
import json, sys
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
info = HfApi().model_info("tiny", files_metadata=True)
one = hf_hub_download("tiny", "model.safetensors")
whole = snapshot_download("tiny")
print(json.dumps([info.sha, sorted(s.rfilename for s in info.siblings), one, whole]))
"""


def test_the_real_library_fetches_from_the_imitation(hub, process, plain_base: Path):
    done = process.run(code=LIBRARY)
    assert done.returncode == 0, done.stderr
    commit, names, one, whole = json.loads(done.stdout)
    assert names == sorted(file.name for file in plain_base.iterdir())
    assert Path(one).parent.name == commit
    for file in plain_base.iterdir():
        assert (Path(whole) / file.name).read_bytes() == file.read_bytes()


def test_what_another_program_fetched_is_not_fetched_again(hub, process):
    assert process.run(code=LIBRARY).returncode == 0
    before = len(hub.requests)
    done = process.run("tiny")
    assert done.returncode == 0, done.stderr
    assert "models--tiny" in done.stdout
    assert len(hub.requests) == before

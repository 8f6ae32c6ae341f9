"""The gpt2-medium benchmark: its shape is the real one, and the script runs (on a small shape)."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return SCRIPTS


def load(script: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = importlib.util.spec_from_file_location(script.stem, script)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, script.stem, module)
    found.loader.exec_module(module)
    return module


def test_the_shape_is_that_of_gpt2_medium(scripts: Path, monkeypatch: pytest.MonkeyPatch):
    import torch
    from transformers import GPT2LMHeadModel

    script = load(scripts / "gpt2_medium.py", monkeypatch)
    with torch.device("meta"):
        model = GPT2LMHeadModel(script.Shape().config())
    assert model.num_parameters() == script.GPT2_MEDIUM_PARAMETERS == 354_823_168
    config = model.config
    shape = (config.n_layer, config.n_embd, config.n_head, config.n_positions, config.vocab_size)
    assert shape == (24, 1024, 16, 1024, 50_257)


def test_a_measured_command_tells_its_memory_and_status(
    scripts: Path, monkeypatch: pytest.MonkeyPatch
):
    machine = load(scripts / "machine.py", monkeypatch)
    small = machine.measure([sys.executable, "-c", "print('small')"])
    large = machine.measure([sys.executable, "-c", "print(len(b'x' * 300_000_000))"])
    failed = machine.measure([sys.executable, "-c", "raise SystemExit(3)"])
    assert (small.status, small.output.strip()) == (0, "small")
    assert (large.status, large.output.strip(), failed.status) == (0, "300000000", 3)
    assert 300e6 < large.peak < 20e9
    assert small.seconds > 0


def test_the_machine_is_described(scripts: Path, monkeypatch: pytest.MonkeyPatch):
    described = load(scripts / "machine.py", monkeypatch).machine()
    assert described["cpu"]
    assert described["cores"] >= 1
    assert described["threads"] >= 1
    assert described["memory_gb"] > 0.5
    assert described["torch"][0].isdigit()
    json.dumps(described)


@pytest.mark.slow
def test_the_script_ends_with_its_figures(scripts: Path, plain_base: Path, tmp_path: Path):
    small = ["--layers", "1", "--width", "16", "--heads", "2", "--vocabulary", "512"]
    short = ["--tokens", "64", "--steps", "2", "--messages", "150"]
    done = subprocess.run(
        [
            sys.executable,
            str(scripts / "gpt2_medium.py"),
            *("--tokenizer", str(plain_base), "--work", str(tmp_path / "work"), *small, *short),
        ],
        cwd=scripts.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert [row["checkpointing"] for row in result["rows"]] == [True, False]
    for row in result["rows"]:
        assert row["tokens"] == 64
        assert row["tokens_per_s"] > 0
        assert 100 < row["peak_mb"] < 10_000
    assert result["machine"]["cores"] >= 1
    assert "checkpointing" in done.stdout.splitlines()[2]

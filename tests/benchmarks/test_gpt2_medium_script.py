"""The gpt2-medium benchmark: its shape is the real one, and the script runs (on a small shape)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = "gpt2_medium"


@pytest.fixture
def measuring(script: ModuleType) -> ModuleType:
    """The module that measures commands, and the machine."""
    return sys.modules["machine"]


def test_the_shape_is_that_of_gpt2_medium(script: ModuleType):
    import torch
    from transformers import GPT2LMHeadModel

    with torch.device("meta"):
        model = GPT2LMHeadModel(script.Shape().config())
    assert model.num_parameters() == script.GPT2_MEDIUM_PARAMETERS == 354_823_168
    config = model.config
    shape = (config.n_layer, config.n_embd, config.n_head, config.n_positions, config.vocab_size)
    assert shape == (24, 1024, 16, 1024, 50_257)


def test_a_measured_command_tells_its_memory_and_status(measuring: ModuleType):
    small = measuring.measure([sys.executable, "-c", "print('small')"])
    large = measuring.measure([sys.executable, "-c", "print(len(b'x' * 300_000_000))"])
    failed = measuring.measure([sys.executable, "-c", "raise SystemExit(3)"])
    assert (small.status, small.output.strip()) == (0, "small")
    assert (large.status, large.output.strip(), failed.status) == (0, "300000000", 3)
    assert 300e6 < large.peak < 20e9
    assert small.seconds > 0


def test_the_machine_is_described(measuring: ModuleType):
    described = measuring.machine()
    assert described["cpu"]
    assert described["cores"] >= 1
    assert described["threads"] >= 1
    assert described["memory_gb"] > 0.5
    assert described["torch"][0].isdigit()
    json.dumps(described)


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    measuring: ModuleType,
    figures: Callable[..., Any],
    here: Callable[[Sequence[str]], tuple[int, str, str]],
    plain_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def measure(command: Sequence[str], environment: Mapping[str, str]) -> Any:
        assert environment["HF_HUB_OFFLINE"] == "1"
        status, output, told = here(command)
        assert status == 0, told
        return measuring.Measured(status, output, 1.0, 300_000_000)

    monkeypatch.setattr(script, "measure", measure)  # a real child imports torch for seconds
    work = tmp_path / "work"
    script.write_checkpoint(script.Shape(1, 16, 2, vocabulary=512), work / "base")
    small = ["--layers", 1, "--width", 16, "--heads", 2, "--vocabulary", 512]
    short = ["--tokens", 64, "--steps", 1, "--messages", 150]
    told = figures("--tokenizer", plain_base, "--work", work, *small, *short)
    assert [row["checkpointing"] for row in told.result["rows"]] == [True, False]
    for row in told.result["rows"]:
        assert row["tokens"] == 64
        assert row["tokens_per_s"] > 0
        assert row["peak_mb"] == 300
    assert told.result["machine"]["cores"] >= 1
    assert "checkpointing" in told.lines[2]


def test_a_training_that_fails_is_told(
    script: ModuleType, measuring: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(script, "measure", lambda *_: measuring.Measured(1, "", 1.0, 0))
    with pytest.raises(SystemExit, match="ended with status 1"):
        script.train(tmp_path, script.parse(["--tokenizer", str(tmp_path)]), True)

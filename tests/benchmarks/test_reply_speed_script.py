"""The benchmark of reply speed: its rows, by engine, and the three figures at its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from chatmimic.bases.adapter import save_adapter
from chatmimic.engines.products import has_int8

SCRIPT = "reply_speed"
SMALL = ["--context", 64, "--tokens", 3, "--rounds", 1]
ENGINES = ["float32", "half", *(["int8"] if has_int8() else [])]


@pytest.fixture
def threads():
    """The script takes one thread for itself; the tests after it get theirs back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def quick(script: ModuleType, here: Callable[[Sequence[str]], Any], monkeypatch: Any) -> None:
    """Little is summed, and the children, which import torch for seconds, are none."""

    def measure(command: Sequence[str], environment: Mapping[str, str]) -> SimpleNamespace:
        assert environment["OMP_NUM_THREADS"] == "1"
        return SimpleNamespace(status=here(command)[0], peak=300_000_000)

    monkeypatch.setattr(script, "measure", measure)
    monkeypatch.setattr(script, "SUMMED", 100_000)


@pytest.mark.usefixtures("threads", "quick")
def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any],
    plain_base: Path,
):
    result = figures("--base", plain_base, *SMALL).result
    assert result["machine"]["cores"] >= 1
    assert [row["engine"] for row in result["rows"]] == [*ENGINES, "generate"]
    for row in result["rows"]:
        assert row["base"] == str(plain_base)
        assert min(row["first_token_ms"], row["tokens_per_s"]) > 0
        assert row["of_bandwidth"] >= 0
    for row in result["rows"][:-1]:
        assert row["next_turn_ms"] > 0
        assert row["peak_mb"] == 300
    assert result["kept_cache_ratio"] == max(r["of_reading_again"] for r in result["rows"][:-1])
    speed = {row["engine"]: row["tokens_per_s"] for row in result["rows"]}
    assert result["against_generate"] == pytest.approx(
        speed["float32"] / speed["generate"], rel=0.01
    )
    if has_int8():
        assert result["int8_against_fp32"] == pytest.approx(
            speed["int8"] / speed["float32"], rel=0.01
        )


@pytest.mark.usefixtures("threads", "quick")
def test_an_adapter_is_measured_beside_its_base(
    figures: Callable[..., Any], plain_base: Path, tmp_path: Path
):
    matrices = {"lora_A": torch.ones(2, 32), "lora_B": torch.ones(96, 2)}
    layer = "transformer.h.0.attn.c_attn"
    said = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "fan_in_fan_out": True}
    adapter = tmp_path / "adapter"
    shutil.copytree(plain_base, adapter, ignore=lambda *_: ["config.json", "model.safetensors"])
    learnt = {f"{layer}.{name}.default.weight": matrix for name, matrix in matrices.items()}
    save_adapter(adapter, learnt, said, str(plain_base))
    result = figures("--base", adapter, *SMALL).result
    assert [row["engine"] for row in result["rows"]] == ENGINES


def test_what_is_not_measured_has_no_ratio(script: ModuleType):
    assert script.ratio(None, 2.0) is None
    assert script.ratio(3.0, 2.0) == 1.5

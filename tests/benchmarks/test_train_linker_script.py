"""Fitting the networks that tell conversations apart: small logs, to a file that can be used."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

from chatmimic.conversations.linking.linker import Linker
from chatmimic.conversations.linking.network import Networks
from chatmimic.records import Message

SCRIPT = "train_linker"


def log(seed: int, lines: int) -> tuple[str, str]:
    """Two pairs who talk at once: each answers the other of the pair."""
    chance, raw, gold = random.Random(seed), [], []
    last: dict[str, int] = {}
    for number in range(lines):
        own = chance.choice(["ada", "bo", "cleo", "dan"])
        other = {"ada": "bo", "bo": "ada", "cleo": "dan", "dan": "cleo"}[own]
        raw.append(f"[12:{number % 60:02}] <{own}> {other}: do you know the {number}")
        gold.append(f"{last.get(other, number)} {number} -")
        last[own] = number
    return "\n".join(raw), "\n".join(gold[lines // 4 :])


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for part, names in (("train", "abcd"), ("dev", "e")):
        folder = tmp_path / "data" / part
        folder.mkdir(parents=True)
        for seed, name in enumerate(names):
            raw, gold = log(seed + len(part), 40)
            (folder / f"2024-01-0{seed + 1}_{name}.raw.txt").write_text(raw)
            (folder / f"2024-01-0{seed + 1}_{name}.annotation.txt").write_text(gold)
    return tmp_path


def test_fitted_networks_are_written_and_link(
    corpus: Path,
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "weights.safetensors"
    asked = ["--corpus", str(corpus), "--out", str(out), "--networks", "1", "--epochs", "20", "20"]
    monkeypatch.setattr(sys, "argv", ["train_linker.py", *asked])
    script.main()
    printed = capsys.readouterr().out
    assert "dev, strands:" in printed
    linker = Linker()
    linker.__dict__["_first"] = Networks.load("pairs", out)
    linker.__dict__["_second"] = Networks.load("strands", out)
    names = ["ada", "cleo", "bo", "dan", "ada", "dan"]
    others = ["bo", "dan", "ada", "cleo", "bo", "cleo"]
    talk = [
        Message(one, f"{other}: do you know the {n}", n * 60_000)
        for n, (one, other) in enumerate(zip(names, others, strict=True))
    ]
    assert linker.links(talk)[2:] == [0, 1, 2, 1]

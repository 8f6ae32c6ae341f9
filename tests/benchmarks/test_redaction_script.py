"""The redaction benchmark: what it makes up is labelled rightly, and its figures are such."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = "redaction"


def test_half_of_the_sentences_hold_a_secret_of_every_type(script: ModuleType):
    some = list(script.sentences(0, 2_000))
    assert some == list(script.sentences(0, 2_000))
    assert some != list(script.sentences(1, 2_000))
    assert sum(bool(sentence.secret) for sentence in some) == 1_000
    assert {sentence.type for sentence in some if sentence.secret} == set(script.TYPES)
    assert all(sentence.secret in sentence.text for sentence in some)


def test_a_hit_counts_when_it_is_the_whole_secret_and_its_type(script: ModuleType):
    some = [
        script.Sentence("call +49 171 1234567", "+49 171 1234567", "phone"),
        script.Sentence("it is 123456 7", "123456 7", "phone"),
        script.Sentence("ping 84.56.12.1"),
    ]
    rows = script.classified(some)
    assert rows["phone"] == {"secrets": 2, "precision": 1.0, "recall": 0.5}
    assert rows["ip"] == {"secrets": 0, "precision": 0.0, "recall": 0.0}
    assert rows["all"] == {"secrets": 2, "precision": 0.5, "recall": 0.5}
    assert script.wrong(some) == some[1:]


def test_the_rules_do_well_on_them(script: ModuleType):
    rows = script.classified(list(script.sentences(7, 4_000)))
    assert all(row["precision"] > 0.95 and row["recall"] > 0.97 for row in rows.values())


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    log = tmp_path / "#tea.2024-05-01.log"
    log.write_text("[12:00] <ada> ping 84.56.12.1\n[12:01] <bo> tea?\n" * 20)
    asked = ["--sentences", "300", "--corpus", str(log), "--show", "1"]
    monkeypatch.setattr(sys, "argv", ["redaction.py", *asked])
    script.main()
    lines = capsys.readouterr().out.splitlines()
    result = json.loads(lines[-1])
    assert result["sentences"] == 300
    assert result["corpus"]["messages"] == 40
    assert result["corpus"]["hits"] == {"ip": 20}
    assert result["messages_per_second"] > 0
    assert any("84.56.12.1" in line for line in lines)

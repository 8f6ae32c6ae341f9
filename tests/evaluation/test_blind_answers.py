"""Answers of friends: codes and files, whole, damaged, and of other tests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chatmimic.errors import BlindTestError
from chatmimic.evaluation.blind.answers import checksum, read_answers
from chatmimic.evaluation.blind.key import Key, key_path, read_key, write_key
from chatmimic.evaluation.blind.rounds import PAIR, WHOSE
from chatmimic.home import Home

ID = "0f3a9c2b71"


def code(letters: str, attempt: str = "5d2e90ab", id: str = ID, undone: int = 0) -> str:
    said = f"{id}-{attempt}-{letters}-{undone}"
    return f"{said}-{checksum(said):08x}"


def key(right: str = "abba", kind: str = PAIR, choices: int = 2) -> Key:
    return Key(ID, kind, ("ada",), choices, tuple("abcd".index(one) for one in right), 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)],  # from FNV's own test vectors
)
def test_the_checksum_is_fnv_1a(text: str, value: int) -> None:
    assert checksum(text) == value


def test_a_code_may_stand_anywhere_in_a_message() -> None:
    found = read_answers([f"here you are: {code('ab0a', undone=2).upper()}! fun"])
    assert [(a.who, a.letters, a.undone, a.answered) for a in found] == [("code 1", "ab0a", 2, 3)]
    score = found[0].score(key())
    assert (score.right, score.answered) == (3, 3)


def test_a_file_says_whose_it_is(tmp_path: Path) -> None:
    named, nameless, several = (tmp_path / f"{n}.json" for n in ("one", "two", "three"))
    named.write_text(json.dumps({"name": " Bob\n\x1b[2J ", "code": code("abba", "00000001")}))
    nameless.write_text(json.dumps({"name": "", "code": code("abbb", "00000002")}))
    several.write_text(f"{code('aaaa', '00000003')}\n{code('bbbb', '00000004')}\n")
    found = read_answers([str(named), str(nameless), str(several)])
    assert [a.who for a in found] == ["Bob \x1b[2J", "two", "three 1", "three 2"]
    assert [a.score(key()).right for a in found] == [4, 3, 2, 2]


def test_answers_that_came_twice_count_once() -> None:
    found = read_answers([code("ab00"), code("abb0"), code("ab00"), code("abba", "00000001")])
    assert [a.letters for a in found] == ["abb0", "abba"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (code("abba").replace("abba", "abbb"), "damaged"),
        (code("abba")[:-3], "damaged"),
        (code("abba").replace("-0-", "-\u0663-"), "damaged"),  # another script's digit
        ("nothing.json", "There is no file nothing.json"),
        ("", "There is no file"),
    ],
)
def test_what_is_no_code_is_refused(given: str, says: str) -> None:
    with pytest.raises(BlindTestError, match=says):
        read_answers([given])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "contains no answers"),
        (b"{}", "contains no answers"),
        (b"[" * 100_000, "contains no answers"),
        (b"\xff\xfe\x00", "contains no answers"),
        (json.dumps({"name": 3, "code": code("abba")[:30]}).encode(), "damaged"),
    ],
)
def test_what_are_no_answers_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(content)
    with pytest.raises(BlindTestError, match=says):
        read_answers([str(file)])


def test_answers_to_different_tests_are_not_mixed() -> None:
    with pytest.raises(BlindTestError, match="different tests"):
        read_answers([code("abba"), code("abba", "00000001", "ffffffffff")])


@pytest.mark.parametrize("letters", ["abb", "abbaa", "abca"])
def test_answers_have_to_fit_the_rounds(letters: str) -> None:
    with pytest.raises(BlindTestError, match="do not fit"):
        read_answers([code(letters)])[0].score(key())


def test_a_whose_test_has_more_choices() -> None:
    found = read_answers([code("dcb0")])[0]
    score = found.score(key("dcba", WHOSE, 4))
    assert (score.right, score.answered, score.chance) == (3, 3, 0.25)


def test_a_key_is_private_and_comes_back(home: Path) -> None:
    path = write_key(Home(home), key())
    assert path == key_path(Home(home), ID) == home / "turing" / f"{ID}.json"
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_key(Home(home), ID) == key()


def test_answers_to_a_test_from_elsewhere_are_foreign(home: Path) -> None:
    with pytest.raises(BlindTestError, match="was not exported from this home"):
        read_key(Home(home), ID)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9},
        {"right": []},
        {"right": [0, 2]},
        {"right": ["a"]},
        {"right": 3},
        {"choices": 1},
        {"choices": "2"},
        {"choices": 2.0},
        {"choices": True},
        {"mimics": "ada"},
        {"mimics": [["ada"]]},
        {"mimics": []},
        {"right": "0110"},
        {"right": {"0": 1}},
        {"seed": "x"},
        {"seed": 1e400},
        {"kind": "other"},
        {"id": "ffffffffff"},
        {"more": 1},
    ],
)
def test_a_damaged_key_is_named(home: Path, change: dict[str, object]) -> None:
    path = write_key(Home(home), key())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BlindTestError, match="is damaged"):
        read_key(Home(home), ID)
    path.write_text("[")
    with pytest.raises(BlindTestError, match="is damaged"):
        read_key(Home(home), ID)

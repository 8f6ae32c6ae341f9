"""A conversation goes on in the shape of its fragment, whatever client wrote that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatmimic.fragment import read_fragment
from chatmimic.records import Kind

# A fragment, the line that follows a minute later, and an action.
SHAPES = {
    "irssi": (
        "20:18 <@ada> hi\n20:19 < bob> yo\n20:20  * bob waves\n20:20 <@ada> tea?\n",
        "20:21 <@ada> so\n",
        "20:21  * bob waves\n",
    ),
    "a bouncer": (
        "[12:03:01] <ada> hi\n[12:04:09] <bob> yo\n",
        "[12:05:09] <ada> so\n",
        "[12:05:09] * bob waves\n",
    ),
    "dated IRC": (
        "2024-05-01 23:58:01 <ada> hi\n2024-05-01 23:59:30 <bob> yo\n",
        "2024-05-02 00:00:30 <ada> so\n",
        "2024-05-02 00:00:30 * bob waves\n",
    ),
    "an iPhone": (
        "[13.01.24, 12:03:01] ada: hi\n[13.01.24, 12:04:09] bob: yo\n",
        "[13.01.24, 12:05:09] ada: so\n",
        "[13.01.24, 12:05:09] bob: *waves*\n",
    ),
    "Android": (
        "1/13/24, 11:58 AM - ada: hi\n1/13/24, 11:59 AM - bob: yo\n",
        "1/13/24, 12:00 PM - ada: so\n",
        "1/13/24, 12:00 PM - bob: *waves*\n",
    ),
    "Discord, pasted": (
        "ada — 01/13/2024 9:58 AM\nhi\nbob — 01/13/2024 9:59 AM\nyo\n",
        "ada — 01/13/2024 10:00 AM\nso\n",
        "bob — 01/13/2024 10:00 AM\n_waves_\n",
    ),
    "names alone": ("ada: hi\nbob: yo\n", "ada: so\n", "bob: /me waves\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fragment_goes_on_in_its_shape(shape: str, tmp_path: Path) -> None:
    text, following, action = SHAPES[shape]
    (tmp_path / "chat.txt").write_text(text, encoding="utf-8")
    fragment = read_fragment(tmp_path / "chat.txt")
    assert {m.sender for m in fragment.messages} == {"ada", "bob"}
    assert fragment.lines is not None
    last = fragment.messages[-1]
    at = None if last.sent_at is None else last.sent_at + 60_000
    later = replace(last, sent_at=at)
    assert fragment.lines.written(replace(later, sender="ada", text="so")) == following
    waves = replace(later, sender="bob", text="waves", kind=Kind.ACTION)
    assert fragment.lines.written(waves) == action


def test_a_text_of_several_lines_is_several_lines_of_irc(tmp_path: Path) -> None:
    (tmp_path / "chat.log").write_text("[12:03] <ada> hi\n[12:04] <bob> yo\n")
    fragment = read_fragment(tmp_path / "chat.log")
    assert fragment.lines is not None
    hostile = replace(fragment.messages[-1], text="one\n[12:03] <bob> two")
    assert fragment.lines.written(hostile) == "[12:04] <bob> one\n[12:04] <bob> [12:03] <bob> two\n"


def test_a_fragment_of_json_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text(
        '{"sender": "ada", "text": "hi", "sent_at": 1600000000000}\n'
    )
    fragment = read_fragment(tmp_path / "chat.jsonl")
    assert (fragment.lines, fragment.senders) == (None, ("ada",))


def test_times_of_day_go_on_over_midnight(tmp_path: Path) -> None:
    (tmp_path / "chat.log").write_text("[23:59] <ada> hi\n[00:01] <bob> yo\n")
    day = 1_714_521_600_000  # 2024-05-01
    fragment = read_fragment(tmp_path / "chat.log", day + 5)
    minute = 60_000
    assert [m.sent_at for m in fragment.messages] == [
        day + 1439 * minute,
        day + 1441 * minute,
    ]

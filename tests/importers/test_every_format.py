"""A talk that has what real talk has is the same in every format it can be written in."""

from __future__ import annotations

from pathlib import Path

import pytest
from every_format import FORMATS, MINUTE, SECOND, first_difference, numbered

from chatmimic.records import Kind, Message

START = 1_714_521_600_000  # 1 May 2024, 00:00
LONG = "a line that goes on and on, " * 90

# (minutes and seconds since midnight, who, what)
SAID = [
    (600, 0, "ada", "morning"),
    (600, 1, "ada", "did you see https://example.org/a?b=c&d=%20e#f"),
    (600, 2, "ada", "?"),
    (600, 3, "grace", "yes :)"),
    (600, 3, "grace", "yes :)"),
    (600, 4, "bo|away", "\x02bold\x02 and \x0304red\x03, \x033,1both\x0f and \x1ditalic\x1d"),
    (600, 59, "ada", "ada: <grace> is what I am called there"),
    (601, 0, "grace", "[2:37 PM] bo: he said that"),
    (601, 1, "grace", "<bo> and this"),
    (601, 2, "grace", "* bo waves"),
    (601, 3, "ada", "grace: yes: like: that"),
    (601, 4, "ada", "2024-05-01 12:00:00\tbo\tand a line of a table"),
    (601, 5, "ada", "--- Day changed Thu May 02 2024"),
    (601, 6, "bo|away", "*** looks bad ***"),
    (602, 0, "ada", "привет, grüß Gott, こんにちは, שלום, 👩‍👩‍👧 👍🏽"),
    (602, 1, "ada", "naïve café, e\u0301 is not é"),
    (602, 2, "grace", "<!-- a comment -->"),
    (602, 3, "grace", "<!-- a comment -->"),
    (602, 4, "grace", "<!-- a comment -->"),
    (602, 5, "grace", '<bean id="x" class="y"/> &amp; &lt;b&gt; &nbsp;'),
    (602, 6, "bo|away", 'it\'s called "life", baby.'),
    (602, 7, "bo|away", "just joined the call."),
    (603, 0, "ada", "first\n\n\nfourth, after two empty lines"),
    (603, 1, "ada", "a list:\n- one\n- two\n\t- three\n> quoted\n```\nif x < 3:\n    pass\n```"),
    (603, 2, "grace", "C:\\new\\table \\x41 \\u0041 100% $HOME `ls` |pipe| {brace} ~tilde~"),
    (603, 3, "grace", "=SUM(A1:A3), \"quoted\", 'single'; semicolon"),
    (603, 4, "grace", '"'),
    (603, 5, "grace", ","),
    (603, 6, "grace", LONG.strip()),
    (604, 0, "bo", "back"),
    (604, 2, "bo", "0"),
    (604, 3, "ada", "@grace @everyone :smile: *bold* _it_ ~no~"),
    (1439, 59, "ada", "still up"),
    (1440, 0, "grace", "a new day"),
    (2 * 1440, 30, "grace", "and another"),
    (40 * 1440 + 720, 0, "Zoë_Müller", "after a long silence"),
]
RENAMED = Message("bo|away", "is now known as bo", START + 604 * MINUTE, Kind.SYSTEM)


def talk() -> list[Message]:
    said = [
        Message(who, text, START + minute * MINUTE + second * SECOND + number % 7)
        for number, (minute, second, who, text) in enumerate(SAID)
    ]
    place = next(n for n, m in enumerate(said) if m.sender == "bo")
    return numbered([*said[:place], RENAMED, *said[place:]])


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_talk_comes_out_of_every_format(name: str, tmp_path: Path) -> None:
    format_ = FORMATS[name]
    found, report = format_.back(tmp_path, talk())
    assert first_difference(format_.holds(talk()), found) == ""
    assert report.format == format_.title
    assert report.left_out["unparsed"] == 0

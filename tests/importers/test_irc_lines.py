"""One line of an IRC log at a time, as each client writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.irc.nicks import plain_nick
from chatmimic.importers.irc.paths import channel_of, day_of
from chatmimic.importers.irc.reader import parsed
from chatmimic.records import Kind


@pytest.mark.parametrize(
    ("raw", "kind", "nick", "text"),
    [
        ("[12:00] <ada> hi", Kind.TEXT, "ada", "hi"),
        ("[12:00] <ada> a <b> c > d", Kind.TEXT, "ada", "a <b> c > d"),
        ("[12:00] <ada>", Kind.TEXT, "ada", ""),
        ("[12:00]  * ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00:01] * ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00:01] * ada (a@b) has joined #c", Kind.SYSTEM, "", None),
        ("[12:00:01] * ada sets mode: +o grace", Kind.SYSTEM, "", None),
        ("12:00 * ada has left the stove on", Kind.ACTION, "ada", "has left the stove on"),
        ("12:00 * ada has quit smoking", Kind.ACTION, "ada", "has quit smoking"),
        ("12:00 * ada has left #c (bye)", Kind.SYSTEM, "", None),
        ("12:00 * ada has quit (bye)", Kind.SYSTEM, "", None),
        ("[12:00:01] *** Quits: ada (a@b) (Ping timeout)", Kind.SYSTEM, "", None),
        ("[12:00] -NickServ- hello", Kind.SYSTEM, "NickServ", "hello"),
        ("12:00 <@ada> hi", Kind.TEXT, "ada", "hi"),
        ("12:00 < ada> hi", Kind.TEXT, "ada", "hi"),
        ("12:00 -!- ada [a@b] has quit [a.net b.net]", Kind.SYSTEM, "", None),
        ("12:00:59 <[ada]|x`^{}> \\o/", Kind.TEXT, "[ada]|x`^{}", "\\o/"),
        ("2024-05-01T12:00:00  <ada> hi", Kind.TEXT, "ada", "hi"),
        ("2024-05-01T12:00:00.123456Z\t@ada\thi", Kind.TEXT, "ada", "hi"),
        ("[2024-05-01 12:00:00] <ada> hi", Kind.TEXT, "ada", "hi"),
        ("[12:00] Action: ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00] ada (a@b) joined #c.", Kind.SYSTEM, "", None),
        ("[12:00] <\x0304ada\x03> \x02bold\x02 \x0304,05red\x03 3", Kind.TEXT, "ada", "bold red 3"),
        ("=== ada [~a@b] has joined #c", Kind.SYSTEM, "", None),
        ("--- Day changed Sat Jul 02 2005", Kind.SYSTEM, "", None),
        ("just some prose", Kind.OTHER, "", None),
        ("[12:00] what is this", Kind.OTHER, "", None),
        ("", Kind.OTHER, "", None),
    ],
)
def test_lines(raw: str, kind: Kind, nick: str, text: str | None) -> None:
    line = parsed(raw)
    assert (line.kind, line.nick) == (kind, nick)
    if text is not None:
        assert line.text == text


@pytest.mark.parametrize(
    ("nick", "plain"),
    [("Ada", "ada"), ("ada_", "ada"), ("ada__", "ada"), ("ada|away", "ada"), ("ada-afk", "ada"),
     ("ada[home]", "ada"), ("[ada]", "[ada]"), ("_", "_"), ("a_", "a_"), ("jean-luc", "jean-luc")],
)  # fmt: skip
def test_nicks_without_their_state(nick: str, plain: str) -> None:
    assert plain_nick(nick) == plain


@pytest.mark.parametrize(
    ("path", "day", "channel"),
    [
        ("/logs/2004/07/05/#ubuntu.txt", "2004-07-05", "#ubuntu"),
        ("/logs/2004/07/05/%23ubuntu-devel.txt", "2004-07-05", "#ubuntu-devel"),
        ("/znc/libera/#engines/2024-01-31.log", "2024-01-31", "#engines"),
        ("/irc/irc.libera.#x.weechatlog", None, "#x"),
        ("/eggdrop/engines.log.05Jul2004", "2004-07-05", "engines"),
        ("/eggdrop/#c.log.20040705", "2004-07-05", "#c"),
        ("/irclogs/OFTC/grace.log", None, "grace"),
        ("/c++/##c++-20240131.log.gz", "2024-01-31", "##c++"),
        ("/original-logs/2012-01-06.log", "2012-01-06", "original-logs"),
    ],
)
def test_day_and_channel_from_the_path(path: str, day: str | None, channel: str) -> None:
    found = day_of(path)
    assert (found and found.isoformat()) == day
    assert channel_of(path) == channel


def times(path: Path, log: str, tz: str | None = None) -> list[str]:
    path.write_text(log)
    messages = read_exports(path, ImportOptions(tz=tz), ImportReport())
    return [
        datetime.fromtimestamp(m.sent_at / 1000, UTC).strftime("%d %H:%M") if m.sent_at else "-"
        for m in messages
        if m.kind is Kind.TEXT
    ]


def said(*clocks: str) -> str:
    return "".join(f"{clock} <ada> hi\n" for clock in clocks)


def test_midnight(tmp_path: Path) -> None:
    opened = "--- Log opened Sat Jul 02 20:00:00 2005\n"
    path = tmp_path / "#a.log"
    assert times(path, opened + said("23:59", "00:00", "23:00", "22:59")) == [
        "02 23:59", "03 00:00", "03 23:00", "03 22:59",
    ]  # fmt: skip
    assert times(path, opened + said("23:59", "09:00", "08:00")) == [
        "02 23:59",
        "03 09:00",
        "04 08:00",
    ]
    daily = tmp_path / "#a-2005-07-02.log"
    assert times(daily, said("09:00", "08:00", "23:59", "00:01")) == [
        "02 09:00", "02 08:00", "02 23:59", "03 00:01",
    ]  # fmt: skip


def test_the_clock_set_back_is_no_midnight(tmp_path: Path) -> None:
    opened = "--- Log opened Sun Oct 29 00:00:00 2023\n"
    log = opened + said("02:30", "02:50", "02:10", "03:10")
    assert times(tmp_path / "#a.log", log, "Europe/Berlin") == [
        "29 00:30", "29 00:50", "29 01:10", "29 02:10",
    ]  # fmt: skip


def test_a_log_without_a_date_is_kept_without_times_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "#a.log"
    assert times(path, said("12:00", "12:01")) == ["-", "-"]
    report = ImportReport()
    list(read_exports(path, ImportOptions(), report))
    assert any("no date" in note for note in report.notes)


def test_lines_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "#a-2024-05-01.log"
    path.write_bytes(
        b"\xef\xbb\xbf[12:00] <ada> caf\xe9 \x80\x81\r\n"
        b"[12:01] <ada> cut \xf0\x9f\x98\n"
        b"[12:02] <ada> one\xe2\x80\xa8line\x0b\x1c still\n"
    )
    report = ImportReport()
    texts = [m.text for m in read_exports(path, ImportOptions(), report)]
    assert texts == ["café €\ufffd", "cut ", "one\u2028line still"]
    assert report.repairs == {"not UTF-8": 1, "cut character": 1, "control characters": 1}


def test_people_who_change_names_are_pointed_out(tmp_path: Path) -> None:
    rename = "[12:00] *** ada is now known as grace\n[12:01] *** grace is now known as ada\n"
    log = "[11:00] <ada> hi\n[11:01] <grace> ho\n" + rename
    path = tmp_path / "#a-2024-05-01.log"
    path.write_text(log)
    report = ImportReport()
    list(read_exports(path, ImportOptions(), report))
    assert any("chatmimic people merge ada grace" in note for note in report.notes)

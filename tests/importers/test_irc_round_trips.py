"""Any talk, logged as each client logs it, is read back word for word."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from irc_exports import CLIENTS, Said, starred, with_days

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.irc.dialects import DIALECTS, Dialect
from chatmimic.importers.irc.events import STARRED_ADDRESS, STARRED_EVENT
from chatmimic.importers.irc.reader import LineReader
from chatmimic.records import Kind

QUIET = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
LETTERS = st.sampled_from("abcxyzABC0189")
SIGNS = st.sampled_from("abcXYZ0189[]\\`_^{}|-")  # of nicks, as the protocol has it
NICKS = st.tuples(LETTERS.filter(str.isalpha), st.text(SIGNS, max_size=8)).map("".join)
PIECES = st.sampled_from(
    ["> ", "<ada> ", "* ", "*** ", " is now known as ", "[12:00] ", ": ", "\t", "joined #c", "->",
     "-!- ", "has quit (x)", "&amp;", "</td>", "é", "\u2028", "2024-05-01", "://", "?", "(a@b)"]
)  # fmt: skip
WORDS = st.lists(PIECES | st.text("abc é☎", min_size=1, max_size=6), min_size=1, max_size=5)
TEXTS = WORDS.map("".join).filter(lambda text: text.strip() == text != "")


@st.composite
def talks(draw: st.DrawFn) -> list[Said]:
    nicks = draw(st.lists(NICKS, min_size=1, max_size=3, unique=True))
    at = draw(st.datetimes(datetime(2013, 1, 1), datetime(2023, 1, 1)))
    at = at.replace(second=0, microsecond=0)
    said: list[Said] = [(at, nicks[0], "to begin with", False)]
    for _ in range(draw(st.integers(1, 8))):
        at += timedelta(minutes=draw(st.integers(0, 11 * 60)))
        nick, text = draw(st.sampled_from(nicks)), draw(TEXTS)
        acted = draw(st.booleans()) and not STARRED_ADDRESS.match(f"* {nick} {text}")
        said.append((at, nick, text, acted))
    return said


def read_back(path: Path, text: str) -> list[Said]:
    path.write_bytes(text.encode())
    report = ImportReport()
    messages = list(read_exports(path, ImportOptions(tz="UTC"), report))
    assert report.format == "IRC log"
    return [
        (datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).replace(tzinfo=None, second=0,
         microsecond=0), m.sender, m.text, m.kind is Kind.ACTION)
        for m in messages
        if m.kind is not Kind.SYSTEM
    ]  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
@given(talk=talks(), end=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"]))
@QUIET
def test_text(client: str, talk: list[Said], end: str, mark: str, tmp_path: Path) -> None:
    rows = CLIENTS[client](talk)
    text = mark + "".join(f"{row}\n" for row in rows).replace("\n", end)
    assert read_back(tmp_path / "#c.log", text) == talk


# Stamps of every shape; where they name no day, a line above each day does.
CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S%p", "%H:%M:%S.123"]
DATED = ["%Y-%m-%d {}", "%Y-%m-%dT{}", "%Y/%m/%d {}", "%Y.%m.%d {}"]
WHOLE = [
    *(date.format(clock) for date in DATED for clock in CLOCKS),
    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S +0000",
]  # fmt: skip
BRACKETED = [f"[{stamp}]" for stamp in (*WHOLE, "%d-%b-%Y %H:%M:%S")] + [
    "[%a %b %d %Y] [%H:%M:%S]",
    "(%Y-%m-%d %H:%M:%S)",
]
STAMPS = [*WHOLE, *BRACKETED]
DAILY = [*CLOCKS, *(f"[{clock}]" for clock in CLOCKS), *(f"({clock})" for clock in CLOCKS)]
DATE_FORMATS = [("<{}> {}", "* {} {}"), ("<@{}> {}", "* {} {}"), ("< {}> {}", " * {} {}")]


@given(
    talk=talks(),
    stamp=st.sampled_from([*STAMPS, *DAILY, "%b %d %H:%M:%S", "[%d %b %H:%M]"]),
    gap=st.sampled_from([" ", "  ", "   ", "\t"]),
    shape=st.sampled_from(DATE_FORMATS),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(QUIET, max_examples=60)
def test_a_talk_with_any_stamp(
    talk: list[Said], stamp: str, gap: str, shape: tuple[str, str], end: str, tmp_path: Path
) -> None:
    first = f"--- Log opened %a %b %d %H:%M:%S %Y\n{stamp}{gap}*** x (x@example.org) has joined #c"
    day = "" if "%d" in stamp else "--- Day changed %a %b %d %Y"
    rows = with_days(day, first, starred(stamp + gap, *shape))(talk)
    text = "".join(f"{row}\n" for row in rows).replace("\n", end)
    assert read_back(tmp_path / "#c.log", text) == talk


def pircbot(at: datetime, nick: str, text: str, acted: bool) -> str:
    line = html.escape(f"* {nick} {text}" if acted else f"<{nick}> {text}", quote=False)
    stamp = f"[{at.hour}:{at:%M}]"
    return f'<span class="irc-date">{stamp}</span> <span class="irc-black">{line}</span><br />'


def table(at: datetime, nick: str, text: str, acted: bool) -> str:
    link = f'<td class="time"><a href="#t{at:%H:%M}" class="time">{at:%H:%M}</a></td></tr>'
    if acted:
        line = html.escape(f"* {nick} {text}")
        return f'<tr id="t{at:%H:%M}"><td class="action" colspan="2">{line}</td>{link}'
    cells = f'<th class="nick" style="x">{html.escape(nick)}</th>'
    return f'<tr id="t{at:%H:%M}">{cells}<td class="text" style="x">{html.escape(text)}</td>{link}'


def paragraph(at: datetime, nick: str, text: str, acted: bool) -> str:
    line = html.escape(f"* {nick} {text}")
    if not acted:
        line = f'<span class="nick">{html.escape(f"<{nick}>")}</span> '
        line += f'<span class="text">{html.escape(text)}</span>'
    return f'<p id="t{at:%H:%M}" class="x"><a href="#x" class="time">{at:%H:%M}</a> {line}</p>'


@pytest.mark.parametrize("row", [pircbot, table, paragraph])
@given(talk=talks())
@QUIET
def test_pages(
    row: Callable[[datetime, str, str, bool], str], talk: list[Said], tmp_path: Path
) -> None:
    day = talk[0][0].replace(hour=0, minute=0)
    talk = [
        (
            day + timedelta(minutes=n),
            nick,
            text,
            acted and STARRED_EVENT.match(f"* {nick} {text}") is None,
        )
        for n, (_, nick, text, acted) in enumerate(talk)
    ]  # PircBot's events and actions share a star
    path = tmp_path / f"#c-{day:%Y-%m-%d}.html"
    found = read_back(path, "<html><body>\n" + "\n".join(row(*said) for said in talk) + "\n")
    assert found == talk


LINES = st.lists(
    st.sampled_from(
        ["[12:00] ", "[12:01] ", "[12:00:05] ", "12:00 ", "12:00:05 ", "2024-05-01 10:00:00\t",
         "2024-05-01T10:00:00  ", "Dec 31 23:59:00 ", "(04:22:11 PM) ", "<ada> ", "<@ada> ",
         "< ada> ", "<ada>\t", "ada\t", "ada: ", "* ", "ada ", " *\t", "=== ", "*** ", "-->\t",
         "<-- ", "-ada- ", "> ", "hi", "é", "\t", " ", "\x0304", "\x02", "is now known as bo",
         "Action: ada waves", "joined #c", "<", ">", "--- Log", "", "has quit (x)", "\u200b"]
    ),
    max_size=5,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(rows=st.lists(LINES, min_size=1, max_size=12), coded=st.booleans())
@QUIET
def test_what_is_cut_up_is_what_the_patterns_find(
    dialect: Dialect, rows: list[str], coded: bool
) -> None:
    # The same lines twice, so that stamps and nicks are known the second time.
    reader = LineReader(dialect)
    reader.coded = coded or any(c in row for row in rows for c in "\x02\x03")
    slow = LineReader(dialect)
    assert [tuple(line) for line in reader.lines(rows * 2)] == [
        tuple(slow.read(row)) for row in rows * 2
    ]

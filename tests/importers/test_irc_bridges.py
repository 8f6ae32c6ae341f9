"""Bridges in IRC logs: who speaks behind them, and who only quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message


def read(path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC"), report)), report


def logged(tmp_path: Path, rows: Sequence[str]) -> tuple[list[Message], ImportReport]:
    path = tmp_path / "#tea-2024-05-01.log"
    path.write_text("".join(f"[12:{n // 60:02}:{n % 60:02}] {row}\n" for n, row in enumerate(rows)))
    return read(path)


def said(tmp_path: Path, rows: Sequence[str]) -> list[tuple[str, str]]:
    messages, _ = logged(tmp_path, rows)
    return [(message.sender, message.text) for message in messages]


NAMES = ("Tove", "Nils", "Ada L", "Ingrid")
BRIDGED = ["<+bridge> <Ada L> hi", "<+bridge> <Bo> ho", "<+bridge> [Cy] he"]


@pytest.mark.parametrize(
    "layers",
    ["<{}> ", "<@{}> ", "[{}] ", "[discord] <{}> ", "[ddnet] <{}> ", "(matrix) <{}> ", "**<{}>** ",
     "[irc] [#tea] <{}> ", "[libera/tea] **<{}>** ", "<discord> <{}> ", "<(telegram){}> ",
     "<discord/{}> ", "[irc] <discord> <{}> ", "<{}>: ", "[{}]: ", "[discord] @{}: ",
     "(telegram) {}: ", "[matrix] {}: ", "<{}@discord> ", "<{} [matrix]> ", "<{}> [discord] "],
)  # fmt: skip
@pytest.mark.parametrize("nick", ["bridge", "+ws", "@relay_", " zulu"])
def test_behind_a_bridge_the_innermost_name_speaks(nick: str, layers: str, tmp_path: Path) -> None:
    rows = [f"<{nick}> {layers.format(name)}{n}" for n in range(5) for name in NAMES]
    found = said(tmp_path, [*rows, "<mira> hello"])
    assert Counter(sender for sender, _ in found) == dict.fromkeys(NAMES, 5) | {"mira": 1}
    assert {text for _, text in found} == {"0", "1", "2", "3", "4", "hello"}


@pytest.mark.parametrize(
    "rows",
    [["<+ws> [ddnet] <Tove> hi", "<+ws> [ddnet] <Tove> ho"], ["< x> [discord] <Tove> hi"],
     ["<relay> <Tove> hi"], ["<relay> [ddnet] <Tove> hi", "<mira> ho"],
     ["<ws> **<Tove>** hi", "<ws> **<Nils>** ho"]],
)  # fmt: skip
def test_few_names_are_enough_where_a_bridge_says_what_it_is(
    rows: list[str], tmp_path: Path
) -> None:
    assert {sender for sender, _ in said(tmp_path, rows)} <= {"Tove", "Nils", "mira"}


@pytest.mark.parametrize(
    ("row", "sender", "kind", "text"),
    [
        ("<relay> [irc] *** Bo has quit", "", Kind.SYSTEM, "[irc] *** Bo has quit"),
        ("<relay> [discord] * Tove waves", "Tove", Kind.ACTION, "waves"),
        ("<relay> [discord] * Ada L waves", "Ada L", Kind.ACTION, "waves"),
        ("<relay> * Nils waves", "Nils", Kind.ACTION, "waves"),
        ("<relay> Action: Nils waves", "Nils", Kind.ACTION, "waves"),
        ("<relay> Action: somebody waves", "relay", Kind.TEXT, "Action: somebody waves"),
        ("* relay [discord] <Tove> waves", "Tove", Kind.ACTION, "waves"),
        ("<relay> [discord] <Tove>", "Tove", Kind.OTHER, ""),
        ("<relay> [discord] <Tove>   if x:", "Tove", Kind.TEXT, "  if x:"),
        ("<relay> [discord] <To\u200bve> hi", "Tove", Kind.TEXT, "hi"),
        ("<relay> [discord] <Tove> <Nils> I agree", "Tove", Kind.TEXT, "<Nils> I agree"),
        ("<relay> [discord] <Tove> [edited] hi", "Tove", Kind.TEXT, "[edited] hi"),
        ("<relay> <https://a.org/> page", "relay", Kind.TEXT, "<https://a.org/> page"),
        ("<relay> [discord] <https://example.org> a", "relay", Kind.TEXT,
         "[discord] <https://example.org> a"),
        ("<relay> [discord] <system> ivan joins", "", Kind.SYSTEM, "ivan joins"),
        ("<relay> [discord] Tove has joined", "", Kind.SYSTEM, "[discord] Tove has joined"),
        ("<relay> back again", "relay", Kind.TEXT, "back again"),
        ("<relay> [discord] * Tove has joined", "", Kind.SYSTEM, "[discord] * Tove has joined"),
        ("<relay> [discord] * Tove joined us", "Tove", Kind.ACTION, "joined us"),
        ("<relay> [discord] *Tove* waves", "Tove", Kind.ACTION, "waves"),
        ("<relay> [discord] @Tove: hi", "Tove", Kind.TEXT, "hi"),
        ("<relay> [discord] we are back", "relay", Kind.TEXT, "[discord] we are back"),
        ("<relay> [discord] what he said just now: no", "relay", Kind.TEXT,
         "[discord] what he said just now: no"),
    ],
)  # fmt: skip
def test_other_lines_of_a_bridge(
    row: str, sender: str, kind: Kind, text: str, tmp_path: Path
) -> None:
    rows = [f"<relay> [discord] <{name}> hi" for name in NAMES] * 4
    messages, report = logged(tmp_path, [*rows, row])
    last = messages[-1]
    assert (last.sender, last.kind, last.text) == (sender, kind, text)
    assert last.is_bot == (sender == "relay")
    assert report.left_out["empty"] == (not text)


@pytest.mark.parametrize(
    "rows",
    [
        ["<mira> <Ada L> hi", "<mira> <Bo> ho"],  # two names may be a quotation
        [*BRIDGED, *["<bridge> words of my own"] * 5],
        [f"<github> [engine{n}] ada pushed a commit" for n in range(5)],
        ["<ada> <Bo> hi", "<grace> <Cy> hi", "<ivan> <Di> hi"],
        ["<mira> see what they said:", "<mira> <Bo> a", "<mira> <Cy> b", "<mira> <Di> c"],
        ["<bo> a", "<cy> b", "<di> c", "<mira> <bo> a", "<mira> <cy> b", "<mira> <di> c"],
        ["<mira> [1] https://a.org", "<mira> [2] https://b.org", "<mira> [3] https://c.org"],
        ["<mira> [todo] tea", "<mira> [done] cups", "<mira> [wip] cake"],
        ["<mira> [discord] is down: again"],
        ["<mira> [matrix] version: 1", "<mira> [irc] bo: no", "<bo> [irc] yes: I do"],
        ["<mira> [12:00] <bo> a", "<mira> [12:01] <cy> b", "<mira> [12:02] <di> c"],
        ["<mira> <https://a.org> x", "<mira> <https://b.org> y", "<mira> <http://c.org> z"],
        ["<mira> <b> x", "<mira> <i> y", "<mira> <br/> z", '<mira> <a href="x"> z'],
        ["<mira> hi"] * 30 + [f"<mira> <{name}> quoted" for name in NAMES] * 5,
    ],
)  # fmt: skip
def test_who_quotes_is_no_bridge(rows: list[str], tmp_path: Path) -> None:
    outer = Counter(row[1 : row.index(">")].lstrip("+") for row in rows)
    assert Counter(sender for sender, _ in said(tmp_path, rows)) == outer


def test_bridges_behind_a_bridge_pass_on_words_and_actions(tmp_path: Path) -> None:
    rows = [
        "<br1> <br2> [discord] <Tove> one", "<br1> <br2> [discord] <Nils> two",
        "<br1> <Ingrid> three", "<br1> <br2> <Ulla> four", "<br1> <Sven> five",
        "<br1> <br2> [discord] * Tove waves", "<mira> six",
    ]  # fmt: skip
    messages, _ = logged(tmp_path, rows)
    assert [(m.sender, m.text) for m in messages] == [
        ("Tove", "one"), ("Nils", "two"), ("Ingrid", "three"), ("Ulla", "four"), ("Sven", "five"),
        ("Tove", "waves"), ("mira", "six"),
    ]  # fmt: skip
    assert messages[5].kind is Kind.ACTION


@pytest.mark.parametrize("row", ["{}\t{}", "<{}> {}"])
def test_a_bridge_in_bold_is_known_in_logs_of_every_client(row: str, tmp_path: Path) -> None:
    passed = ["**<br>** [discord] <Tove> one", "**<br>** [discord] <Nils> two",
              "**<br>** [discord] <Ada L> three", "**<Ulla>** four"]  # fmt: skip
    rows = [row.format("ws", one) for one in passed] + [row.format("mira", "five")]
    (tmp_path / "#tea.log").write_text(
        "".join(f"2024-05-01 12:00:0{n}\t{one}\n" for n, one in enumerate(rows))
    )
    messages, _ = read(tmp_path / "#tea.log")
    assert [m.sender for m in messages] == ["Tove", "Nils", "Ada L", "Ulla", "mira"]


def test_people_behind_a_bridge_may_speak_of_a_network(tmp_path: Path) -> None:
    rows = [f"<rel> <{name}> hi" for name in NAMES for _ in range(3)]
    found = said(tmp_path, [*rows, "<rel> <Nils> [matrix] is down", "<rel> <Tove> (irc) too"])
    assert found[-2:] == [("Nils", "[matrix] is down"), ("Tove", "(irc) too")]


def test_a_bridge_is_known_from_all_logs_together(tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        (tmp_path / f"#tea{number}-2024-05-01.log").write_text(f"[12:00] <zulu_> <{name}> hi\n")
    messages, report = read(tmp_path)
    assert [message.sender for message in messages] == list(NAMES)
    assert report.notes[-1:] == [
        '"zulu_" is read as a bridge: 4 of its 4 messages are those of the 4 people it names.'
    ]


def test_in_a_channel_where_it_says_its_own_a_bridge_is_a_person(tmp_path: Path) -> None:
    rows = [f"[12:00] <zulu> <{name}> hi\n" for name in NAMES] * 20
    (tmp_path / "#tea-2024-05-01.log").write_text("".join(rows))
    (tmp_path / "#own-2024-05-01.log").write_text("[12:00] <zulu> hi\n" * 20)
    messages, _ = read(tmp_path)
    assert {m.sender for m in messages if m.thread == "#tea"} == set(NAMES)
    assert {(m.sender, m.is_bot) for m in messages if m.thread == "#own"} == {("zulu", False)}

"""Tables: which column is what, by name, by option and by sight."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.errors import ExportError, UnknownFormat
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message


def read(
    path: Path, columns: dict[str, str] | None = None, tz: str | None = None
) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz=tz, columns=columns), report)), report


@pytest.mark.parametrize(
    "header",
    [
        "time,sender,text", "Timestamp,Author,Message", "date,from,body", "sent_at,speaker,content",
        "DateTime,User Name,msg", "created_at,nick,utterance", "TIME,NAME,TEXT", "ts,user,message",
        '"AuthorID","Author","Date","Content","Attachments","Reactions"',
    ],
)  # fmt: skip
def test_common_names_are_known(header: str, tmp_path: Path) -> None:
    cells = {"AuthorID": "1", "Author": "Ada", "Date": "2024-05-01T10:00:00Z", "Content": "hi"}
    row = "2024-05-01T10:00:00Z,Ada,hi"
    if "AuthorID" in header:
        row = ",".join(f'"{v}"' for v in [*cells.values(), "", ""])
    path = tmp_path / "t.csv"
    path.write_text(f"\ufeff{header}\r\n{row}\r\n", encoding="utf-8", newline="")
    [message], report = read(path)
    assert (message.sender, message.text, message.sent_at) == ("Ada", "hi", 1714557600000)
    assert message.thread == "t"
    assert report.kept == 1


def test_columns_by_name_and_by_number(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\nAda,hi,2024-05-01 10:00\n")
    for columns in (
        {"sender": "a", "text": "b", "time": "c"},
        {"sender": "1", "text": "2", "time": "3"},
    ):
        messages, _ = read(path, columns)
        assert messages[-1].sender == "Ada"
        assert messages[-1].sent_at == 1714557600000
    assert len(read(path, {"sender": "a", "text": "b"})[0]) == 1


def test_columns_name_what_the_header_leaves_open(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time,author,what,room\n2024-05-01 10:00,Ada,hi,x\n")
    [message], _ = read(path, {"text": "what"})
    assert (message.sender, message.text, message.thread) == ("Ada", "hi", "x")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"sender": "nick", "text": "b"}, 't.csv has no column "nick"; it has "a", "b"'),
        ({"sender": "a"}, "sender and text columns of t.csv are unknown"),
        ({"speaker": "a", "text": "b"}, 'knows no "speaker"'),
    ],
)
def test_wrong_columns_are_one_sentence(
    columns: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\nAda,hi\n")
    with pytest.raises(ExportError, match=sentence):
        read(path, columns)


def test_json_columns_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"who": {"name": "Ada"}, "said": "hi", "at": 1714557600}\n')
    [message], _ = read(path, {"sender": "who", "text": "said", "time": "at"})
    assert (message.sender, message.text, message.sent_at) == ("Ada", "hi", 1714557600000)
    with pytest.raises(ExportError, match='no column "nick"; it has "who", "said", "at"'):
        read(path, {"sender": "nick", "text": "said"})


@pytest.mark.parametrize(
    "row",
    ["room\tx\tAda\thi", "room\t10:00\tAda\thi", "a\tb\tc", "2024-05-01\t2024-05-01\tAda\thi"],
)
def test_a_table_without_a_header_is_not_guessed(row: str, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(f"{row}\n" * 5)
    with pytest.raises(UnknownFormat, match="--columns reads any table"):
        read(path)


def test_without_a_header_numbers_say_which_is_which(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("room\t\tAda\thi\tyou\nroom\t\tGrace\tho\tho\n")
    messages, _ = read(path, {"thread": "1", "time": "2", "sender": "3", "text": "4"})
    assert [(m.thread, m.sender, m.text, m.sent_at) for m in messages] == [
        ("room", "Ada", "hi", None), ("room", "Grace", "ho", None),
    ]  # fmt: skip


def test_days_named_by_their_date_are_one_thread(tmp_path: Path) -> None:
    path = tmp_path / "engines.tsv"
    path.write_text("2024-05-01.log\t23:59\tada\ta\n2024-05-02.log\t00:01\tgrace\tb\n")
    messages, _ = read(path, tz="Europe/Berlin")
    times = [datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).isoformat() for m in messages]
    assert times == ["2024-05-01T21:59:00+00:00", "2024-05-01T22:01:00+00:00"]
    assert {m.thread for m in messages} == {"engines"}


def test_quotes_of_people_and_quotes_of_writers(tmp_path: Path) -> None:
    people, writer = tmp_path / "people.tsv", tmp_path / "writer.tsv"
    people.write_text('sender\ttext\nada\t"so they say"\ngrace\tan "engine"\n')
    assert [m.text for m in read(people)[0]] == ['"so they say"', 'an "engine"']
    writer.write_text('sender\ttext\nada\t"an ""engine"" here"\ngrace\tplain\n')
    assert [m.text for m in read(writer)[0]] == ['an "engine" here', "plain"]


def test_kinds_ids_and_replies(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "message_id,reply_to,kind,sender,text\n7,,action,ada,waves\n8,7,system,,joined\n"
    )
    action, system = read(path)[0]
    assert (action.kind, action.message_id) == (Kind.ACTION, "7")
    assert (system.kind, system.reply_to) == (Kind.SYSTEM, "7")


def test_rows_that_do_not_fit_are_counted_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sender,text\nada,one,two\nada\n,nobody\nada,fine\nada,trailing,\n")
    messages, report = read(path)
    assert [m.text for m in messages if m.kind is Kind.TEXT] == ["fine", "trailing"]
    assert report.left_out == {"unparsed": 2, "no sender": 1}


def test_a_line_of_json_that_is_none_stops_unless_allowed(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"sender":"ada","text":"hi"}\n{"sender":"ada","te')
    with pytest.raises(ExportError, match="line 2 is not JSON"):
        read(path)
    report = ImportReport()
    options = ImportOptions(allow_truncated=True)
    assert len(list(read_exports(path, options, report))) == 1
    assert report.left_out == {"unparsed": 1}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (['Ada,"open', "Bo,b", "Ada,c"], [("Ada", '"open'), ("Bo", "b"), ("Ada", "c")]),
        (['Ada,"a" she said', 'Bo,"b', 'Ada,"c" d'], None),
        (['Ada,"open', "Bo,b", 'Ada,"x""y"'], [("Ada", '"open'), ("Bo", "b"), ("Ada", 'x"y')]),
        (['Ada,"open', 'Bo,"b', 'c"', "Ada,d"], [("Ada", '"open'), ("Bo", "b\nc"), ("Ada", "d")]),
        (['Ada,"a', "2024-05-01 10:00,c,d", 'e"'], [("Ada", "a\n2024-05-01 10:00,c,d\ne")]),
        (['Ada,"open', 'Bo,"b"'], [("Ada", '"open'), ("Bo", "b")]),
        (['"Cy","open', 'Bo,"b"'], [("Cy", '"open'), ("Bo", "b")]),
        (['Ada,"cut', "off"], [("Ada", "cut\noff\n")]),
    ],
)  # fmt: skip
def test_a_quotation_mark_of_somebody_takes_in_no_rows(
    rows: list[str], said: list[tuple[str, str]] | None, tmp_path: Path
) -> None:
    path = tmp_path / "chat.csv"
    stamped = [
        f"2024-05-01 12:00,{row}" if row[:3] in ("Ada", "Bo,", '"Cy') else row for row in rows
    ]
    path.write_text("time,sender,text\n" + "\n".join(stamped) + "\n")
    messages, report = read(path, tz="UTC")
    told = any("first: chat.csv:3" in note for note in report.notes)
    assert told == ("2024" in messages[0].text)
    if said is None:
        assert [m.sender for m in messages] == ["Ada", "Bo", "Ada"]
    else:
        assert [(m.sender, m.text) for m in messages] == said

"""Text that is not UTF-8: which encoding is chosen, what is said of it, and what stays as it is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from old_encodings import CHATS

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.encodings.choosing import Encodings
from chatmimic.importers.encodings.guessing import guessed
from chatmimic.importers.encodings.stream import TextStream
from chatmimic.importers.parsing.text_lines import decoded
from chatmimic.importers.streams import Member, Opened
from chatmimic.records import Message

OLD = [(language, codec) for language, (codecs, _) in CHATS.items() for codec in codecs]
SHORTEST = {"Lithuanian", "Romanian", "Italian", "English"}  # with few letters beyond ASCII


def read(path: Path, **options: object) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    options.setdefault("tz", "UTC")
    return list(read_exports(path, ImportOptions(**options), report)), report  # type: ignore[arg-type]


def said(language: str) -> list[tuple[str, str]]:
    rows = [line.split(": ", 1) for line in CHATS[language][1]]
    return [(name, text) for name, text in rows]


def whatsapp(language: str) -> str:
    rows = enumerate(said(language))
    return "".join(f"[2024-05-01, 12:0{n}:00] {name}: {text}\n" for n, (name, text) in rows)


def csv(language: str) -> str:
    return "time,sender,text\n" + "".join(
        f'2024-05-01 12:0{n},{name},"{text}"\n' for n, (name, text) in enumerate(said(language))
    )


def irc(language: str) -> str:
    rows = enumerate(said(language))
    return "".join(f"[12:0{n}] <{name}> {text}\n" for n, (name, text) in rows)


def as_json(language: str) -> str:
    rows = [{"sender": name, "text": text} for name, text in said(language)]
    return json.dumps(rows, ensure_ascii=False)


WRITERS = {
    "_chat.txt": whatsapp,
    "chat.csv": csv,
    "#tea-2024-05-01.log": irc,
    "chat.json": as_json,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(("language", "codec"), OLD, ids=[f"{x}-{y}" for x, y in OLD])
def test_a_whole_chat_in_an_old_encoding(
    language: str, codec: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(WRITERS[name](language).encode(codec, "replace"))
    messages, report = read(tmp_path / name)
    expected = [
        (sender.encode(codec, "replace").decode(codec), text.encode(codec, "replace").decode(codec))
        for sender, text in said(language)
    ]
    assert [(m.sender, m.text) for m in messages] == expected
    notes = [note for note in report.notes if f"{name} is not UTF-8 and was read as " in note]
    assert len(notes) == 1
    assert "--encoding" in notes[0]


def test_short_chats_are_right_or_said_to_be_guessed() -> None:
    right = tried = 0
    for language, codec in OLD:
        lines = CHATS[language][1]
        for start in range(len(lines) - 1):
            pieces = [line.encode(codec, "replace") for line in lines[start : start + 2]]
            pieces = [piece for piece in pieces if not piece.isascii()]
            if not pieces:
                continue
            guess = guessed(pieces)
            is_right = all(p.decode(guess.codec, "replace") == p.decode(codec) for p in pieces)
            assert is_right or not guess.sure, (language, codec, start, guess)
            assert is_right or language in SHORTEST, (language, codec, start, guess)
            right, tried = right + is_right, tried + 1
    assert tried > 200
    assert right >= 0.97 * tried


@pytest.mark.parametrize("codec", ["iso2022_jp", "iso2022_jp_ext"])
@pytest.mark.parametrize("name", WRITERS)
def test_japanese_in_seven_bits(name: str, codec: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(WRITERS[name]("Japanese").encode(codec))
    messages, report = read(tmp_path / name)
    assert [(m.sender, m.text) for m in messages] == said("Japanese")
    assert any("as ISO-2022-JP, in which they are Japanese" in note for note in report.notes)


def test_what_a_note_says(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"#tea-2024-05-0{day}.log").write_bytes(irc("Russian").encode("koi8_r"))
    notes = [note for note in read(folder)[1].notes if "UTF-8" in note]
    assert notes == [
        "5 files (#tea-2024-05-01.log, #tea-2024-05-02.log, #tea-2024-05-03.log, …) are not "
        "UTF-8 and were read as KOI8-R, in which they are Cyrillic; use --encoding NAME to "
        "override this."
    ]
    path = tmp_path / "chat.csv"
    path.write_bytes(b"sender,text\nAda,caf\xe9\n")
    notes = [note for note in read(path)[1].notes if "UTF-8" in note]
    assert notes == [
        "chat.csv is not UTF-8 and was read as Windows-1252, which fits the letters best; use "
        "--encoding NAME to override this."
    ]
    path.write_bytes(b"sender,text\nAda,\xf7\xe0\xe9\n")
    notes = [note for note in read(path)[1].notes if "UTF-8" in note]
    assert notes[0].startswith("chat.csv is not UTF-8 and was read as Windows-125")
    assert ", which is a guess. If letters are wrong, give the encoding, e.g. --enc" in notes[0]


def test_files_of_one_folder_in_encodings_of_their_own(tmp_path: Path) -> None:
    files = {
        "#a-2024-05-01.log": ("Russian", "cp1251"), "#b-2024-05-01.log": ("Russian", "koi8_r"),
        "#c-2024-05-01.log": ("Japanese", "cp932"), "#d-2024-05-01.log": ("Korean", "cp949"),
        "#e-2024-05-01.log": ("Japanese", "iso2022_jp"), "#f-2024-05-01.log": ("Chinese", "utf-8"),
        "#g-2024-05-01.log": ("Chinese", "gb18030"), "#h-2024-05-01.log": ("German", "cp1252"),
        "#i-2024-05-01.log": ("Thai", "utf-16"),
    }  # fmt: skip
    for name, (language, codec) in files.items():
        (tmp_path / name).write_bytes(irc(language).encode(codec))
    messages, report = read(tmp_path)
    for name, (language, _) in files.items():
        found = [(m.sender, m.text) for m in messages if m.thread == name[:2]]
        assert found == said(language), name
    assert sum("not UTF-8" in note for note in report.notes) == 7


# --- what is UTF-8 stays so ---


def log_of(lines: list[bytes]) -> bytes:
    return b"".join(b"[12:%02d] <ada> %s\n" % (n % 60, line) for n, line in enumerate(lines))


CHINESE = [f"水壶开了吗 {n}".encode() for n in range(20)]
MIXED: dict[str, tuple[list[bytes], str, dict[str, int]]] = {
    "one bad byte": ([*CHINESE, b"caf\xe9 au lait"], "café au lait", {"not UTF-8": 1}),
    "at the end": ([*CHINESE, b"un caf\xe9"], "un café", {"not UTF-8": 1}),
    "cut": ([*CHINESE, b"x" * 300 + b"\xe6\xb0"], "x" * 300, {"cut character": 1}),
    "cut, short": ([*CHINESE, b"tea \xe6\xb0"], "tea ", {"cut character": 1}),
    "many": (
        [*CHINESE, *[line.encode("cp1251") for line in CHATS["Russian"][1]]],
        "Борис: да", {"not UTF-8": 6},
    ),
    "mostly not": (
        [*CHINESE[:3], *["уже иду, подожди немного".encode("koi8_r")] * 30],
        "уже иду, подожди немного", {"not UTF-8": 30},
    ),
    "shifted": ([*CHINESE, "もうすぐ".encode("iso2022_jp")], "もうすぐ", {"not UTF-8": 1}),
    "shifted and more": (
        [*CHINESE, *["уже иду".encode("koi8_r")] * 3, "もう".encode("iso2022_jp")],
        "もう", {"not UTF-8": 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MIXED)
def test_lines_of_several_encodings(case: str, tmp_path: Path) -> None:
    lines, last, repairs = MIXED[case]
    path = tmp_path / "#tea-2024-05-01.log"
    path.write_bytes(log_of(lines))
    messages, report = read(path)
    assert [m.text for m in messages][:3] == [line.decode() for line in lines[:3]]
    assert messages[-1].text == last.rstrip() or messages[-1].text == last
    assert {
        k: v for k, v in report.repairs.items() if k in ("not UTF-8", "cut character")
    } == repairs


def test_lines_that_are_utf_8_by_chance_belong_to_the_rest(tmp_path: Path) -> None:
    """A single character of GBK often is one of UTF-8 too."""
    words = ["亩", "乱猫", "水壶开了吗", "快了等一下", "好的谢谢你"]
    assert all(word.encode("gbk").decode() for word in words[:1])
    path = tmp_path / "#tea-2024-05-01.log"
    path.write_bytes(log_of([word.encode("gbk") for word in words]))
    assert [m.text for m in read(path)[0]] == words


def test_json_of_one_line_with_one_bad_byte_is_utf_8(tmp_path: Path) -> None:
    rows = [{"sender": "Ada", "text": f"水壶开了吗 {n}"} for n in range(300)]
    data = json.dumps(rows, ensure_ascii=False).encode()
    path = tmp_path / "chat.json"
    path.write_bytes(data[:-3] + b"\xff" + data[-3:])
    assert [m.text for m in read(path)[0]][:299] == [row["text"] for row in rows][:299]


def test_utf_8_with_a_mark_is_never_something_else(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(b"\xef\xbb\xbfsender,text\nAda,caf\xe9\nBob," + "茶".encode("gbk") + b"!\n")
    messages, report = read(path)
    assert [m.text for m in messages] == ["café", "²è!"]
    assert report.repairs["not UTF-8"] == 2


@pytest.mark.parametrize("late", [70_000, 1_500_000])
def test_what_stands_far_from_the_beginning_counts(late: int, tmp_path: Path) -> None:
    path = tmp_path / "#tea-2024-05-01.log"
    plain = [b"plain words of tea"] * (late // 32)
    path.write_bytes(log_of([*plain, *[line.encode("cp1251") for line in CHATS["Russian"][1]]]))
    messages, report = read(path)
    assert [m.text for m in messages[-6:]] == CHATS["Russian"][1]
    assert sum("Windows-1251" in note for note in report.notes) == 1
    assert report.bytes_read == report.bytes_total


# --- what files and users say ---

PAGE = '<html><head><meta charset="{0}"></head><body>{1}</body></html>'


def test_a_page_that_names_its_encoding(tmp_path: Path) -> None:
    found = Encodings().chosen(member(PAGE.format("gb2312", "猫和狗").encode("gbk")))
    assert (found.codec, found.why) == ("gb2312", "as it says itself")
    found = Encodings().chosen(member(PAGE.format("utf-8", "水壶开了").encode("gbk")))
    assert found.codec == "gb18030"
    found = Encodings().chosen(member(PAGE.format("big5", "Ада пьёт чай").encode("cp1251")))
    assert found.codec == "cp1251"


@pytest.mark.parametrize("end", ["é", "寿", "é" * 3000])
def test_an_endless_word_before_other_letters(end: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    text = "31.12.23, 10:05 - Bo: " + "9" * 9000 + end
    path.write_bytes(text.encode() + b"\n31.12.23, 10:06 - Ada: caf\xe9\n")
    assert [m.text for m in read(path)[0]] == [text[22:], "café"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize("language", ["Chinese", "Japanese", "Korean", "Russian", "Thai"])
def test_utf_16_without_its_mark(codec: str, times: int, language: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    rows = [f"31.12.23, 10:05 - {name}: {text}\n" for name, text in said(language)]
    title = f"{said(language)[0][1]}\n"  # no letter, sign or digit of ours begins the file
    path.write_bytes((title + "".join(rows) * times).encode(codec))
    messages, report = read(path, format="whatsapp")
    assert [m.text for m in messages] == [text for _, text in said(language)] * times
    assert report.left_out == {"unparsed": 1}


def test_the_user_overrules(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(csv("Russian").encode("cp1251"))
    assert [m.text for m in read(path, encoding="Windows-1251")[0]] == [
        t for _, t in said("Russian")
    ]
    messages, report = read(path, encoding="koi8-r")
    assert messages[0].text != said("Russian")[0][1]
    assert not [note for note in report.notes if "UTF-8" in note]
    assert read(path, encoding="utf-8")[0][0].text.startswith("÷àéíèê")
    path.write_bytes(csv("Russian").encode("utf-16-le"))
    assert [m.text for m in read(path, encoding="utf-16-le")[0]] == [t for _, t in said("Russian")]
    path.write_bytes(csv("Chinese").encode("hz"))
    assert [m.text for m in read(path, encoding="hz")[0]] == [t for _, t in said("Chinese")]


def test_what_is_utf_8_is_read_so_whatever_the_user_says(tmp_path: Path) -> None:
    (tmp_path / "#a-2024-05-01.log").write_bytes(irc("Chinese").encode("gb18030"))
    (tmp_path / "#b-2024-05-01.log").write_bytes(irc("Chinese").encode())
    messages, report = read(tmp_path, encoding="gbk")
    assert [m.text for m in messages] == [text for _, text in said("Chinese")] * 2
    assert (
        "#b-2024-05-01.log is clearly UTF-8, and was read so in spite of --encoding."
    ) in report.notes


@pytest.mark.parametrize("name", ["klingon", "", "idna", "hex", "rot13", "x" * 999, "ü", "a\0b"])
def test_an_encoding_that_is_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "chat.csv").write_bytes(b"sender,text\nAda,tea\n")
    with pytest.raises(ExportError, match="There is no encoding called .*--encoding gb18030"):
        read(tmp_path / "chat.csv", encoding=name)


# --- pieces ---


def member(data: bytes) -> Member:
    return Member("a", "/a", len(data), lambda: Opened(io.BytesIO(data)))


def recoded(data: bytes, size: int, asked: str | None = None) -> bytes:
    with TextStream(member(data), Encodings(asked)) as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


@given(st.sampled_from(OLD), st.integers(1, 9), st.sampled_from(["whatsapp", "json"]))
@settings(deadline=None, max_examples=40)
def test_pieces_of_any_size(old: tuple[str, str], size: int, how: str) -> None:
    language, codec = old
    text = whatsapp(language) if how == "whatsapp" else as_json(language)
    data = text.encode(codec, "replace")
    assert recoded(data, 1 << 16).decode() == data.decode(codec)
    if size > 3:  # what was given before something that is not UTF-8 came stays as it was
        assert recoded(data, 1 << 10, codec).decode() == data.decode(codec)


@given(st.lists(st.text(max_size=12), max_size=9), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_utf_8_comes_through_as_it_is(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode("utf-8", "replace")
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\x1b$" not in data[:1]:
        assert recoded(b"x\n" * 8 + data, size) == b"x\n" * 8 + data


@given(st.binary(max_size=300), st.integers(1, 64))
@settings(deadline=None, max_examples=60)
def test_any_bytes_become_utf_8_or_stay(data: bytes, size: int) -> None:
    recoded(data, size)
    recoded(data, size, "gb18030")


@pytest.mark.parametrize(
    ("raw", "text", "repair"),
    [
        (b"caf\xe9", "café", "not UTF-8"), (b"tea \xf0\x9f\x98", "tea ", "cut character"),
        (b"tea \xe6\xb0", "tea ", "cut character"),
        ("é".encode() + b" \xe9", "é ", "cut character"),
        (b"x" * 300 + b"\xe9", "x" * 300, "cut character"),
    ],
)  # fmt: skip
def test_a_lone_byte_at_the_end_is_a_letter(raw: bytes, text: str, repair: str) -> None:
    report = ImportReport()
    assert decoded(raw, report) == text
    assert report.repairs == {repair: 1}


@pytest.mark.parametrize("name", ["小米的聊天", "美味しいお茶", "Чайник Миры", "Müllers Küche"])
def test_names_in_a_zip_that_does_not_say_their_encoding(name: str, tmp_path: Path) -> None:
    codec = {"小": "gbk", "美": "cp932", "Ч": "cp866", "M": "utf-8"}[name[0]]
    raw = f"WhatsApp Chat - {name}.txt".encode(codec)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * len(raw), whatsapp("German").encode())
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    assert {m.thread_title for m in read(path)[0]} == {name}


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("utf-8", "чай готов"),
        ("cp1251", "чай готов, приходи скорее"),
        ("shift_jis", "お茶を飲みました"),
    ],
)
def test_what_is_not_ascii_may_stand_far_behind(codec: str, words: str) -> None:
    for run in ("9" * 5000, "9" * 1999, "9" * 1000):
        data = f"{run}{words}\n".encode(codec) * 6
        assert recoded(data, 1 << 16) == f"{run}{words}\n".encode() * 6


def test_a_long_file_is_judged_by_some_of_all_of_it() -> None:
    """The first half is plain, a name stands in every line, and words come late."""
    words = " ".join(CHATS["Russian"][1]).split()
    lines = [f"<Мира> {n} {words[n % len(words)] if n > 20_000 else 'ok'}" for n in range(40_000)]
    found = Encodings().chosen(member("\n".join(lines).encode("koi8_r")))
    assert (found.codec, found.why) == ("koi8_r", "Cyrillic")


def test_the_same_word_again_makes_nothing_surer() -> None:
    word = "чай".encode("cp1251")
    assert not guessed([word]).sure
    assert not guessed([word] * 1000).sure

"""SMS Backup & Restore: emoji in halves, photos left out, numbers however typed, hostile XML."""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
from html import escape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importing import read

from chatmimic.errors import DamagedExport, UnsafeExport
from chatmimic.importers import ImportReport
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.importers.sms import xml_stream
from chatmimic.importers.sms.people import key_of, thread_of
from chatmimic.importers.sms.xml_stream import xml_of
from chatmimic.records import Kind

AT = 1_700_000_000_000
QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def backup(path: Path, *elements: str) -> Path:
    head = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<smses count=\"1\">\n"
    path.write_text(f"{head}{''.join(elements)}</smses>\n", encoding="utf-8")
    return path


def attribute(name: str, value: str) -> str:
    """As Android writes it: the other quotes where the value has those, emoji in halves."""
    quote = "'" if '"' in value else '"'
    text = escape(value, quote=False).replace("'", "&apos;")
    text = "".join(f"&#{ord(c)};" if c in "\n\t" else c for c in text)
    halves = text.encode("utf-16-be")
    units = [int.from_bytes(halves[at : at + 2], "big") for at in range(0, len(halves), 2)]
    text = "".join(f"&#{unit};" if 0xD800 <= unit < 0xE000 else chr(unit) for unit in units)
    return f" {name}={quote}{text}{quote}"


def sms(**about: str) -> str:
    usual = {"address": "+15550100", "date": str(AT), "type": "1", "contact_name": "Ada"}
    return f"<sms{''.join(attribute(*pair) for pair in {**usual, **about}.items())} />\n"


def mms(box: str, sender: str, *others: str, body: str = "hi", **about: str) -> str:
    """An MMS whose addresses stand beside it only, unless `about` has them."""
    usual = {"date": str(AT), "msg_box": box} | about
    addresses = [("137", sender), *(("151", one) for one in others)]
    return (
        f"<mms{''.join(attribute(*pair) for pair in usual.items())}>"
        f'<parts><part ct="text/plain" text="{body}" /></parts><addrs>'
        + "".join(f'<addr address="{one}" type="{type_}" />' for type_, one in addresses)
        + "</addrs></mms>\n"
    )


def mended(*pieces: str) -> tuple[str, ImportReport]:
    """What becomes of a file that is read in these pieces."""
    report = ImportReport()

    class Pieces(io.BytesIO):
        left = [piece.encode() for piece in pieces]

        def read(self, size: int | None = -1, /) -> bytes:
            return self.left.pop(0) if self.left else b""

    return b"".join(xml_of(Pieces(), report)).decode(), report


MENDED = {
    'a="&#55357;&#56832;"': 'a="😀"',
    'a="&#xD83D;&#xDE00;&#x1F600;"': 'a="😀&#x1F600;"',
    'a="&#55357;&#56832;&#55356;&#57225;"': 'a="😀🎉"',
    'a="&#55357; x"': 'a="\ufffd x"',
    'a="&#56832;&#55357;"': 'a="\ufffd\ufffd"',
    'a="&#0;b&#x1;c&#31;&#10;"': 'a="bc&#10;"',
    "a\x00b\x1bc": "abc",
    "&#57344;&amp;&#8364;": "\ue000&amp;&#8364;",
    '<part ct="x" data="AAAA" text="data=" />': '<part ct="x" data="" text="data=" />',
    "<part text='a data=\"b' data='c'/><x data=\"kept\"/>": (
        "<part text='a data=\"b' data=''/><x data=\"kept\"/>"
    ),
    '<part\ndata = "AA>AA"></part>': '<part\ndata = ""></part>',
    '<part mydata="kept"/>': '<part mydata="kept"/>',
    'a="<"': 'a="<"',
}


ME, ADA, BO = "+15550111", "+15550122", "+15550133"


@pytest.mark.parametrize("address", [{}, {"address": "null"}, {"address": "insert-address-token"}])
def test_addresses_beside_an_mms_name_its_thread(address: dict[str, str], tmp_path: Path) -> None:
    path = backup(
        tmp_path / "sms.xml",
        sms(address=ADA, contact_name="Ada", body="an SMS"),
        mms("1", ADA, ME, BO, body="to both", **address),
        mms("1", ADA, ME, body="to me", **address),
        mms("2", ME, BO, ADA, body="to all", **address),
        mms("1", BO, ADA, ME, body="from Bo", **address),
        mms("2", "insert-address-token", BO, body="to Bo", **address),
    )
    messages, report = read(path)
    told = {m.text: (m.sender, m.thread) for m in messages}
    both, one = thread_of(f"{ADA}~{BO}"), thread_of(ADA)
    assert told == {
        "an SMS": ("Ada", one),
        "to both": ("Ada", both),
        "to me": ("Ada", one),
        "to all": ("Me", both),
        "from Bo": (BO, both),
        "to Bo": ("Me", thread_of(BO)),
    }
    titles = {m.text: m.thread_title for m in messages}
    assert (titles["to both"], titles["to Bo"]) == (f"Ada, {BO}", BO)
    assert not report.left_out


def test_groups_wait_for_no_number_that_never_shows(tmp_path: Path) -> None:
    path = backup(tmp_path / "sms.xml", mms("1", ADA, ME, BO), mms("1", BO, ME, ADA, body="x"))
    messages, _ = read(path)
    assert {(m.sender, m.thread) for m in messages} == {
        (one, thread_of(f"{ADA}~{BO}~{ME}")) for one in (ADA, BO)
    }


def test_what_waits_in_a_file_cut_short_is_kept_when_allowed(tmp_path: Path) -> None:
    path = backup(tmp_path / "sms.xml", mms("1", ADA, ME, BO), sms(body="cut"))
    path.write_text(path.read_text()[:-40])
    messages, _ = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["hi"]


def test_what_a_draft_is_to_is_not_its_writer(tmp_path: Path) -> None:
    path = backup(tmp_path / "sms.xml", mms("3", ME, BO), mms("1", ADA, ME, BO))
    messages, report = read(path)
    assert [m.thread for m in messages] == [thread_of(f"{ADA}~{BO}~{ME}")]
    assert report.left_out == {"draft": 1}


@pytest.mark.parametrize("text", MENDED)
def test_what_xml_does_not_take_is_mended_wherever_a_piece_ends(text: str) -> None:
    assert mended(text)[0] == MENDED[text]
    assert mended(*text)[0] == MENDED[text]
    for cut in range(1, len(text)):
        assert mended(text[:cut], text[cut:])[0] == MENDED[text], cut


def test_what_was_mended_is_counted() -> None:
    assert mended('"&#55357; &#56832; &#3;"')[1].repairs == {
        "lone surrogates": 2,
        "control characters": 1,
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+1 (555) 010-0100", "5550100100", True),
        ("+49 170 1234567", "0170/1234567", True),
        ("+15550100100", "+15550100101", False),
        ("72727", "72728", False),
        ("VERIZON", "verizon", True),
        ("ada@example.org", "Ada@Example.org", True),
    ],
)
def test_a_number_is_known_however_it_is_typed(one: str, other: str, same: bool) -> None:
    assert (key_of(one) == key_of(other)) is same


def test_a_thread_is_its_people_in_any_order() -> None:
    assert thread_of("+15550100100~72727") == thread_of("72727~5550100100~insert-address-token")


def test_two_spellings_of_a_number_are_one_person_and_one_thread(tmp_path: Path) -> None:
    path = backup(
        tmp_path / "s.xml",
        sms(address="+49 170 1234567", body="a"),
        sms(address="0170 1234567", body="b", type="2"),
        sms(address="01701234567", body="c", contact_name="(Unknown)"),
    )
    messages, _ = read(path)
    assert len({m.thread for m in messages}) == 1
    assert [(m.sender, m.sender_key) for m in messages] == [
        ("Ada", "01234567"),
        ("Me", "Me"),
        ("Ada", "01234567"),
    ]


DTD = '<!DOCTYPE smses [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "entities": DTD,
    "a file": '<!DOCTYPE smses [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "a document type": '<!DOCTYPE smses SYSTEM "http://a.example/x.dtd">',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_xml_made_to_hurt_is_refused(case: str, tmp_path: Path) -> None:
    path = tmp_path / "sms.xml"
    path.write_text(f"<?xml version='1.0'?>{HOSTILE[case]}<smses>{sms(body='x')}</smses>")
    for allow in (False, True):
        with pytest.raises(UnsafeExport, match="document type or entities"):
            read(path, allow_truncated=allow)


BROKEN = {
    "cut": '<smses><sms address="1" date="1" type="1" body="he',
    "cut between": "<smses>" + sms(body="x"),
    "not closed": "<smses>" + sms(body="x") + "<mms></smses>",
    "an entity nobody declared": "<smses>" + sms(body="x").replace('"x"', '"&x;"') + "</smses>",
    "twice": "<smses></smses><smses></smses>",
    "bare": '<smses><sms body=1 address="&',
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_xml_is_one_sentence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "sms.xml"
    path.write_text(BROKEN[case])
    with pytest.raises(DamagedExport, match=r"sms\.xml is not XML \(.*line \d+\)"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["x"] * ("x" in BROKEN[case] and "entity" not in case)
    assert any("What follows is lost" in note for note in report.notes)


@pytest.mark.parametrize(
    "piece", ["&", "&#55357;", "<part ", '<part data="', "<sms ", "a='", '<part x="<part ']
)
def test_long_stretches_of_one_thing_take_no_longer_than_their_length(
    piece: str, tmp_path: Path
) -> None:
    path = tmp_path / "sms.xml"
    path.write_text("<smses>" + piece * (200_000 // len(piece)))
    began = time.process_time()
    with pytest.raises(DamagedExport):
        read(path)
    assert time.process_time() - began < 1


def test_an_element_without_an_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sms.xml"
    with path.open("w") as out:
        out.write('<smses><sms body="')
        for _ in range(40):
            out.write("x" * (1 << 20))
    with pytest.raises(DamagedExport, match="an element of over 16 million bytes"):
        read(path)


def test_photos_are_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "_CHUNK", 1 << 16)
    path = tmp_path / "sms.xml"
    with path.open("w") as out:
        out.write("<smses>")
        for number in range(3):
            about = f'<mms date="{AT + number}" msg_box="1" address="1"><parts>'
            out.write(f'{about}<part seq="0" ct="image/jpeg" data="')
            for _ in range(20):
                out.write("QUJD" * (1 << 18))
            out.write('" /><part ct="text/plain" text="look" /></parts></mms>')
        out.write("</smses>")
    tracemalloc.start()
    messages, _ = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [m.text for m in messages] == ["look"] * 3
    assert peak < 4 << 20  # each photo has 20 MB


@pytest.mark.skipif(sys.byteorder != "little", reason="writes little-endian")
def test_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sms.xml"
    text = "<?xml version='1.0' encoding='UTF-16'?><smses>" + sms(body="héllo 😀") + "</smses>"
    path.write_text(text, encoding="utf-16")
    assert [m.text for m in read(path)[0]] == ["héllo 😀"]


# --- any conversation ---

SIGNS = st.characters(
    exclude_categories=["Cs", "Cc"], include_characters="\n\t", max_codepoint=None
)
PIECES = st.sampled_from(['"', "'", "&", "<", "&#55357;", "]]>", "<part data=", "😀", "\n", "null"])
TEXTS = st.lists(PIECES | st.text(SIGNS, max_size=8), min_size=1, max_size=8).map("".join)


def said_in_words(text: str) -> bool:
    return bool(text.strip()) and text != "null" and not is_text_tapback(text)


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(["Me", "Ada", "Grace"]),
            TEXTS.filter(said_in_words).filter(lambda t: "\ufffe" not in t and "\uffff" not in t),
            st.booleans(),
        ),
        max_size=8,
    )
)
@QUIET
def test_any_conversation_is_read_back(said: list[tuple[str, str, bool]], tmp_path: Path) -> None:
    numbers = {"Ada": "+15550100", "Grace": "+15550199", "Me": "insert-address-token"}
    elements = []
    for number, (name, text, group) in enumerate(said):
        box = "2" if name == "Me" else "1"
        if group:
            about = {"date": str(AT + number), "msg_box": box, "address": "+15550100~+15550199"}
            about["contact_name"] = "Ada, Grace"
            part = f"<part ct='text/plain'{attribute('text', text)} data=\"QUJD\" />"
            addr = f"<addrs><addr address='{numbers[name]}' type='137' /></addrs>"
            joined = "".join(attribute(*pair) for pair in about.items())
            elements.append(f"<mms{joined}><parts>{part}</parts>{addr}</mms>")
        else:
            other = "Ada" if name == "Me" else name
            about = {"address": numbers[other], "contact_name": other}
            elements.append(sms(date=str(AT + number), type=box, body=text, **about))
    messages, report = read(backup(tmp_path / "s.xml", *elements)) if said else ([], ImportReport())
    assert [(m.sender, m.text, m.sent_at, m.kind) for m in messages] == [
        (name, text, AT + number, Kind.TEXT) for number, (name, text, _) in enumerate(said)
    ]
    assert not report.repairs or "&#55357;" in str(said)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [("AA", "AA", 1), ("AA", "AB", 2), ("null", "null", 2), ("", "", 2)],
)
def test_an_mms_that_comes_twice_with_its_id_is_counted(
    first: str, second: str, kept: int, tmp_path: Path
) -> None:
    both = (mms("1", ADA, ME, m_id=id_) for id_ in (first, second))
    messages, report = read(backup(tmp_path / "sms.xml", *both))
    assert (len(messages), report.left_out["duplicate"]) == (kept, 2 - kept)

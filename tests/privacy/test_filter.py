"""Whole messages through the door: who they are from, what is counted, what stays outside."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.errors import ExportError
from chatmimic.importers import ImportReport
from chatmimic.privacy import PrivacyFilter, PrivacyOptions
from chatmimic.records import Kind, Message, Reaction

KEY = b"k" * 32
REDACT = PrivacyOptions(redact=True)
PSEUDONYMS = PrivacyOptions(pseudonyms=True)


def said(sender: str, text: str, **more: object) -> Message:
    message = Message(sender, text, 1, service="whatsapp", thread="tea", sender_key=sender)
    return replace(message, **{"source": "chat.txt:7", **more})


def words(*messages: Message) -> set[str]:
    """Every word that would be stored of them, in small letters."""
    return set(re.findall(r"[^\W_]+", repr(messages).lower()))


def passed(
    messages: Iterable[Message], options: PrivacyOptions, report: ImportReport | None = None
) -> list[Message]:
    privacy_filter = PrivacyFilter(options, KEY)
    privacy_filter.add_known(options.exclude)  # who is only spoken of here has spoken elsewhere
    some = list(messages)
    privacy_filter.collect_names(some)
    return list(privacy_filter.apply_once(some, report or ImportReport()))


def excluding(*names: str) -> PrivacyOptions:
    return PrivacyOptions(exclude=names)


def test_nothing_asked_nothing_changed() -> None:
    messages = [said("Ada", "call +49 171 1234567"), said("", "Ada left", kind=Kind.SYSTEM)]
    assert passed(messages, PrivacyOptions()) == messages
    assert not PrivacyOptions()
    assert all((REDACT, PSEUDONYMS, excluding("Bo")))


def test_it_is_lazy() -> None:
    privacy_filter = PrivacyFilter(PrivacyOptions(True, ("Bo",), True), KEY)
    endless = (said("Ada", f"hi {number}") for number in itertools.count())
    assert len(list(itertools.islice(privacy_filter.apply_once(endless, ImportReport()), 5))) == 5


# --- redacted -------------------------------------------------------------------------------------


def test_what_was_redacted_is_counted_with_masked_examples() -> None:
    privacy_filter = PrivacyFilter(REDACT, KEY)
    messages = [said("Ada", f"call +49 171 123456{n} or ada@example.org") for n in range(5)]
    messages.append(said("Ada", "password: hunter2", source="Chat with +49 171 1234567.txt:9"))
    assert [m.text for m in privacy_filter.apply_once(messages, ImportReport())][::5] == [
        "call [phone] or [email]",
        "password: [password]",
    ]
    assert privacy_filter.redacted == {"phone": 5, "email": 5, "password": 1}
    assert [(e.masked, e.place) for e in privacy_filter.examples["phone"]] == [
        ("+…0", "chat.txt:7"),
        ("+…1", "chat.txt:7"),
        ("+…2", "chat.txt:7"),
    ]
    assert [(e.masked, e.place) for e in privacy_filter.examples["password"]] == [
        ("…", "Chat with [phone].txt:9")
    ]


def test_a_number_that_names_somebody_is_a_person_the_same_however_it_is_written() -> None:
    number, other = "+49 171 1234567", "+49 171 7654321"
    messages = [
        said(number, "hi"),
        said(other, "hi"),
        said("\u202a+49\u00a0171\u00a01234567\u202c", "hi"),
        replace(said("+491711234567", "hi"), service="sms"),
        said("Ada", "hi", reactions=(Reaction("👍", number),)),
        said("Ada", "hi", thread=number, thread_title=number),
        said("Ada", "hi", thread="x", thread_title=f"{number}, {other}"),
        said("Ada", "hi", thread="50100100~5550003", thread_title="5550003, Grace Hopper"),
    ]
    done = passed(messages, REDACT)
    one, two = done[0].sender, done[1].sender
    assert one.startswith("Person ")
    assert one != two
    assert {done[2].sender, done[3].sender, done[4].reactions[0].sender} == {one}
    assert done[5].thread_title == one
    assert done[6].thread_title == "[phone], [phone]"
    assert "5550003" not in done[7].thread + done[7].thread_title
    assert done[7].thread_title == "[phone], Grace Hopper"
    assert len({m.sender_key for m in done[:2]}) == 2
    assert "1234567" not in repr([replace(m, source="") for m in done])


def test_a_name_beside_a_number_stays() -> None:
    ada, bo, plain = passed(
        [said("Ada +49 171 1234567", ""), said("ada@example.org", ""), said("Ada", "")], REDACT
    )
    assert ada.sender.startswith("Ada ")
    assert "171" not in ada.sender
    assert bo.sender.startswith("Person ")
    assert plain.sender == plain.sender_key == "Ada"


def test_ids_that_hold_numbers_still_lead_to_each_other() -> None:
    first, answer, other = passed(
        [
            said("Ada", "", message_id="17/+491711234567"),
            said("Bo", "", message_id="a", reply_to="17/+491711234567"),
            said("Bo", "", message_id="845733281904558090"),
        ],
        REDACT,
    )
    assert answer.reply_to == first.message_id != ""
    assert "491711234567" not in first.message_id
    assert other.message_id == "845733281904558090"


# --- left out -------------------------------------------------------------------------------------


def test_who_is_excluded_does_not_enter() -> None:
    report = ImportReport(kept=4)
    messages = [
        said("Ada", "hi", reactions=(Reaction("👍", "Bo"), Reaction("🎉", "Grace"))),
        said("bo", "secret"),
        said("BO", "louder"),
        said("Bo", "", kind=Kind.MEDIA),
        said("Bob", "not me"),
    ]
    done = passed(messages, excluding("Bo"), report)
    assert [m.sender for m in done] == ["Ada", "Bob"]
    assert done[0].reactions == (Reaction("🎉", "Grace"),)
    assert report.kept == 2
    assert report.left_out == {"excluded": 2}  # the photo was counted as one already
    assert report.examples["excluded"] == "chat.txt:7"
    assert report.notes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Bo come", "@[name] come"),
        ("hey @bo!", "hey @[name]!"),
        ("@\u2068Bo Li\u2069 come", "@[name]\u2069 come"),
        ("Bo: come", "[name]: come"),
        ("bo, come", "[name], come"),
        ("Bo Li: come", "[name]: come"),
        ("Bob: come", "Bob: come"),
        ("@bob", "@bob"),
        ("did Bo come?", "did Bo come?"),
    ],
)
def test_their_name_goes_where_they_are_called(text: str, expected: str) -> None:
    (done,) = passed([said("Ada", text)], excluding("Bo", "Bo Li"))
    assert done.text == expected


def test_their_name_goes_from_titles_keys_and_notices() -> None:
    message = said("", "Ada added Bo", kind=Kind.SYSTEM, thread="Bo", thread_title="Bo and Ada")
    (done,) = passed([message], excluding("bo"))
    assert (done.text, done.thread_title) == ("Ada added [name]", "[name] and Ada")
    assert "Bo" not in done.thread


def test_a_nick_in_another_state_and_a_service_id_are_theirs_too() -> None:
    messages = [said("ada_", "hi", sender_key="ada"), said("Grace", "hi", sender_key="1815")]
    assert passed(messages, excluding("ADA", "1815")) == []


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_one_letter_written_in_two_ways_of_unicode_is_one(form: str) -> None:
    name = unicodedata.normalize(form, "Zoé Ångström")
    for written in ("NFC", "NFD"):
        theirs = unicodedata.normalize(written, "zoé ångström")
        assert passed([said(theirs, "hi")], excluding(name)) == []
        (done,) = passed([said("Ada", f"@{theirs} come")], excluding(name))
        assert done.text == "@[name] come"


def test_a_placeholder_for_somebody_left_out_is_no_number() -> None:
    options = PrivacyOptions(redact=True, exclude=("Bo",))
    (done,) = passed([said("Ada", "hi", thread="Bo", thread_title="Bo")], options)
    assert done.thread_title == "[name]"


def test_a_name_that_nobody_has_lets_nothing_in() -> None:
    privacy_filter = PrivacyFilter(excluding("Zed", "ada", "Yan", "", "  "), KEY)
    with pytest.raises(ExportError, match='called "Zed" or "Yan" .--exclude') as told:
        list(privacy_filter.apply_once([said("Ada", "hi"), said("Zeda", "hm")], ImportReport()))
    assert told.value.hint.startswith('Did you mean "Zeda"? ')


def test_who_is_known_otherwise_is_only_told_of() -> None:
    privacy_filter, report = PrivacyFilter(excluding("Zed"), KEY), ImportReport()
    privacy_filter.add_known(["ZED"])
    assert len(list(privacy_filter.apply_once([said("Ada", "hi")], report))) == 1
    assert report.notes == ['Nobody in it is called "Zed": nothing was excluded by that name.']


def test_who_is_in_one_export_of_several_may_lack_in_another() -> None:
    privacy_filter = PrivacyFilter(excluding("Bo"), KEY)
    with pytest.raises(ExportError):
        privacy_filter.check()
    privacy_filter.scan([said("Ada", "hi")])
    with pytest.raises(ExportError):
        privacy_filter.check()
    privacy_filter.scan([said("Ada", "hi", reactions=(Reaction("x", "Bo"),))])
    privacy_filter.check()
    assert len(list(privacy_filter.apply_once([said("Ada", "hi")], ImportReport()))) == 1


# --- renamed --------------------------------------------------------------------------------------


def pseudonym(name: str, key: bytes = KEY) -> str:
    return PrivacyFilter(PSEUDONYMS, key).pseudonym(name)


def test_everybody_is_renamed_everywhere() -> None:
    messages = [
        replace(
            said("Ada Lovelace", "hi Grace, GRACE, grace hopper!"),
            message_id="ada-1",
            thread_title="Ada Lovelace, Grace and Hedy",
            reactions=(Reaction("👍", "Grace Hopper"),),
        ),
        said("Grace Hopper", "@Ada Lovelace: hi ada", reply_to="ada-1"),
    ]
    first, second = passed(messages, PSEUDONYMS)
    ada, grace = pseudonym("Ada Lovelace"), pseudonym("Grace Hopper")
    short = pseudonym("Grace")
    assert (first.sender, second.sender) == (ada, grace)
    assert grace.startswith(f"{short} ")
    assert first.text == f"hi {short}, {short.upper()}, {grace.lower()}!"
    assert second.text == f"@{ada}: hi {pseudonym('ada')}"
    assert first.reactions == (Reaction("👍", grace),)
    assert first.thread_title.startswith(f"{ada}, {short} and ")
    assert second.reply_to == first.message_id
    assert not {"ada", "lovelace", "grace", "hopper", "hedy"} & words(first, second)


def test_the_same_name_is_one_person_on_every_service_and_in_every_import() -> None:
    assert pseudonym("Ada Lovelace") == pseudonym("Ada Lovelace")
    assert pseudonym("Ada") != pseudonym("ada") == pseudonym("Ada").lower()
    assert pseudonym("+49 171 1234567") == pseudonym("+491711234567")
    assert pseudonym("Ada Lovelace", b"x" * 32) != pseudonym("Ada Lovelace")


@pytest.mark.parametrize("name", ["ada_", "mr-ada", "ada|away", "Ada.Byron", "O'Ada", "🌸 Ada 🌸"])
def test_the_shape_of_a_name_stays(name: str) -> None:
    invented = pseudonym(name)
    assert "ada" not in invented.lower()
    signs = [s for s in name if not s.isalnum() and s not in "🌸 "]
    assert [s for s in invented if not s.isalnum() and s != " "] == signs


@pytest.mark.parametrize("name", ["❤❤", "12", "J", "...", "田中太郎", "Zoë"])
def test_any_name_gets_one(name: str) -> None:
    assert pseudonym(name).isalpha()
    assert pseudonym(name) != name


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["quetzal"], "ask quetzal, Quetzal? quetzals", "ask {quetzal}, {Quetzal}? quetzals"),
        (["quetzal_"], "quetzal: hi", "{quetzal}: hi"),
        (["mr-quetzal"], "mr-quetzal and quetzal", "{mr-quetzal} and quetzal"),
        (["Will Smythe"], "Will you? ask Will. will he", "Will you? ask {Will}. will he"),
        (["Will Smythe"], "Will: you?", "{Will}: you?"),
        (["Will Smythe"], "hello\nWill?\nWill he", "hello\n{Will}?\nWill he"),
        (["help"], "help: I need help, @help", "{help}: I need help, @{help}"),
        (["jo"], "jo: we jog, jo", "{jo}: we jog, jo"),
        (["Fritz von Leyen"], "von da kam Leyen", "von da kam {Leyen}"),
        (["Mama"], "my mama said; ask Mama", "my mama said; ask {Mama}"),
        (["김지민"], "김지민이 왔다", "{김지민}이 왔다"),
        (["山田太郎", "김지민"], "昨日山田太郎と김지민김지민", "昨日{山田太郎}と{김지민}{김지민}"),
        (["Zoë"], "zoë, İ and Zoë", "{zoë}, İ and {Zoë}"),
        (["Phone Home"], "[phone] Phone Home", "[phone] {Phone Home}"),
        (["Ada 🌸"], "hi Ada", "hi {Ada}"),
    ],
)
def test_names_in_what_is_said(names: list[str], text: str, expected: str) -> None:
    messages = [*(said(name, "hi") for name in names), said("Bo", text)]
    wanted = expected
    for part in expected.split("{")[1:]:
        name = part.partition("}")[0]
        wanted = wanted.replace("{" + name + "}", pseudonym(name))
    assert passed(messages, PSEUDONYMS)[-1].text == wanted


def test_who_speaks_later_is_known_by_a_first_pass_only() -> None:
    messages = [said("Ada", "where is Hedy?"), said("Hedy", "here")]
    assert "Hedy" not in passed(messages, PSEUDONYMS)[0].text
    privacy_filter = PrivacyFilter(PSEUDONYMS, KEY)
    assert privacy_filter.needs_two_passes
    first, _ = privacy_filter.apply_once(messages, ImportReport())
    assert first.text == "where is Hedy?"


def test_notices_keep_no_word_that_may_be_a_name() -> None:
    notice = said("", "Ada added Hedy Lamarr to the group", kind=Kind.SYSTEM)
    (done,) = passed([notice], PSEUDONYMS)
    assert not {"ada", "hedy", "lamarr"} & set(done.text.lower().split())
    assert done.text.endswith(f" to the {pseudonym('group')}")


def test_channels_and_bots_keep_their_names() -> None:
    message = said("ubottu", "hi", is_bot=True, thread="#tea", thread_title="#tea")
    (done,) = passed([message], PSEUDONYMS)
    assert (done.sender, done.thread, done.thread_title) == ("ubottu", "#tea", "#tea")


def test_all_three_together() -> None:
    options = PrivacyOptions(redact=True, exclude=("Bo",), pseudonyms=True)
    number = "+49 171 1234567"
    messages = [
        said("Bo", "secret"),
        said(number, f"@Bo call {number}", thread_title=number, thread=number),
    ]
    (done,) = passed(messages, options)
    assert done.sender.startswith("Person ")
    assert done.thread_title == done.sender
    assert done.text == "@[name] call [phone]"


names = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(["Ada", "Ada Lovelace", "ada_", "+49 171 1234567", "ada@example.org", ""]),
)


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    one = st.builds(
        Message,
        sender=names,
        text=st.one_of(st.text(max_size=40), names),
        kind=st.sampled_from(Kind),
        service=st.sampled_from(["irc", "sms"]),
        thread=names,
        thread_title=names,
        sender_key=names,
        message_id=names,
        reactions=st.lists(st.builds(Reaction, emoji=st.just("👍"), sender=names), max_size=2).map(
            tuple
        ),
        source=names,
    )
    return draw(st.lists(one, max_size=6))


@settings(deadline=None, max_examples=150)
@given(messages(), st.booleans(), st.lists(names, max_size=2), st.booleans())
def test_any_messages_go_through(
    drawn: list[Message], redact: bool, exclude: list[str], pseudonyms: bool
) -> None:
    options = PrivacyOptions(redact, tuple(exclude), pseudonyms)
    once = passed(drawn, options)
    assert once == passed(drawn, options)  # the same names in the next import
    if not exclude:
        assert [m.kind for m in once] == [m.kind for m in drawn]


def test_copies_and_quotes_of_who_is_excluded_do_not_enter_wherever_they_stand() -> None:
    said = "the zephyrine quokkas ate all of my marzipan"
    messages = [
        Message("Ada", said, 3, source="chat.txt:1"),  # forwarded before it is met in its thread
        Message("Ada", f"> {said[:21]}\nreally?", 4),
        Message("Ada", f"who says {said}?", 5),
        Message("Ada", "zephyrine", 6, Kind.FORWARDED),
        Message("Bo", said, 1),
        Message("Bo", said[:21], 1),
        Message("Bo", "zephyrine", 2),
    ]
    report = ImportReport(kept=6)
    made = PrivacyFilter(PrivacyOptions(exclude=("Bo",)))
    kept = list(made.apply(messages, report, lambda: messages))
    assert [m.text for m in kept] == ["[removed]\nreally?", "who says [removed]?"]
    assert (report.kept, report.left_out) == (2, {"excluded": 4})

"""Adding: once each, all or nothing, in bounded memory."""

import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive, adding
from chatmimic.records import Kind, Message, Reaction


def said(text: str, at: int | None = 0, sender: str = "Ada", **more: object) -> Message:
    return Message(sender, text, at, **{"service": "irc", "thread": "#tea", **more})


def everything(archive: Archive) -> list[tuple[object, ...]]:
    rows = archive.messages()
    return list(rows.drop(columns="sent_at").itertuples(index=False, name=None))


def test_what_comes_out_is_what_went_in(archive: Archive) -> None:
    message = said(
        "hello\nthere",
        1_600_000_000_123,
        thread_title="Tea",
        sender_key="ada-1",
        message_id="m1",
        reply_to="m0",
        reactions=(Reaction("👍", "Bob"), Reaction("❤", "Cleo")),
        is_bot=True,
        kind=Kind.ACTION,
    )
    archive.add([message])
    assert list(archive.stream()) == [message]


def test_the_same_export_again_adds_nothing(archive: Archive) -> None:
    export = [said("hi", 1), said("hi", 1), said("yes", 2, message_id="a"), said("", 3)]
    first, again = archive.add(export), archive.add(reversed(export))
    assert (first.new, first.known) == (4, 0)
    assert (again.new, again.known) == (0, 4)
    assert len(list(archive.stream())) == 4


def test_an_overlapping_newer_export_adds_what_is_new(archive: Archive) -> None:
    archive.add([said("a", 1), said("ok", 60_000), said("ok", 60_000)])
    added = archive.add([said("ok", 60_000), said("ok", 60_000), said("ok", 60_000), said("z", 9)])
    assert (added.new, added.known) == (2, 2)
    assert [m.text for m in archive.stream()] == ["a", "z", "ok", "ok", "ok"]


@pytest.mark.parametrize(
    "other",
    [
        said("hi", 2),
        said("hi!", 1),
        said("hi", 1, "Bob"),
        said("hi", 1, sender_key="another Ada"),
        said("hi", 1, thread="#coffee"),
        said("hi", 1, service="discord"),
        said("hi", None),
        said("hi", 1, message_id="7"),
    ],
    ids=["time", "text", "sender", "key", "thread", "service", "no time", "id"],
)
def test_different_messages_are_both_kept(archive: Archive, other: Message) -> None:
    assert archive.add([said("hi", 1), other]).new == 2


def test_a_message_with_an_id_is_known_by_it_alone(archive: Archive) -> None:
    archive.add([said("teh", 1, message_id="7")])
    assert archive.add([said("the", 1, message_id="7")]).new == 0
    assert [m.text for m in archive.stream()] == ["teh"]


def test_every_kind_is_stored_and_only_words_are_counted(archive: Archive) -> None:
    added = archive.add(said(kind.value, number, kind=kind) for number, kind in enumerate(Kind))
    assert added.new == 2
    assert added.by_kind == {kind.value: 1 for kind in Kind}
    assert sorted(archive.messages()["kind"]) == sorted(kind.value for kind in Kind)
    assert [m.kind for m in archive.stream()] == [Kind.TEXT, Kind.ACTION]
    assert archive.people()[0].messages == 2


def test_an_import_says_what_was_in_it(archive: Archive) -> None:
    archive.add([said("old", 5, "Zoe", thread="#old")])
    added = archive.add(
        [
            said("a", 30),
            said("b", 10, "Bob"),
            said("c", None, thread="#coffee"),
            said("", 90, "Ghost", kind=Kind.SYSTEM),
        ]
    )
    assert (added.threads, added.people) == (2, 2)  # who joined without a word is not counted
    assert (added.first_at, added.last_at) == (10, 30)
    assert archive.touched() == (3, 3)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("\ud800 alone", "\ufffd alone"),
        ("\ud83d\ude00 pair", "😀 pair"),
        ("esc\x1b[2J", "esc[2J"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("👩\u200d🚀 עברית", "👩\u200d🚀 עברית"),
    ],
)
def test_text_is_fit_to_be_stored(archive: Archive, given: str, kept: str) -> None:
    message = said(
        given, 1, given, thread=given, thread_title=given, message_id=given, reply_to=given
    )
    archive.add([message, said(given, 2, reactions=(Reaction(given, given),))])
    assert {m.text for m in archive.stream()} == {kept}
    assert archive.add([message]).new == 0


@pytest.mark.parametrize("at", [2**63, -(2**63) - 1, 10**30])
def test_a_time_without_sense_is_no_time(archive: Archive, at: int) -> None:
    archive.add([said("when?", at)])
    assert [m.sent_at for m in archive.stream()] == [None]


def test_messages_without_a_time_keep_their_place(archive: Archive) -> None:
    archive.add([said("a", 10), said("b", None), said("c", None), said("d", 20), said("e", None)])
    assert [m.text for m in archive.stream()] == list("abcde")


class Broken(Exception):
    pass


def breaking_off(messages: list[Message], error: BaseException) -> Iterator[Message]:
    yield from messages
    raise error


@pytest.mark.parametrize("error", [Broken(), KeyboardInterrupt(), GeneratorExit()])
def test_nothing_stays_of_an_import_that_breaks_off(archive: Archive, error: BaseException) -> None:
    archive.add([said("before", 1)])
    before, fingerprint = everything(archive), archive.fingerprint()
    many = [said(f"new {n}", n, f"P{n % 7}", thread=f"t{n % 5}") for n in range(5_000)]
    with pytest.raises(type(error)):
        archive.add(breaking_off(many, error))
    assert everything(archive) == before
    assert archive.fingerprint() == fingerprint
    assert len(archive.threads()) == 1
    assert archive.search("new") == []
    assert archive.touched() == (1, 1)
    assert archive.add(many).new == 5_000


messages = st.lists(
    st.builds(
        Message,
        sender=st.sampled_from(["Ada", "Bob"]),
        text=st.sampled_from(["", "ok", "hm", "🙂"]),
        sent_at=st.none() | st.integers(0, 3).map(lambda n: n * 60_000),
        service=st.just("irc"),
        thread=st.sampled_from(["#a", "#b"]),
    ).map(lambda m: m if m.text else replace(m, kind=Kind.MEDIA)),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(messages, messages, st.randoms(use_true_random=False))
def test_overlapping_exports_make_the_whole_history(
    tmp_path_factory: pytest.TempPathFactory,
    older: list[Message],
    newer: list[Message],
    chance: random.Random,
) -> None:
    """An export, then a longer one with the same in it, is the longer one; in any order."""
    whole = older + newer
    shuffled = chance.sample(whole, len(whole))
    folder = tmp_path_factory.mktemp("overlap")
    with Archive.open(folder / "steps") as steps, Archive.open(folder / "once") as once:
        steps.add(older)
        steps.add(shuffled)
        once.add(whole)
        assert once.add(shuffled).by_kind == {}
        assert sorted(everything(steps)) == sorted(everything(once))


@pytest.mark.parametrize("rows", [1, 7, 300])
@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 299, 300, 301, 2099, 2100, 2101])
def test_every_message_is_written_in_order_however_many_go_into_a_statement(
    rows: int, count: int, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "_ROWS", rows)
    messages = [said(f"word {n}", n * 1000, sender="Bo" if n % 3 else "Ada") for n in range(count)]
    assert archive.add(messages).new == count
    assert [(m.text, m.sender) for m in archive.stream()] == [(m.text, m.sender) for m in messages]
    assert archive.add(messages).new == 0


def test_memory_does_not_grow_with_the_export(archive: Archive) -> None:
    """A batch, and no more, is held; SQLite's own cache has a limit of 32 MiB."""
    messages = (
        said(f"{n} " + "long " * 60, n // 3, f"P{n % 100}", thread=f"t{n // 500}")
        for n in range(20_000)
    )
    tracemalloc.start()
    try:
        archive.add(messages)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20  # all of them would be some 12 MiB
    cache = archive._database.connection.execute("PRAGMA cache_size").fetchone()
    assert cache == (-32 * 1024,)

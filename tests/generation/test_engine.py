"""The token loop on real (tiny, random) models of both forms."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from chatmimic.generation import Decoding, as_message, made_up
from chatmimic.generation.cache import Reader, Stopped
from chatmimic.generation.engine import TorchGenerator
from chatmimic.records import Kind, Message

TALK = [
    Message("Bob", "hello there", 1_600_000_000_000),
    Message("Ada Lovelace", "how are you", 1_600_000_060_000),
    Message("Bob", "fine\nthanks <|endoftext|> 👩‍👩‍👧", 1_600_000_120_000),
]


def reply(generator, history=TALK, speaker="Ada Lovelace", stop=None, **options) -> str:
    return "".join(generator.stream(history, speaker, Decoding(**options), stop))


def test_the_same_seed_gives_the_same_reply(loaded):
    first = reply(TorchGenerator(loaded), seed=7, max_tokens=20)
    again = TorchGenerator(loaded)
    assert reply(again, seed=7, max_tokens=20) == first
    assert reply(again, seed=7, max_tokens=20) == first  # with a warm cache too
    assert reply(again, seed=8, max_tokens=20) != first


def test_without_a_seed_replies_differ(generator):
    assert len({reply(generator, max_tokens=20, temperature=2) for _ in range(5)}) > 1


def test_temperature_zero_needs_no_seed(generator):
    assert len({reply(generator, max_tokens=12, temperature=0) for _ in range(3)}) == 1


def test_no_structure_is_ever_said(generator):
    for seed in range(6):
        text = reply(generator, seed=seed, temperature=3, top_p=1, min_tokens=30, max_tokens=40)
        assert "<|" not in text


def test_a_minimum_of_tokens_keeps_the_end_away(generator):
    counts = []
    for seed in range(10):
        tokens = generator._tokens(
            generator.form.prompt(TALK, "Ada Lovelace"),
            "Ada Lovelace",
            Decoding(seed=seed, temperature=5, top_p=1, min_tokens=12, max_tokens=15),
            15,
            None,
        )
        body = [token for token in tokens if token not in generator._ends]
        counts.append(len(body))
    assert min(counts) >= 12
    assert max(counts) <= 15


def test_a_greedy_reply_that_would_never_stop_is_stopped(generator):
    # Make one token so likely that a loop is certain.
    token = generator.form.tokens_of("x")[0]
    head = generator._reader.model.get_output_embeddings()
    handle = head.register_forward_hook(
        lambda _, __, rows: rows + 1e6 * torch.eye(rows.shape[-1])[token]
    )
    text = reply(generator, temperature=0, max_tokens=60, repetition_penalty=1)
    handle.remove()
    assert text == "x" * 16


def test_a_stop_ends_it_within_one_token(generator):
    stop = threading.Event()
    pieces = []
    for piece in generator.stream(TALK, "Ada Lovelace", Decoding(min_tokens=50, seed=1), stop):
        pieces.append(piece)
        stop.set()
    assert len(pieces) <= 2  # what was drawn, and what was held back
    assert reply(generator, stop=stop, seed=1) == ""


def test_a_stop_while_the_prompt_is_read_keeps_what_was_read(loaded):
    class Soon(threading.Event):
        def is_set(self) -> bool:
            self.set()
            return super().is_set()

    reader = Reader(loaded.model)
    ids = [*range(1, 101)]
    with pytest.raises(Stopped):
        reader.logits(ids, stop=Soon())
    assert reader._known == ids[:64]
    fresh = Reader(loaded.model).logits(ids)
    assert torch.allclose(reader.logits(ids), fresh, atol=1e-4)


def test_logits_from_the_cache_are_those_of_a_whole_reading(loaded):
    reader = Reader(loaded.model)
    walks = [[1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 9], [*range(100)], [*range(90), 3], [7], [1, 2, 9]]
    for ids in walks:
        for last in (1, min(3, len(ids))):
            with torch.inference_mode():
                whole = loaded.model(input_ids=torch.tensor([ids])).logits[0, -last:]
            assert torch.allclose(reader.logits(ids, last=last), whole, atol=1e-4)


def test_a_turn_reads_only_its_new_tokens(loaded):
    generator = TorchGenerator(loaded)
    read = []
    handle = generator._reader.model.register_forward_pre_hook(
        lambda _, args, kwargs: read.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    talk = [Message("Bob", "hello there how are you " * 3), Message("Ada Lovelace", "fine thanks")]
    reply(generator, talk, max_tokens=3, seed=1)
    first = sum(read)
    read.clear()
    reply(generator, [*talk, Message("Ada Lovelace", "ok"), Message("Bob", "lol")], max_tokens=3)
    handle.remove()
    assert sum(read) < first / 2


def test_an_interrupted_reading_leaves_no_half_cache(loaded):
    reader = Reader(loaded.model)
    reader.logits([1, 2, 3])
    handle = loaded.model.register_forward_hook(lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        reader.logits([1, 2, 3, 4])
    handle.remove()
    assert torch.allclose(
        reader.logits([1, 2, 3, 4]), Reader(loaded.model).logits([1, 2, 3, 4]), atol=1e-4
    )


def test_a_talk_longer_than_the_window_goes_on(generator):
    history = [Message("Bob", f"this is message number {n}") for n in range(300)]
    started = time.process_time()
    assert isinstance(reply(generator, history, seed=1), str)
    assert time.process_time() - started < 10
    prompt, header = generator._prompt(history, "Ada Lovelace", 64)
    assert len(prompt) + len(header) + 64 <= generator._window
    assert "299" in generator.form.decode(prompt)[-1].text


@pytest.mark.parametrize("text", ["", "x" * 5000, "\ud800", "\x00\x1b[2J", "💥" * 500])
def test_any_message_can_be_answered(generator, text):
    assert isinstance(reply(generator, [Message("Stranger", text)], max_tokens=5, seed=1), str)


def test_no_control_character_of_a_model_leaves_in_a_reply(generator, monkeypatch):
    ids = generator.form.tokens_of("a\x1b[2J\x07b\x00c")
    monkeypatch.setattr(generator, "_tokens", lambda *given: iter(ids))
    assert reply(generator, []) == "a[2Jb\ufffdc"


def test_somebody_speaks_first(generator):
    assert isinstance(reply(generator, [], max_tokens=5, seed=1), str)
    assert generator.next_speaker([], generator.people, seed=1) in generator.people


def test_chances_of_a_burst_and_of_all_the_others_make_a_whole(generator):
    prompt, headers = generator._headers(TALK, ("Ada Lovelace", "Bob", "Stranger"))
    from chatmimic.generation.turn_taking import probability

    total = 0.0
    for who, header in headers.items():
        rows = generator._reader.logits(prompt + header[:-1], last=len(header))
        total += probability(who, headers, rows)
    assert total == pytest.approx(1.0, abs=1e-3)
    assert 0 < generator.continues(TALK, "Bob") < 1


def test_the_chances_of_all_are_those_of_each(generator):
    people = ("Ada Lovelace", "Bob", "Stranger")
    found = generator.chances(TALK, people)
    assert set(found) == {*people, None}
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-3)
    prompt, headers = generator._headers(TALK, people)
    from chatmimic.generation.turn_taking import probability

    for who, header in headers.items():
        rows = generator._reader.logits(prompt + header[:-1], last=len(header))
        assert found[who] == pytest.approx(probability(who, headers, rows), abs=1e-4)
    assert None not in generator.chances([], people)


def test_speakers_are_drawn_as_often_as_they_are_likely(generator):
    people = ("Ada Lovelace", "Bob")
    drawn = [generator.next_speaker(TALK, people, seed) for seed in range(80)]
    prompt, headers = generator._headers(TALK, people)
    from chatmimic.generation.turn_taking import probability

    rows = generator._reader.logits(prompt + headers["Bob"][:-1], last=len(headers["Bob"]))
    share = probability("Bob", headers, rows)
    assert drawn.count("Bob") / 80 == pytest.approx(share, abs=0.2)


def test_an_action_is_an_action(loaded):
    generator = TorchGenerator(loaded)
    ids = generator.form.header("Bob", Message("Bob", "", kind=Kind.ACTION))
    header = generator.form.header("Bob")
    body = generator.form.body(Message("Bob", "waves", kind=Kind.ACTION))[:-1]
    assert generator._text(header, [*ids[len(header) :], *body]) == "/me waves"
    assert as_message("Bob", "/me waves") == Message("Bob", "waves", kind=Kind.ACTION)
    assert as_message("Bob", "/me  ").kind is Kind.TEXT


def test_a_made_up_conversation_is_the_same_for_the_same_seed(generator):
    decoding = Decoding(seed=3, max_tokens=8)
    first = list(made_up(generator, decoding, messages=6))
    assert first == list(made_up(generator, decoding, messages=6))
    assert 1 <= len(first) <= 6
    assert {message.sender for message in first} <= set(generator.people)
    assert all(message.text for message in first)


def test_a_made_up_conversation_keeps_to_the_people_asked_for(generator):
    said = made_up(generator, Decoding(seed=1, max_tokens=4), people=["Bob", "Zed"], messages=12)
    assert {message.sender for message in said} <= {"Bob", "Zed"}


def test_token_types_tell_who_speaks_where_the_mimic_was_trained_with_them(loaded):
    manifest = {**loaded.mimic.manifest, "token_types": True}
    typed = replace(loaded, mimic=replace(loaded.mimic, manifest=manifest))
    reader = TorchGenerator(typed)._reader
    ids = loaded.form.prompt(TALK, "Ada Lovelace")
    extra = {}
    if loaded.form.name == "tokens":
        types = loaded.form.speaker_tokens(np.asarray(ids))
        extra["token_type_ids"] = torch.from_numpy(types)[None]
    with torch.inference_mode():
        whole = loaded.model(input_ids=torch.tensor([ids]), **extra).logits[0, -1:]
    assert torch.allclose(reader.logits(ids), whole, atol=1e-4)
    plain = Reader(loaded.model).logits(ids)
    assert torch.allclose(plain, whole, atol=1e-4) is (loaded.form.name != "tokens")


def test_a_reply_says_something_unless_told_it_need_not(generator):
    ends = sorted(generator._ends)
    row = torch.zeros(len(generator.form.tokenizer))
    space, word = generator.form.tokens_of(" \n"), generator.form.tokens_of("hello")
    for body, least, may_end in [
        ([], 1, False),
        (space, 1, False),
        (word, 1, True),
        (space * 4, 1, True),
        ([], 0, True),
    ]:
        barred = row.clone()
        generator._bar(barred, body, Decoding(min_tokens=least), [])
        assert bool(torch.isfinite(barred[ends]).any()) is may_end, (body, least)


# -- as much of a talk as was trained on -----------------------------------------------------------


def trained_on(loaded, **manifest):
    """The same mimic with another description."""
    described = replace(loaded.mimic, manifest={**loaded.mimic.manifest, **manifest})
    return TorchGenerator(replace(loaded, mimic=described))


@pytest.mark.parametrize("messages", [1, 3, 12])
def test_a_mimic_sees_no_more_messages_than_it_was_trained_on(loaded, messages):
    generator = trained_on(loaded, context={"messages": messages, "tokens": None})
    history = [Message("Bob", f"m{n}") for n in range(40)]
    prompt, _ = generator._prompt(history, "Ada Lovelace", 8)
    seen = [m.text for m in generator.form.decode(prompt)]
    assert 0 < len(seen) <= messages
    assert seen[-1] == "m39"


def test_a_mimic_reads_no_position_that_it_was_not_trained_on(loaded):
    generator = trained_on(loaded, context={"messages": None, "tokens": 64})
    history = [Message("Bob", f"message number {n}") for n in range(40)]
    read = []
    handle = loaded.model.register_forward_pre_hook(
        lambda _, args, kwargs: read.append(kwargs["attention_mask"].shape[1]), with_kwargs=True
    )
    reply(generator, history, seed=1, max_tokens=500, min_tokens=500)
    generator.continues([*history, Message("Ada Lovelace", "so " * 20)], "Ada Lovelace")
    handle.remove()
    assert max(read) <= 64


def test_a_chat_of_a_hundred_turns_reads_as_one_of_ten(loaded):
    generator = trained_on(loaded, context={"messages": 12, "tokens": 128})
    lengths = []
    history = []
    for _ in range(100):
        history += [Message("Bob", "another turn"), Message("Ada Lovelace", "yes")]
        lengths.append(len(generator._prompt(history, "Ada Lovelace", 20)[0]))
    assert max(lengths[50:]) <= max(lengths[:10])

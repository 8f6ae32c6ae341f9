"""A base from nothing: its tokenizer loses no text, and its weights follow from the seed."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests_support import WORDS

from chatmimic.bases import describe_base, open_base
from chatmimic.bases.new import SIZES, layers_and_width, learn_tokenizer, new_base
from chatmimic.errors import BaseError
from chatmimic.records import Conversation, Message
from chatmimic.text import clean
from chatmimic.transcript import SPECIAL_TOKENS, Cast, TokenForm, natural_form

END = "<|endoftext|>"
LEAST = 256 + 1 + len(SPECIAL_TOKENS)  # every byte, the end of a text, the speakers


def texts(count: int = 400) -> list[str]:
    """Messages of many words, made of syllables."""
    chance = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(300)]
    return [
        " ".join(chance.choices(words, k=8)) + chance.choice(["", "?", " 😂"]) for _ in range(count)
    ]


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokenizer(texts(), 600, SPECIAL_TOKENS)


# -- the tokenizer ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
@example("\x00\x07\x1b[31m\r\n\t")
@example("👩\u200d👩\u200d👧 ❤️ 🇩🇪 e\u0301")
@example("  two  spaces \n\n ")
@example("\ufffd\ufeff\u2028\U0010ffff")
@example("<|end|><|endoftext|><|speaker0|>")
def test_it_loses_nothing(tokenizer, text):
    backend = tokenizer.backend_tokenizer
    ids = backend.encode(text).ids
    assert backend.decode(ids, skip_special_tokens=False) == text
    assert all(0 <= i < len(tokenizer) for i in ids)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from([END, *SPECIAL_TOKENS]), min_size=1, max_size=5
    ).map("".join)
)
def test_a_special_token_spelt_in_a_text_is_only_letters(tokenizer, text):
    form = TokenForm(tokenizer, Cast(("Ada",)))
    special = {tokenizer.convert_tokens_to_ids(token) for token in (END, *SPECIAL_TOKENS)}
    assert not special & set(form.tokens_of(text))
    ids = form.encode(Conversation((Message("Ada", text, 1), Message(text, "ok", 2)))).ids.tolist()
    assert [(m.sender, m.text) for m in form.decode(ids)] == [
        ("Ada", clean(text)),
        (clean(text), "ok"),
    ]


@pytest.mark.parametrize("entries", [LEAST, 400, 600])
def test_it_has_as_many_entries_as_asked_for(entries):
    learnt = learn_tokenizer(texts(), entries, SPECIAL_TOKENS)
    assert len(learnt) == len(learnt.get_vocab()) == entries
    assert sorted(learnt.get_vocab().values()) == list(range(entries))


def test_few_texts_give_fewer_and_every_byte_is_there():
    learnt = learn_tokenizer(["hello there", "hello"], 5_000, SPECIAL_TOKENS)
    assert LEAST <= len(learnt) < LEAST + 20
    nothing = learn_tokenizer([], 600, SPECIAL_TOKENS)
    assert len(nothing) == LEAST
    assert nothing.decode(nothing("Ünï 😂").input_ids) == "Ünï 😂"


def test_more_entries_make_shorter_text():
    lengths = [len(learn_tokenizer(texts(), n, ())(texts()[0]).input_ids) for n in (257, 400, 600)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == len(texts()[0].encode())
    assert lengths[0] > 2 * lengths[-1]


def test_the_same_texts_give_the_same():
    one, two = (learn_tokenizer(texts(), 500, SPECIAL_TOKENS) for _ in range(2))
    assert one.backend_tokenizer.to_str() == two.backend_tokenizer.to_str()
    assert learn_tokenizer(iter(texts()), 500, SPECIAL_TOKENS).get_vocab() == one.get_vocab()


def test_its_special_tokens_are_whole_and_name_themselves(tokenizer):
    assert natural_form(tokenizer) == "tokens"
    assert (tokenizer.bos_token, tokenizer.eos_token) == (END, END)
    assert {END, *SPECIAL_TOKENS} <= set(tokenizer.all_special_tokens)
    for token in (END, *SPECIAL_TOKENS):
        assert tokenizer(token).input_ids == [tokenizer.convert_tokens_to_ids(token)]


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("tiny", (2, 128)),
        ("small", (6, 256)),
        ("medium", (6, 384)),
        ("large", (12, 512)),
        ("gpt2", (12, 768)),
        ("1x64", (1, 64)),
        ("99x9984", (99, 9984)),
    ],
)
def test_a_size_has_layers_and_a_width(size, expected):
    assert layers_and_width(size) == expected


@pytest.mark.parametrize(
    "size",
    ["", "huge", "6", "x256", "6x", "6x0", "0x256", "6x100", "6x32", "6X256", "6x256 ", "-6x256",
     "6x256x2", "100x256", "6x25600", "6.5x256", "SMALL", "6×256"],
)  # fmt: skip
def test_a_size_that_is_none_is_told_with_those_there_are(size):
    with pytest.raises(BaseError, match="There is no size") as told:
        layers_and_width(size)
    assert f'"{size}"' in told.value.what
    for known in (*SIZES, "6x256"):
        assert known in told.value.hint


def test_a_base_of_no_size_is_not_made(tokenizer):
    with pytest.raises(BaseError, match='There is no size "6x100"'):
        new_base(tokenizer, "6x100")


@pytest.mark.parametrize(
    ("size", "millions"),
    [("tiny", 1.5), ("small", 7), ("medium", 14), ("large", 42), ("gpt2", 92)],
)
def test_sizes_are_as_large_as_they_say(size, millions):
    """With 8,192 entries, counted by hand: the table, the positions, 12 width² a layer."""
    layers, width = layers_and_width(size)
    count = (8192 + 512) * width + 12 * layers * width**2
    assert count == pytest.approx(millions * 1e6, rel=0.05)
    assert size in SIZES


# -- the model -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base(tokenizer):
    return new_base(tokenizer, "2x128", positions=96, seed=5)


def test_it_is_a_gpt2_of_that_size(base, tokenizer):
    config = base.model.config
    assert (base.name, base.where) == ("2x128", None)
    assert (config.n_layer, config.n_embd, config.n_head, config.n_positions) == (2, 128, 2, 96)
    assert config.vocab_size == len(tokenizer) == base.model.get_input_embeddings().num_embeddings
    assert {p.dtype for p in base.model.parameters()} == {torch.float32}
    assert {m.p for m in base.model.modules() if isinstance(m, torch.nn.Dropout)} == {0.0}
    assert config.eos_token_id == config.bos_token_id == tokenizer.convert_tokens_to_ids(END)
    table = base.model.get_input_embeddings().weight
    assert base.model.get_output_embeddings().weight is table


def test_it_begins_knowing_nothing(base, tokenizer):
    ids = torch.tensor([tokenizer(WORDS).input_ids[:64]])
    with torch.no_grad():
        nats = float(base.model(ids, labels=ids).loss)
    assert nats == pytest.approx(torch.tensor(float(len(tokenizer))).log().item(), abs=0.4)


def test_it_comes_back_from_a_folder_as_it_was(base, tmp_path):
    base.model.save_pretrained(tmp_path / "base")
    base.tokenizer.save_pretrained(tmp_path / "base")
    again = open_base(str(tmp_path / "base"))
    ids = torch.tensor([base.tokenizer(WORDS).input_ids[:64]])
    with torch.no_grad():
        torch.testing.assert_close(again.model(ids).logits, base.model.eval()(ids).logits)
    assert again.tokenizer.get_vocab() == base.tokenizer.get_vocab()
    assert again.tokenizer("<|end|> 😂").input_ids == base.tokenizer("<|end|> 😂").input_ids
    assert natural_form(again.tokenizer) == "tokens"
    facts = describe_base(str(tmp_path / "base"))
    assert (facts.layers, facts.width, facts.window) == (2, 128, 96)
    assert facts.parameters == sum(p.numel() for p in base.model.parameters())


def test_its_tokenizer_knows_how_long_a_text_may_be(tmp_path):
    made = new_base(learn_tokenizer([], LEAST, SPECIAL_TOKENS), "1x64", positions=96)
    made.model.save_pretrained(tmp_path)
    made.tokenizer.save_pretrained(tmp_path)
    assert open_base(str(tmp_path)).tokenizer.model_max_length == 96


def test_a_seed_says_what_it_begins_with(tokenizer):
    def weights(seed):
        return new_base(tokenizer, "1x64", seed=seed).model.state_dict()

    one, same, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["transformer.wte.weight"], other["transformer.wte.weight"])


def test_making_one_disturbs_nobodys_random_numbers(tokenizer):
    torch.manual_seed(11)
    wanted = torch.rand(4)
    torch.manual_seed(11)
    new_base(tokenizer, "1x64", seed=3)
    assert torch.equal(torch.rand(4), wanted)

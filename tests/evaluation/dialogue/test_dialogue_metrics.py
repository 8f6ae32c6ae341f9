"""The metrics of DialoGPT and ConvAI2 against values computed by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.evaluation.dialogue.bleu import bleu
from chatmimic.evaluation.dialogue.dstc import compared, score, score_people
from chatmimic.evaluation.dialogue.f1 import answer_words, f1
from chatmimic.evaluation.dialogue.meteor import meteor
from chatmimic.evaluation.dialogue.nist import nist
from chatmimic.evaluation.dialogue.tokens import mteval_tokens, normalised
from chatmimic.evaluation.diversity import average_length, distinct, entropy, ngrams

texts = st.lists(st.sampled_from("abcde"), min_size=1, max_size=8)


# --- tokens ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The two examples of dstc/tokenizers.py.
        (
            " I don't know:). how about this?https://github.com/golsun/deep-RL-time-series",
            "i do n't know :) . how about this ? __url__",
        ),
        ("please try [ GitHub ] ( https://github.com )", "please try github"),
        ("I won't, I can't", "i will n't , i can n't"),
        ("can't can't", "can n't ca n't"),
        ("He'd say it's THEM, get'em", "he 'd say it 's them , get 'em"),
        ("i'd've", "i 'd 've"),
        ("100% sûr — 3.5 & more", "100 s r 3.5 more"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_text_is_normalised_as_published(text, expected):
    assert normalised(text) == expected


@given(st.text())
def test_what_is_normalised_has_tokens_between_single_spaces(text):
    found = normalised(text)
    assert found == " ".join(found.split())
    assert found.isascii()


def test_mteval_separates_punctuation_but_not_within_numbers():
    assert mteval_tokens("it 's 3.5, ok?") == ["it", "'s", "3.5", ",", "ok", "?"]
    assert mteval_tokens(":)") == [":", ")"]


# --- entropy, distinct, length ---


def test_entropy_is_in_nats_over_the_ngrams_of_all_replies():
    # Bigrams: ab ab bc; −⅔ ln ⅔ − ⅓ ln ⅓. None crosses from one reply to the next.
    replies = [["a", "b"], ["a", "b", "c"]]
    expected = -(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)
    assert entropy(replies, 2) == pytest.approx(expected)
    assert entropy([["a", "b", "c", "d", "e"]]) == pytest.approx(math.log(2))  # two 4-grams
    assert entropy([["a"]]) == 0


@pytest.mark.parametrize(("order", "expected"), [(1, 3 / 5), (2, 2 / 3), (4, 0)])
def test_distinct_is_different_ngrams_over_all(order, expected):
    assert distinct([["a", "b"], ["a", "b", "c"]], order) == pytest.approx(expected)


def test_an_empty_reply_counts_for_the_length():
    assert average_length([["a", "b", "c"], []]) == 1.5
    assert average_length([]) == 0


@given(st.lists(texts, min_size=1), st.integers(1, 4))
def test_entropy_is_largest_where_every_ngram_is_different(replies, order):
    total = sum(len(list(ngrams(reply, order))) for reply in replies)
    most = math.log(total) if total else 0
    assert -1e-9 <= entropy(replies, order) <= most + 1e-9
    assert 0 <= distinct(replies, order) <= 1


# --- BLEU ---


@pytest.mark.parametrize(
    ("reply", "references", "order", "expected"),
    [
        # Unigrams 3 of 5 (a once), bigrams ab of 4; 5 tokens against the closest, 4: no penalty.
        ("a b a c x", ["a b d e", "a c"], 2, math.sqrt(3 / 5 * 2 / 4)),
        # The longest count of an n-gram in any one reference limits it: a once. No bigram: 1/2.
        ("a a", ["a b", "c a"], 2, math.sqrt(1 / 2 * (1 / 2) / 1)),
        # Too short: exp(1 − 4/2).
        ("a b", ["a b c d"], 2, math.exp(-1)),
        # References of 3 and 5 tokens are equally close to 4: the shorter counts, no penalty.
        ("a b c d", ["a b c", "a b c d e"], 2, 1),
        # Two orders without a match are 1/2 and 1/4 matches.
        ("a b x c d", ["a b y c d"], 4, (4 / 5 * 2 / 4 * (1 / 2) / 3 * (1 / 4) / 2) ** 0.25),
        ("Ok, sure.", ["ok , SURE ."], 4, 1),
        ("x", ["a"], 2, 0),
    ],
)
def test_bleu_of_one_reply(reply, references, order, expected):
    assert bleu([reply], [references], order) == pytest.approx(expected)


def test_bleu_adds_counts_of_replies_with_different_numbers_of_references():
    # Unigrams 3 of 4, bigrams 1 of 2, lengths equal.
    found = bleu(["a b", "c d"], [["a b"], ["c e", "x y", "z w"]], 2)
    assert found == pytest.approx(math.sqrt(3 / 4 * 1 / 2))


# --- NIST ---


def test_nist_weighs_ngrams_by_their_information():
    # Of 4 tokens in the references a is there twice: log₂ 4/2 = 1 bit; b once: 2 bits. The bigram
    # a b is one of the two that follow a: log₂ 2/1 = 1 bit. Unigrams (1 + 2) / 2, bigrams 1 / 1.
    references = [[["a", "b"], ["a", "c"]]]
    assert nist([["a", "b"]], references, 1) == pytest.approx(1.5)
    assert nist([["a", "b"]], references, 2) == pytest.approx(2.5)
    assert nist([["a", "b"]], references, 4) == pytest.approx(2.5)


def test_nist_counts_an_ngram_that_is_in_any_reference():
    # b and c are each in one reference: 2 + 2 bits of 2 tokens; the bigram is in none.
    assert nist([["b", "c"]], [[["a", "b"], ["a", "c"]]], 2) == pytest.approx(2)


def test_nist_halves_the_score_of_replies_two_thirds_as_long():
    # log₂ 3 bits for each of 2 tokens; references of 3 tokens.
    assert nist([["a", "b"]], [[["a", "b", "c"]]], 1) == pytest.approx(math.log2(3) / 2)
    assert nist([[]], [[["a"]]], 2) == 0


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), st.integers(1, 4))
def test_with_one_reference_nist_is_that_of_nltk(pairs, order):
    from nltk.translate.nist_score import corpus_nist

    replies, references = [reply for reply, _ in pairs], [[own] for _, own in pairs]
    if max(map(len, replies)) >= order:  # NLTK divides by the number of n-grams
        expected = corpus_nist(references, replies, order)
        assert nist(replies, references, order) == pytest.approx(expected)


# --- METEOR ---


@pytest.mark.parametrize(
    ("reply", "references", "expected"),
    [
        ("the cat sat", ["a dog", "the cat sat"], 1),
        # Stems: two matches of 2 and 2, so F = 1, in one chunk.
        ("cats sits", ["cat sit"], 1 - 0.6 * (1 / 2) ** 0.2),
        # P = 2/3, R = 1: F = (2/3) / (0.85 · 2/3 + 0.15) = 40/43; two chunks of two matches.
        ("a x b", ["a b"], 40 / 43 * (1 - 0.6)),
        # The best of the references: P = R = 1/2.
        ("a b", ["c d", "a c"], 1 / 2 * (1 - 0.6)),
        ("big", ["large"], 0),
        ("", ["a"], 0),
    ],
)
def test_meteor_of_one_reply(reply, references, expected):
    found = meteor([reply.split()], [[text.split() for text in references]])
    assert found == pytest.approx(expected)


def test_meteor_is_the_mean_of_the_replies():
    assert meteor([["a"], ["b"]], [[["a"]], [["c"]]]) == pytest.approx(1 / 2)
    assert meteor([], []) == 0


# --- F1 ---


@pytest.mark.parametrize(
    ("reply", "true", "expected"),
    [
        ("The cat!", "a cat", 1),
        ("i like cats", "i like big dogs .", 2 * 2 / (3 + 4)),
        ("no no no", "no", 2 * 1 / (3 + 1)),
        ("x", "y", 0),
        ("", "y", 0),
        ("the", "an", 0),  # no words at all
    ],
)
def test_f1(reply, true, expected):
    assert f1(reply, true) == pytest.approx(expected)
    assert f1(true, reply) == pytest.approx(expected)


def test_an_answer_s_words_have_no_punctuation_and_articles():
    assert answer_words("The man's an X-ray, isn't it?") == [
        "man",
        "s",
        "x",
        "ray",
        "isn",
        "t",
        "it",
    ]


# --- the rows ---


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ("012345", "022345"),  # the second is held out, and the next in its place
        ("01234567", "022345"),  # no more than six
        ("012", "022022"),  # fewer begin again
        ("01", "000000"),
        ("0", "000000"),  # a single one is not held out
    ],
)
def test_six_references_without_the_human_reply(references, expected):
    assert compared(list(references)) == list(expected)


def test_the_rows_of_replies_and_people():
    references = [["how are you?", "I'm fine", "fine, thanks"], ["only this"]]
    row, people = score(["Fine, thanks", "only this"], references), score_people(references)
    assert row.contexts == 2
    assert row.bleu_2 == pytest.approx(1)
    assert row.average_length == 2.5
    assert row.distinct_1 == 1
    assert row.entropy_4 == 0
    assert people is not None
    assert people.contexts == 1
    assert people.average_length == 3  # i 'm fine
    # Of i 'm fine one unigram matches, and no bigram: 1/2 of 2; no penalty for 3 tokens.
    assert people.bleu_2 == pytest.approx(math.sqrt(1 / 3 * (1 / 2) / 2))
    assert score_people([["only this"]]) is None

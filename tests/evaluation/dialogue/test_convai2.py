"""A mimic on examples of ConvAI2: its probabilities, ranking and figures."""

import math
from dataclasses import replace

import pytest
import torch
from talking_support import write_tiny_mimic

from chatmimic.evaluation.dialogue.convai2 import Outcome, evaluate, is_hit, summed
from chatmimic.evaluation.dialogue.convai2_file import Example
from chatmimic.evaluation.dialogue.respondent import Respondent
from chatmimic.evaluation.intervals import wilson
from chatmimic.generation import Decoding
from chatmimic.records import Kind, Message

SHORT = Decoding(max_tokens=8)
CATS = ("I have cats.",)


@pytest.fixture(scope="module", params=["tokens", "named", "short"])
def loaded(request, tmp_path_factory, tiny_base):
    folder = tmp_path_factory.mktemp("mimic") / "ada"
    return write_tiny_mimic(folder, tiny_base, request.param).load()


def nats_at_once(loaded, prompt, body):
    """The same with one plain call of the model."""
    ids = torch.tensor([prompt + body])
    with torch.no_grad():
        rows = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(body) - 1)
    return [-float(rows[place, ids[0, place + 1]]) for place in places]


def test_nats_are_those_of_the_model_for_the_text_and_its_end(loaded):
    form, respondent = loaded.form, Respondent(loaded, SHORT)
    texts = ["I think", "no tea today"]
    found = respondent.nats(["tea?", "no", "why"], texts)
    history = [
        Message("Bob", "tea?"),
        Message("Ada Lovelace", "no"),
        Message("Bob", "why"),
    ]
    for text, (nats, tokens) in zip(texts, found, strict=True):
        body = form.body(Message("Ada Lovelace", text))
        at_once = nats_at_once(loaded, form.prompt(history, "Ada Lovelace"), body)
        assert (nats, tokens) == (pytest.approx(sum(at_once), rel=1e-4), len(body))


@pytest.mark.parametrize("trained", [False, True])
def test_sentences_about_the_persona_are_facts_only_for_who_knows_facts(loaded, trained):
    manifest = {**loaded.mimic.manifest, "facts": ["I like tea."] if trained else []}
    mimic = replace(loaded, mimic=replace(loaded.mimic, manifest=manifest))
    found = Respondent(mimic, SHORT).given(CATS).nats(["hi"], ["ok"])
    about = Message("about Ada Lovelace", CATS[0], kind=Kind.OTHER)
    said = Message("Ada Lovelace", CATS[0])
    prompt = loaded.form.prompt([about if trained else said, Message("Bob", "hi")], "Ada Lovelace")
    body = loaded.form.body(Message("Ada Lovelace", "ok"))
    assert found[0][0] == pytest.approx(sum(nats_at_once(loaded, prompt, body)), rel=1e-4)


def test_a_text_is_cut_off_where_the_context_is_full(loaded):
    [(_, tokens)] = Respondent(loaded, SHORT).nats(["hi"], ["tea " * 200])
    assert 64 < tokens < 128


def test_replies_can_be_generated_again(loaded):
    first, again = Respondent(loaded, SHORT), Respondent(loaded, SHORT)
    replies = first.replies([["hi"]] * 4)
    assert replies == again.replies([["hi"]] * 4)
    assert len(set(replies)) > 1  # each with a seed of its own
    assert Respondent(loaded, replace(SHORT, seed=1)).replies([["hi"]]) == replies[1:2]


def test_the_figures_of_a_mimic(loaded):
    examples = [
        Example(CATS, ("hi",), "ok lol", ("ok lol", "tea garden")),
        Example(CATS, ("hi", "ok lol", "tea?"), "yes, fine", ()),
    ]
    respondent, done = Respondent(loaded, SHORT), []
    scores = evaluate(respondent, examples, done.append)
    one, other = respondent.given(CATS).nats(examples[0].turns, ["ok lol", "tea garden"])
    [two] = respondent.nats(examples[1].turns, ["yes, fine"])
    nats = one[0] + two[0]
    assert scores.perplexity_per_token == pytest.approx(math.exp(nats / (one[1] + two[1])))
    assert scores.perplexity_per_word == pytest.approx(math.exp(nats / 7))  # 2, 3 and two ends
    assert scores.hits_at_1 == (one[0] / one[1] < other[0] / other[1])
    assert (scores.chance, scores.examples, done) == (0.5, 2, [1, 2])


@pytest.mark.parametrize(
    ("means", "hit"),
    [
        ({"yes": 1.0, "no": 2.0}, True),
        ({"yes": 2.0, "no": 1.0}, False),
        ({"yes": 1.0, "no": 1.0}, False),  # a tie
        ({"yes": 2.0, "Yes!": 1.0, "no": 3.0}, True),  # the same but for punctuation
    ],
)
def test_a_hit_is_the_likeliest_candidate(means, hit):
    assert is_hit(means, "yes") is hit


def test_figures_are_weighted_by_tokens_and_words():
    # 12 nats over 4 tokens and 6 words; without candidates there are no hits.
    found = summed([Outcome(8, 1, 4, 0.5, None, 0), Outcome(4, 3, 2, 0.0, None, 0)])
    assert found.perplexity_per_token == pytest.approx(math.exp(3))
    assert found.perplexity_per_word == pytest.approx(math.exp(2))
    assert (found.hits_at_1, found.hits_at_1_interval, found.chance) == (None, None, None)
    # The standard error of 0 and ½ is ¼: ¼ ± 1.959964 / 4, within 0 and 1.
    assert (found.f1, found.f1_interval) == (0.25, pytest.approx((0, 0.739991)))
    assert summed([Outcome(1e6, 1, 1, 0, True, 20)]).perplexity_per_token == math.exp(700)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(14, 20, 0.481, 0.855), (0, 10, 0, 0.278), (10, 10, 0.722, 1)],
)
def test_the_interval_of_a_share_is_wilson_s(hits, count, low, high):
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-4)


def test_where_all_examples_agree_the_interval_has_a_width():
    low, high = summed([Outcome(1.0, 1, 1, 0.0, None, 0)] * 3).f1_interval
    assert low == 0
    assert 0.5 < high < 0.6

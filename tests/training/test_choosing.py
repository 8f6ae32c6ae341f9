"""The second head: its scores, its loss, which exchanges a step takes, and that it learns."""

import math
import random

import numpy as np
import pytest
import torch
from tests_support import talk

from chatmimic.training.objective.next_utterance import (
    ChoiceHead,
    choice_loss,
    last_states,
    numbers_of,
    right_share,
)
from chatmimic.transcript import Cast, make_form
from chatmimic.windows.choices import write_choices

CANDIDATES = 4


# -- head and loss ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "nats", "right"),
    [
        ([[0.0, 0.0]], math.log(2), 0),  # a tie is no hit
        ([[0.0, 0.0, 0.0, 0.0]] * 2, 2 * math.log(4), 0),
        ([[math.log(3), 0.0]], math.log(4 / 3), 1),
        ([[0.0, math.log(3)]], math.log(4), 0),
        ([[50.0, 0.0, 1.0], [0.0, 50.0, 1.0]], 50.0, 1),
        ([[math.nan, 0.0]], math.nan, 0),
    ],
)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_the_loss_is_the_cross_entropy_of_the_first(scores, nats, right, kind):
    found, hits = choice_loss(torch.tensor(scores, dtype=kind))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(nats, rel=1e-2, nan_ok=True)
    assert hits.item() == right


def test_the_head_scores_each_candidate_by_itself():
    torch.manual_seed(0)
    head = ChoiceHead(32)
    states = torch.randn(6, 32)
    scores = head(states, 3)
    assert scores.shape == (2, 3)
    for row in range(6):
        alone = head(states[row : row + 1], 1)
        assert scores[row // 3, row % 3].item() == pytest.approx(alone.item(), abs=1e-6)


def test_the_head_is_the_same_for_the_same_seed_and_begins_small():
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        heads.append(ChoiceHead(4096).score.weight)
    assert heads[0].equal(heads[1])
    assert not heads[0].equal(heads[2])
    assert heads[0].std().item() == pytest.approx(0.02, rel=0.05)


# -- which exchanges -------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(1, 5), (3, 10), (4, 4), (7, 3)])
def test_a_pass_takes_every_exchange_once(count, size):
    taken = np.concatenate([numbers_of(3, step, count, size) for step in range(4 * size)])
    passes = taken.reshape(-1, size)
    assert (np.sort(passes, 1) == np.arange(size)).all()
    if size > 5:
        assert len({tuple(row) for row in passes.tolist()}) > 1


def test_a_step_takes_the_same_exchanges_whenever_it_is_asked():
    steps = [numbers_of(0, step, 4, 50).tolist() for step in range(20)]
    assert numbers_of(0, 13, 4, 50).tolist() == steps[13]
    assert numbers_of(1, 13, 4, 50).tolist() != steps[13]


# -- with a model ----------------------------------------------------------------------------------

ANSWERS = {"tea": "fine", "garden": "ok", "train": "see", "cat": "again"}
BEFORE = ("hello", "there", "how are you", "thanks", "lol", "what")


@pytest.fixture(scope="module")
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture(scope="module")
def model(tiny_base):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa")
    for parameter in model.parameters():  # far from uniform, as a base that has read something is
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture(scope="module")
def choices(form, tmp_path_factory):
    """Exchanges of two days: Ada answers each thing in one way; on the last nobody asks."""

    def write(name, count, *, requested=True):
        chance = random.Random(name)
        conversations = []
        for n in range(count):
            thing = chance.choice(list(ANSWERS))
            bob = f"Bob: {chance.choice(BEFORE)}" + (f" {thing}" if requested else "")
            conversations.append(talk(bob, f"Ada: {ANSWERS[thing]}", start=n * 10**8))
        folder = tmp_path_factory.mktemp("choices") / name
        return write_choices(
            conversations, form, "Ada", folder, context=1, window=64, candidates=CANDIDATES
        )

    return {
        "learnt": write("l", 240),
        "later": write("h", 80),
        "blind": write("b", 80, requested=False),
    }


def scorer(model, head):
    def score(ids, last):
        hidden = model.base_model(ids, use_cache=False).last_hidden_state
        return head(last_states(hidden, last), CANDIDATES)

    return score


def share(choices, score, *, most=1000, at_once=16):
    with torch.no_grad():
        return right_share(choices, score, candidates=CANDIDATES, most=most, at_once=at_once)


def test_what_stands_to_the_right_changes_no_score(model, choices):
    score = scorer(model, ChoiceHead(32))
    batch = choices["learnt"].batch(np.arange(8), CANDIDATES, 0)
    assert len(set(batch.last.tolist())) > 1
    wider = torch.nn.functional.pad(batch.ids, (0, 9), value=7)
    with torch.no_grad():
        torch.testing.assert_close(score(batch.ids, batch.last), score(wider, batch.last))


@pytest.mark.parametrize(("most", "requested"), [(1000, 80), (80, 80), (7, 7), (1, 1)])
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_the_share_counts_each_exchange_that_is_asked_once(choices, most, requested, at_once):
    sizes = []

    def knows_every_other(ids, last):
        sizes.append(len(ids) // CANDIDATES)
        scores = torch.zeros(sizes[-1], CANDIDATES)
        places = torch.arange(sum(sizes[:-1]), sum(sizes))
        scores[:, 0] = (places % 2 == 0).float()
        return scores

    found = share(choices["later"], knows_every_other, most=most, at_once=at_once)
    assert found == (requested + 1) // 2 / requested
    assert sum(sizes) == requested
    assert max(sizes) <= at_once


def test_the_share_is_the_same_however_many_are_read_at_once(model, choices):
    torch.manual_seed(0)
    score = scorer(model, ChoiceHead(32))
    shares = {share(choices["later"], score, at_once=at_once) for at_once in (1, 7, 80)}
    assert len(shares) == 1


def test_training_teaches_which_reply_belongs_to_what_was_said(model, choices):
    torch.manual_seed(0)
    head, learnt = ChoiceHead(32), choices["learnt"]
    score = scorer(model, head)
    before = share(choices["later"], score)
    parameters = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, betas=(0.9, 0.99))
    for step in range(80):
        batch = learnt.batch(numbers_of(0, step, 16, len(learnt)), CANDIDATES, step)
        nats, _ = choice_loss(score(batch.ids, batch.last))
        optimizer.zero_grad()
        (nats / 16).backward()
        optimizer.step()
    assert before < 0.5  # chance is a quarter
    assert share(choices["later"], score) > 0.8
    # Where the reply does not depend on what was said, there is nothing to tell it by.
    assert share(choices["blind"], score) < 0.5

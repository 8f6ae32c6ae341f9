"""What a word weighs: from an option to a window, and from there to the loss and the gradient."""

import json

import numpy as np
import pytest
import torch
from tests_support import talk
from torch.nn import functional
from training_support import chatter, digest, fill, stop_after, train

from chatmimic.records import Conversation, Message, Reaction
from chatmimic.training import TrainSettings
from chatmimic.training.data.dataset import write_held_out, write_train
from chatmimic.training.data.sampler import BatchSampler
from chatmimic.training.data.split import Material
from chatmimic.training.objective.loss import LossModule, feed, weight_of
from chatmimic.training.plan import Plan
from chatmimic.training.state import State
from chatmimic.transcript import Cast, Mark, make_form
from chatmimic.windows import Windows

LIKED = (Reaction("♥", "Cy"),)
SAID = Conversation(
    (
        Message("Bob", "hello there", 1, message_id="a"),
        Message("Ada", "fine thanks", 2, message_id="b"),
        Message("Bob", "what a day", 3, message_id="c", reactions=LIKED),
        Message("Ada", "see you later", 4, message_id="d"),  # answered
        Message("Bob", "ok", 5, message_id="e", reply_to="d"),
        Message("Ada", "lol", 6, reactions=LIKED),
    )
)
LATER = talk("Bob: how are you", "Ada: fine", "Bob: see", "Ada: ok", start=10**12)


@pytest.fixture(scope="module")
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture
def written(form, tmp_path):
    """Writes windows of the talk above with some settings: learnt or held out."""

    def write(which=write_train, imitated="Ada", **requested):
        material = Material("Ada", form.cast, (SAID,), (LATER,), "", imitated=imitated)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        return which(material, (), TrainSettings(**requested), form, window=128, folder=folder)

    return write


def weights_of(windows, form):
    """What the words of each message weigh in the only window; 0 where they are not learnt."""
    assert len(windows) == 1
    starts = [*form.encode(SAID).starts, None]
    found = []
    for start, end in zip(starts, starts[1:], strict=False):
        body = slice(start + 1, end or int(np.argmax(windows.positions[0])))
        learnt = set(np.asarray(windows.marks[0, body]).tolist())
        weights = [1.0] if windows.weights is None else np.unique(windows.weights[0, body]).tolist()
        assert len(learnt) == len(weights) == 1
        found.append(weights[0] if learnt == {Mark.TEXT} else 0)
    return found


# -- windows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ({}, [0, 1, 0, 1, 0, 1]),
        ({"others": 0.2}, [0.2, 1, 0.2, 1, 0.2, 1]),
        ({"auxiliary": 0.25}, [0.2, 1, 0.2, 1, 0.2, 1]),
        ({"auxiliary": 1.0}, [0.5, 1, 0.5, 1, 0.5, 1]),
        ({"others": 1.0}, [1, 1, 1, 1, 1, 1]),
        ({"learn": "all"}, [1, 1, 1, 1, 1, 1]),
        ({"imitated": None}, [1, 1, 1, 1, 1, 1]),
        ({"others": 3.0}, [3, 1, 3, 1, 3, 1]),
        ({"popular": 0.5}, [0, 1, 0, 1.5, 0, 1.5]),
        ({"popular": 0.5, "others": 0.2}, [0.2, 1, 0.3, 1.5, 0.2, 1.5]),
        ({"popular": 1.0, "learn": "all"}, [1, 1, 2, 2, 1, 2]),
        ({"popular": 1.0, "imitated": None}, [1, 1, 2, 2, 1, 2]),
    ],
)
def test_each_message_weighs_what_was_asked_for(written, form, requested, expected):
    windows = written(**requested)
    assert weights_of(windows, form) == pytest.approx(expected)
    assert (windows.weights is None) == (set(expected) <= {0, 1})


@pytest.mark.parametrize("requested", [{}, {"others": 0.2}, {"popular": 2.0}, {"learn": "all"}])
def test_what_is_tested_on_is_the_persona_s_words_all_alike(written, requested):
    plain, weighed = written(write_held_out), written(write_held_out, **requested)
    for name in ("ids", "marks", "positions", "characters"):
        assert np.array_equal(getattr(plain, name), getattr(weighed, name)), name
    assert weighed.weights is None


def test_characters_are_counted_where_words_are_learnt(written):
    def size(*senders):
        return sum(len(m.text) + 1 for m in SAID.messages if m.sender in senders)

    assert written().total_characters == size("Ada")
    assert written(others=0.2).total_characters == size("Ada", "Bob")


def test_windows_that_weigh_nothing_apart_leave_no_weights_behind(form, tmp_path):
    material = Material("Ada", form.cast, (SAID,), (LATER,), "", imitated="Ada")
    given = {"window": 128, "folder": tmp_path}
    assert write_train(material, (), TrainSettings(others=0.2), form, **given).weights is not None
    assert write_train(material, (), TrainSettings(), form, **given).weights is None


# -- the loss --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tiny_base):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa")
    for parameter in model.parameters():  # far from uniform: tokens differ in what they cost
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def by_hand(model, windows):
    """(nats of each learnt token, what it weighs) in the only window."""
    fed = feed(windows, np.arange(1))
    length = int(fed["positions"].max()) + 1
    ids, marks = fed["ids"][:, :length], fed["marks"][0, 1:length]
    nats = functional.cross_entropy(model(ids).logits[0, :-1], ids[0, 1:], reduction="none")
    weights = fed["weights"][0, 1:length] if "weights" in fed else torch.ones(length - 1)
    return nats[marks != Mark.CONTEXT], weights[marks != Mark.CONTEXT]


@pytest.mark.parametrize("requested", [{}, {"others": 0.2}, {"popular": 0.5}, {"learn": "all"}])
def test_the_loss_is_the_weighted_sum_of_the_nats(written, model, requested):
    windows = written(**requested)
    result = LossModule(model)(**feed(windows, np.arange(1)))
    nats, weights = by_hand(model, windows)
    assert result.loss.item() == pytest.approx((nats * weights).sum().item(), rel=1e-5)
    assert result.loss_tokens == len(nats)
    assert weight_of(windows, np.arange(1)) == pytest.approx(weights.sum().item())


def test_the_gradient_is_the_weighted_sum_of_those_of_each_side(written, model):
    fed = feed(written(others=0.2), np.arange(1))
    own = fed["weights"] == 1.0
    loss_module = LossModule(model)

    def gradient(weights):
        model.zero_grad()
        loss_module(**{**fed, "weights": weights}).loss.backward()
        return [p.grad.clone() for p in model.parameters()]

    weighed = gradient(fed["weights"])
    persona, others = gradient(own.float()), gradient((~own).float())
    for one, two, both in zip(persona, others, weighed, strict=True):
        torch.testing.assert_close(both, one + 0.2 * two, atol=1e-4, rtol=1e-3)
    assert any((o.abs() > 1e-3).any() for o in others)


# -- a run -----------------------------------------------------------------------------------------


def begun(home, base, **requested):
    """The windows, the plan and the state of a run that was stopped after a step."""
    train(home, base, callbacks=stop_after(1), **requested)
    folder = home.runs / "ada"
    plan = Plan.from_dict(json.loads((folder / "ready.json").read_text("utf-8"))["plan"])
    state = json.loads((folder / "checkpoints" / "step-000001" / "state.json").read_text("utf-8"))
    return Windows.open(folder / "learnt"), plan, state


@pytest.mark.parametrize("requested", [{}, {"others": 0.2}, {"learn": "all", "popular": 2.0}])
def test_the_loss_of_a_step_is_per_weight(home, tiny_base, requested):
    from transformers import AutoModelForCausalLM

    messages = [
        Message(
            m.sender, m.text, m.sent_at, service="irc", thread="#tea", reactions=LIKED * (n % 2)
        )
        for n, m in enumerate(chatter())
    ]
    windows, plan, state = begun(fill(home, messages), tiny_base, **requested)
    (part,) = BatchSampler(plan, 0, windows).of(State())
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa").eval()
    with torch.no_grad():
        nats = float(LossModule(model)(**feed(windows, part.rows)).loss)
    assert state["smoothed"] == pytest.approx(nats / weight_of(windows, part.rows), rel=1e-5)


def test_reactions_and_answers_travel_from_the_archive_to_the_windows(home, tiny_base):
    def sent(n, m):
        liked = {"reactions": LIKED} if n % 20 == 3 else {}
        answers = {"reply_to": str(n - 1)} if n % 20 == 10 else {}
        return Message(
            m.sender, m.text, m.sent_at, service="irc", thread="#tea", message_id=str(n), **liked,
            **answers,
        )  # fmt: skip

    messages = [sent(n, m) for n, m in enumerate(chatter())]
    windows, _, _ = begun(fill(home, messages), tiny_base, learn="all", popular=0.5)
    learnt = np.asarray(windows.marks) == Mark.TEXT
    weights = np.asarray(windows.weights)[learnt]
    assert set(np.unique(weights).tolist()) == {1.0, 1.5}
    assert 0.05 < (weights == 1.5).mean() < 0.2  # a tenth of the messages


SAME = [
    ({"others": 0.2}, {"auxiliary": 0.25}, True),
    ({"others": 1.0}, {"learn": "all"}, True),
    ({"others": 0.2}, {}, False),
    ({"popular": 1.0}, {}, True),  # nobody reacted, nobody answered
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_what_is_said_in_two_ways_is_one_training(home, tiny_base, one, other, same):
    made = fill(home)
    digests = []
    for requested in (one, other):
        train(made, tiny_base, replace=True, steps=2, **requested)
        digests.append(digest(made))
    assert (digests[0] == digests[1]) is same

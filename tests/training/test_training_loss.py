"""The loss: pieces of a window do not see each other, and only what is learnt counts."""

import numpy as np
import pytest
import torch
from tests_support import talk
from torch.nn import functional

from chatmimic.training.objective import loss as loss_module
from chatmimic.training.objective.loss import LossModule, feed, head_is_plain, keeps_apart
from chatmimic.transcript import Cast, Mark, make_form
from chatmimic.windows import build_windows

ADA = frozenset({"Ada"})
FIRST = talk("Bob: hello there", "Ada: fine thanks", "Bob: ok lol", "Ada: see you later")
SECOND = talk("Bob: what a day", "Ada: tea garden train", "Bob: lol", start=10**12)


@pytest.fixture(scope="module")
def model(tiny_base):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa")
    for parameter in model.parameters():  # far from uniform, so that a leak would show
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture(scope="module")
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture
def windows(form, tmp_path):
    def build(*conversations, window=128, learn=ADA, packed=True):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        return build_windows(
            conversations,
            form,
            learn,
            window=window,
            context=12,
            folder=folder,
            packed=packed,
        )

    return build


def surprise(model, windows, rows=None, typed=None):
    rows = np.arange(len(windows)) if rows is None else rows
    return LossModule(model)(**feed(windows, rows, typed))


def gradient(model, value):
    model.zero_grad()
    value.backward()
    return [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_two_conversations_in_one_window_cost_what_they_cost_alone(model, windows, checkpointing):
    packed, alone = windows(FIRST, SECOND), [windows(FIRST), windows(SECOND)]
    assert len(packed) == 1
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()  # checkpointing works in training alone; dropout is off in this base
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    try:
        together = surprise(model, packed)
        apart = [surprise(model, w) for w in alone]
        grads = gradient(model, together.loss)
        sums = gradient(model, apart[0].loss + apart[1].loss)
    finally:
        model.gradient_checkpointing_disable()
        model.eval()
    assert together.loss.item() == pytest.approx(sum(a.loss.item() for a in apart), abs=1e-4)
    assert together.scored.item() == pytest.approx(sum(a.scored.item() for a in apart), abs=1e-4)
    assert together.loss_tokens == sum(a.loss_tokens for a in apart)
    for one, other in zip(grads, sums, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_the_order_of_pieces_in_a_window_does_not_matter(model, windows):
    one, other = surprise(model, windows(FIRST, SECOND)), surprise(model, windows(SECOND, FIRST))
    assert one.loss.item() == pytest.approx(other.loss.item(), abs=1e-4)


def test_the_loss_is_the_cross_entropy_of_the_models_own_logits(model, windows):
    built = windows(FIRST)
    ids, marks, positions = feed(built, np.arange(1)).values()
    length = int(positions.max()) + 1
    logits = model(ids[:, :length]).logits[0, :-1]
    nats = functional.cross_entropy(logits, ids[0, 1:length], reduction="none")
    kept = marks[0, 1:length]
    result = surprise(model, built)
    assert result.loss.item() == pytest.approx(nats[kept != Mark.CONTEXT].sum().item(), abs=1e-4)
    assert result.scored.item() == pytest.approx(nats[kept == Mark.TEXT].sum().item(), abs=1e-4)
    assert result.loss_tokens == (kept != Mark.CONTEXT).sum()
    assert result.scored_tokens == (kept == Mark.TEXT).sum()


def test_only_learnt_rows_carry_loss(model, windows):
    built = windows(FIRST)
    ids, marks, positions = feed(built, np.arange(1)).values()
    whole = surprise(model, built).loss.item()
    half = marks.clone()
    half[0, marks[0].nonzero()[3] :] = Mark.CONTEXT
    less = LossModule(model)(ids, half, positions)
    assert less.loss_tokens == 3
    assert 0 < less.loss.item() < whole
    nothing = LossModule(model)(ids, torch.zeros_like(marks), positions)
    assert nothing.loss.item() == 0
    gradient(model, nothing.loss)  # nothing to learn is no error


def test_the_scored_words_are_the_personas_whoever_is_learnt(model, windows):
    persona, everybody = (
        surprise(model, windows(FIRST)),
        surprise(model, windows(FIRST, learn=None)),
    )
    assert everybody.scored_tokens > persona.scored_tokens
    assert everybody.loss.item() > persona.loss.item()


@pytest.mark.parametrize("kept", [0, 10**9], ids=["computed twice", "kept"])
@pytest.mark.parametrize("rows", [1, 3, 7])
def test_a_loss_in_chunks_is_the_loss(model, windows, monkeypatch, rows, kept):
    built = windows(FIRST, SECOND, learn=None)
    whole = surprise(model, built)
    wanted = gradient(model, whole.loss)
    monkeypatch.setattr(loss_module, "ROWS", rows)
    monkeypatch.setattr(loss_module, "KEPT", kept)
    chunked = surprise(model, built)
    assert chunked.loss.item() == pytest.approx(whole.loss.item(), abs=1e-4)
    assert chunked.scored.item() == pytest.approx(whole.scored.item(), abs=1e-4)
    for one, other in zip(gradient(model, chunked.loss), wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        assert surprise(model, built).loss.item() == pytest.approx(whole.loss.item(), abs=1e-4)


def test_token_types_say_who_speaks(model, windows, form):
    built = windows(FIRST)
    types = feed(built, np.arange(1), form)["types"]
    assert types.shape == built.ids.shape
    speakers = {form.header("Ada")[0], form.header("Bob")[0], form.end_of_conversation}
    assert set(types.unique().tolist()) == speakers
    typed = surprise(model, built, typed=form).loss.item()
    assert typed != pytest.approx(surprise(model, built).loss.item(), abs=1e-3)


def small(kind):
    """A random model of another architecture, with the tiny base's vocabulary."""
    import transformers as t

    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 400}
    configs = {
        "llama": lambda: t.LlamaConfig(**size, intermediate_size=64),
        "qwen2": lambda: t.Qwen2Config(**size, intermediate_size=64, num_key_value_heads=2),
        "gpt_neox": lambda: t.GPTNeoXConfig(**size, intermediate_size=64),
        "opt": lambda: t.OPTConfig(**size, ffn_dim=64, word_embed_proj_dim=32),
        "falcon": lambda: t.FalconConfig(**size),
    }
    torch.manual_seed(2)
    return t.AutoModelForCausalLM.from_config(configs[kind](), attn_implementation="sdpa").eval()


@pytest.mark.parametrize(
    ("kind", "apart"),
    [("llama", True), ("qwen2", True), ("gpt_neox", True), ("opt", False), ("falcon", False)],
)
def test_pieces_share_a_window_only_where_the_architecture_keeps_them_apart(windows, kind, apart):
    model = small(kind)
    assert head_is_plain(model)
    assert keeps_apart(model) == apart  # as random weights are at first …
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    assert keeps_apart(model) == apart  # … and later
    together = surprise(model, windows(FIRST, SECOND, packed=apart)).loss.item()
    alone = [surprise(model, windows(c)).loss.item() for c in (FIRST, SECOND)]
    assert together == pytest.approx(sum(alone), rel=1e-4)


def test_a_head_that_caps_its_logits_is_noticed(model):
    class Capped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.config, self.base_model = model.config, model.base_model
            self.inner = model

        def get_output_embeddings(self):
            return model.get_output_embeddings()

        def forward(self, ids, **given):
            result = model(ids, **given)
            result.logits = 3 * torch.tanh(result.logits / 3)
            return result

    assert head_is_plain(model)
    assert not head_is_plain(Capped())


def test_the_output_head_meets_few_different_shapes(model, monkeypatch):
    """A library that prepares itself for each shape would else hold more with every step."""
    monkeypatch.setattr(loss_module, "ROWS", 2 * loss_module.ROUNDED_TO)
    head, seen = model.get_output_embeddings(), set()
    handle = head.register_forward_hook(lambda _, given, made: seen.add(tuple(made.shape)))
    states = torch.randn(200, head.in_features, requires_grad=True)
    targets = torch.randint(head.out_features, (200,))
    for rows in range(1, 200, 7):
        nats = loss_module._nats(head, states[:rows], targets[:rows])
        exact = functional.cross_entropy(
            states[:rows] @ head.weight.T, targets[:rows], reduction="none"
        )
        torch.testing.assert_close(nats, exact)
        mine, theirs = (
            torch.autograd.grad(one.sum(), states, retain_graph=True)[0] for one in (nats, exact)
        )
        torch.testing.assert_close(mine, theirs)
    handle.remove()
    assert {rows for rows, _ in seen} == {loss_module.ROUNDED_TO, 2 * loss_module.ROUNDED_TO}

"""Sampling one token from a row of logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from chatmimic.errors import MimicError
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.repetition import would_repeat

_RECENT = 64  # last tokens of the reply that the repetition penalty applies to
_SHORTLIST = 256  # tokens that nearly always contain the nucleus; sorting 50,000 is slow


def seeded(seed: int | None, device: torch.device | str = "cpu") -> torch.Generator:
    """A new random generator with that seed; without one, randomly seeded."""
    generator = torch.Generator(device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator


def choose(
    logits: Tensor, reply: Sequence[int], decoding: Decoding, generator: torch.Generator
) -> int | None:
    """Sample the next token after the tokens of `reply`; None if every token is ruled out.

    `logits` has shape `(vocabulary,)`, with minus infinity for tokens that are not allowed; it is
    changed in place. The repetition penalty applies to the reply only, not to the context, so that
    names in it keep their probabilities. Raises MimicError if a logit is NaN.
    """
    if torch.isnan(logits).any():
        raise MimicError(
            "The mimic's logits are not numbers (NaN).",
            "Train it again, with a lower --learning-rate if the loss was unstable.",
        )
    _penalise(logits, reply[-_RECENT:], decoding.repetition_penalty)
    for token in would_repeat(reply, decoding.no_repeat_ngram):
        logits[token] = -torch.inf
    likeliest = int(logits.argmax())
    if torch.isinf(logits[likeliest]):
        return None
    if decoding.temperature == 0 or decoding.top_k == 1:
        return likeliest
    values, tokens = nucleus(logits / max(decoding.temperature, 1e-3), decoding)
    drawn = torch.multinomial(values.softmax(-1), 1, generator=generator)
    return int(tokens[drawn])


def nucleus(logits: Tensor, decoding: Decoding) -> tuple[Tensor, Tensor]:
    """The logits and ids of the tokens to sample from, likeliest first: top-k, then top-p."""
    vocabulary = logits.shape[-1]
    kept = min(decoding.top_k or vocabulary, vocabulary)
    if decoding.top_p >= 1:
        values, tokens = logits.topk(kept)
        return values[values.isfinite()], tokens[values.isfinite()]
    size = min(_SHORTLIST, kept)
    while True:
        values, tokens = logits.topk(size)
        shares = (values - (values if size == kept else logits).logsumexp(-1)).exp()
        reached = shares.cumsum(-1)
        if size == kept or (not decoding.top_k and reached[-1] >= decoding.top_p):
            break
        size = kept
    # A token is kept if those before it do not reach top_p yet; the likeliest is always kept.
    inside = (reached - shares < decoding.top_p) & values.isfinite()
    inside[0] = True
    return values[inside], tokens[inside]


def _penalise(logits: Tensor, recent: Sequence[int], penalty: float) -> None:
    if penalty == 1 or not recent:
        return
    tokens = torch.tensor(sorted(set(recent)), device=logits.device)
    values = logits[tokens]
    logits[tokens] = torch.where(values > 0, values / penalty, values * penalty)

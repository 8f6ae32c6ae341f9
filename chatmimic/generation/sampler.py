"""Sampling one token from a row of logits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from chatmimic.errors import MimicError
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.repetition import would_repeat

_RECENT = 64  # last tokens of the reply that penalties apply to
_SHORTLIST = 256  # tokens that often contain the nucleus; sorting 50,000 is slow
_GROWTH = 4  # times as many where they do not


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
    changed in place. Raises MimicError if a logit is NaN.
    """
    constrain(logits, reply, decoding)
    likeliest = int(logits.argmax())
    if torch.isinf(logits[likeliest]):
        return None
    if decoding.temperature == 0 or decoding.top_k == 1:
        return likeliest
    values, tokens = nucleus(logits / max(decoding.temperature, 1e-3), decoding)
    drawn = torch.multinomial(values.softmax(-1), 1, generator=generator)
    return int(tokens[drawn])


def constrain(logits: Tensor, reply: Sequence[int], decoding: Decoding) -> None:
    """Apply the penalties to `logits`, and rule out tokens that would repeat an n-gram, in place.

    Penalties apply to the reply only, not to the context, so that names in it keep their
    probabilities. Raises MimicError if a logit is NaN.
    """
    if torch.isnan(logits).any():
        raise MimicError(
            "The mimic's logits are not numbers (NaN).",
            "Train it again, with a lower --learning-rate if the loss was unstable.",
        )
    _penalise(logits, reply[-_RECENT:], decoding)
    for token in would_repeat(reply, decoding.no_repeat_ngram):
        logits[token] = -torch.inf


def nucleus(logits: Tensor, decoding: Decoding) -> tuple[Tensor, Tensor]:
    """The logits and ids of the tokens to sample from, likeliest first.

    `logits` are already divided by the temperature. Typical sampling comes first, then top-k, top-p
    and min-p.
    """
    if decoding.typical_p < 1:
        logits = _typical(logits, decoding.typical_p)
    values, tokens = _top(logits, decoding)
    if decoding.min_p > 0:
        # At least min_p times the likeliest: in logits, at most -log(min_p) below it.
        inside = values >= values[0] + math.log(decoding.min_p)
        values, tokens = values[inside], tokens[inside]
    return values, tokens


def _typical(logits: Tensor, mass: float) -> Tensor:
    """Locally typical sampling (Meister et al. 2022), as transformers does it."""
    from transformers.generation.logits_process import TypicalLogitsWarper

    return cast(Tensor, TypicalLogitsWarper(mass)(None, logits[None])[0])


def _top(logits: Tensor, decoding: Decoding) -> tuple[Tensor, Tensor]:
    """Top-k, then top-p."""
    vocabulary = logits.shape[-1]
    kept = min(decoding.top_k or vocabulary, vocabulary)
    if decoding.top_p >= 1:
        values, tokens = logits.topk(kept)
        return values[values.isfinite()], tokens[values.isfinite()]
    size = kept if decoding.top_k else min(_SHORTLIST, kept)
    total = logits.logsumexp(-1)
    while True:
        values, tokens = logits.topk(size)
        shares = (values - (values.logsumexp(-1) if size == kept else total)).exp()
        reached = shares.cumsum(-1)
        if size == kept or reached[-1] >= decoding.top_p:
            break
        size = min(kept, _GROWTH * size)
    # A token is kept if those before it do not reach top_p yet; the likeliest is always kept.
    inside = (reached - shares < decoding.top_p) & values.isfinite()
    inside[0] = True
    return values[inside], tokens[inside]


def _penalise(logits: Tensor, recent: Sequence[int], decoding: Decoding) -> None:
    penalty, presence = decoding.repetition_penalty, decoding.presence_penalty
    if not recent or (penalty == 1 and not presence and not decoding.frequency_penalty):
        return
    counts = Counter(recent)
    tokens = torch.tensor(sorted(counts), device=logits.device)
    times = torch.tensor([counts[token] for token in sorted(counts)], device=logits.device)
    values = logits[tokens]
    values = torch.where(values > 0, values / penalty, values * penalty)
    logits[tokens] = values - presence - decoding.frequency_penalty * times

"""From material to windows: whose words are trained on, with which weights and facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from chatmimic.records import Conversation, Message
from chatmimic.training.data.canaries import with_canaries
from chatmimic.training.data.split import Material
from chatmimic.training.settings import TrainSettings
from chatmimic.transcript import Form, Weigh
from chatmimic.transcript.facts import orders
from chatmimic.windows import Windows, build_windows


def write_train(
    material: Material, facts: Sequence[str], settings: TrainSettings, form: Form, **options: Any
) -> Windows:
    """Write the windows of the training data; `options` are those of `build_windows`."""
    near = trained_on(material, settings)
    others = settings.others_weight
    conversations: Sequence[Conversation] = material.train
    if settings.canaries:
        conversations = with_canaries(conversations, material.persona, settings.seed)
    return build_windows(
        in_order(conversations, reverse=settings.reverse),
        form,
        None if others else near,
        near=None if others == 1 else near,
        weigh=weigher(material, settings, near, facts),
        before=orders(facts, material.persona, settings.fact_orders),
        context=settings.context,
        **options,
    )


def write_held_out(
    material: Material, facts: Sequence[str], settings: TrainSettings, form: Form, **options: Any
) -> Windows:
    """Write the windows of the held-out part: only the persona's words count, with weight 1."""
    near = trained_on(material, settings)
    return build_windows(
        in_order(material.tested, reverse=settings.reverse),
        form,
        near,
        weigh=word_weight if facts else None,
        before=orders(facts, material.persona, 1),
        context=settings.context,
        **options,
    )


def trained_on(material: Material, settings: TrainSettings) -> Collection[str] | None:
    """Whose words are trained on with full weight; None is everybody's."""
    if material.imitated is None:
        return None
    read = material.train + material.held_out
    return target_senders(read, material.imitated, reverse=settings.reverse)


def target_senders(
    conversations: Iterable[Conversation], persona: str, *, reverse: bool
) -> frozenset[str]:
    """Whose words a mimic of a person predicts: theirs, or in reverse those of all others.

    A reverse model predicts the message that a reply answers: p(source | reply) of maximum mutual
    information (Li et al. 2016), which ranks replies.
    """
    if not reverse:
        return frozenset({persona})
    return frozenset({m.sender for c in conversations for m in c.messages} - {persona})


def in_order(conversations: Sequence[Conversation], *, reverse: bool) -> Sequence[Conversation]:
    """Conversations in reading order: from the end, for a reverse model."""
    if not reverse:
        return conversations
    return [replace(c, messages=c.messages[::-1]) for c in conversations]


def weigher(
    material: Material, settings: TrainSettings, near: Collection[str] | None, facts: Sequence[str]
) -> Weigh | None:
    """A function that gives the loss weight of a message's words; None if all weights are 1."""
    others, popular = settings.others_weight, settings.popular
    if others in (0, 1) and not popular:
        return word_weight if facts else None
    answered = {m.reply_to for c in material.train for m in c.messages if m.reply_to}

    def weigh(message: Message) -> float:
        own = near is None or message.sender in near
        found_good = message.reactions or message.message_id in answered
        return word_weight(message) * (1 if own else others) * (1 + popular * bool(found_good))

    return weigh


def word_weight(message: Message) -> float:
    """1 for a message, 0 for a fact."""
    return float(message.kind.has_words)

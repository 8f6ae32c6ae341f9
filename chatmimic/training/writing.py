"""From material to windows: whose words are learnt, what each weighs, and what stands before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from chatmimic.records import Conversation, Message
from chatmimic.training.material import Material
from chatmimic.training.settings import Settings
from chatmimic.transcript import Form, Weigh
from chatmimic.transcript.facts import orders
from chatmimic.windows import Windows, build_windows


def write_learnt(
    material: Material, facts: Sequence[str], settings: Settings, form: Form, **options: Any
) -> Windows:
    """Windows of what is learnt; `options` are `build_windows`' own."""
    near = learners(material, settings)
    others = settings.others_weight
    return build_windows(
        told(material.learnt, reverse=settings.reverse),
        form,
        None if others else near,
        near=None if others == 1 else near,
        weigh=weigher(material, settings, near, facts),
        before=orders(facts, material.persona, settings.fact_orders),
        context=settings.context,
        **options,
    )


def write_held_out(
    material: Material, facts: Sequence[str], settings: Settings, form: Form, **options: Any
) -> Windows:
    """Windows of what is tested on: only the words of whom the training is for, all weighing 1."""
    near = learners(material, settings)
    return build_windows(
        told(material.tested, reverse=settings.reverse),
        form,
        near,
        weigh=said if facts else None,
        before=orders(facts, material.persona, 1),
        context=settings.context,
        **options,
    )


def learners(material: Material, settings: Settings) -> Collection[str] | None:
    """Whose words are learnt in full: None is everybody's."""
    if material.learner is None:
        return None
    read = material.learnt + material.held_out
    return foretold_by(read, material.learner, reverse=settings.reverse)


def foretold_by(
    conversations: Iterable[Conversation], persona: str, *, reverse: bool
) -> frozenset[str]:
    """Whose words a mimic of a person foretells: theirs, or in reverse all others'.

    A model in reverse foretells what a reply answers: p(source | reply) of maximum mutual
    information (Li et al. 2016), by which replies can be ranked.
    """
    if not reverse:
        return frozenset({persona})
    return frozenset({m.sender for c in conversations for m in c.messages} - {persona})


def told(conversations: Sequence[Conversation], *, reverse: bool) -> Sequence[Conversation]:
    """Conversations in the order they are read in: from the end, for a model in reverse."""
    if not reverse:
        return conversations
    return [replace(c, messages=c.messages[::-1]) for c in conversations]


def weigher(
    material: Material, settings: Settings, near: Collection[str] | None, facts: Sequence[str]
) -> Weigh | None:
    """What the words of a message weigh; None where all that is learnt weighs the same."""
    others, popular = settings.others_weight, settings.popular
    if others in (0, 1) and not popular:
        return said if facts else None
    answered = {m.reply_to for c in material.learnt for m in c.messages if m.reply_to}

    def weigh(message: Message) -> float:
        own = near is None or message.sender in near
        found_good = message.reactions or message.message_id in answered
        return said(message) * (1 if own else others) * (1 + popular * bool(found_good))

    return weigh


def said(message: Message) -> float:
    """1 for what somebody said, 0 for a fact."""
    return float(message.kind.has_words)

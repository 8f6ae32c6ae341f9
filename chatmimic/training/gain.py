"""What a training came to: whether it gained, and how far its held-out part can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatmimic.errors import NothingGained
from chatmimic.records import Conversation
from chatmimic.training.figures import Figures
from chatmimic.training.plan import Plan
from chatmimic.training.state import State

REPEATED = 1 / 3  # of the held-out messages; above it perplexity says little
_WORDS = 4  # shorter messages ("ok thanks") are said again by everybody


def check_gain(base: Figures, mimic: Figures, plan: Plan, state: State) -> None:
    """Raise NothingGained where a mimic foretells no better than the untrained base."""
    if mimic.loss < base.loss:
        return
    rates = [plan.learning_rate, plan.learning_rate * state.slowdown][: state.attempt]
    tried = " and of ".join(f"{rate:.2g}" for rate in rates)
    raise NothingGained(
        f"Training gained nothing: held-out perplexity {base.perplexity_in_words} before "
        f"and {mimic.perplexity_in_words} after, at a learning rate of {tried}.",
        "No mimic was made. Import more of their chats, choose another --base or a lower "
        "--learning-rate; --force makes a mimic of the last step all the same.",
    )


def repeated_share(
    learnt: Iterable[Conversation], held_out: Iterable[Conversation], person: str | None
) -> float:
    """The share of a person's held-out messages that stand word for word in what is learnt.

    Only messages of four words or more count; case and spaces make no difference. None is
    everybody.
    """
    known = set(_long_messages(learnt, person))
    later = list(_long_messages(held_out, person))
    return sum(text in known for text in later) / max(1, len(later))


def _long_messages(conversations: Iterable[Conversation], person: str | None) -> Iterator[str]:
    for conversation in conversations:
        for message in conversation.messages:
            words = message.text.casefold().split()
            if len(words) >= _WORDS and person in (None, message.sender):
                yield " ".join(words)

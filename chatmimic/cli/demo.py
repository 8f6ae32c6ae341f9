"""The example mimic: made of the example chats, in a home of its own within the user's."""

from __future__ import annotations

import shlex
from pathlib import Path

from chatmimic.cli.common import console
from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.mimic import list_mimics
from chatmimic.text import shown

# Three invented friends; `examples/README.md` describes them.
EXPORTS = Path(__file__).parent.parent / "demo" / "exports.zip"
PERSONA = "Mira Okafor"
# The same person goes by another name on Discord and on IRC.
ALSO = (
    (PERSONA, "mira"),
    ("Teodor Lindqvist", "teo"),
    ("Teodor Lindqvist", "teodor"),
    ("Juno Park", "juno!!"),
    ("Juno Park", "juno"),
    ("Juno Park", "juno_raid"),
)
TRAINING = ("--base", "starter", "--minutes", "2")


def demo_home(home: Home) -> Home:
    """The home of the example mimic, which is made unless it is there, as a user would make one.

    Nothing of it gets among the user's own. Raises TrainingError if the training was stopped.
    """
    place = Home(home.path / "demo")
    if not list_mimics(place):
        home.make()
        _chatmimic(place, "import", "--tz", "UTC", str(EXPORTS))
        _merge(place)
        # An earlier attempt that was stopped makes way.
        _chatmimic(place, "train", "--persona", PERSONA, *TRAINING, "--replace")
    if not list_mimics(place):
        raise TrainingError(
            "The example mimic is not there yet: its training was stopped.", "Start it again."
        )
    return place


def _chatmimic(place: Home, *words: str) -> None:
    """Run a command, and show it."""
    from chatmimic.cli import cli

    console(stderr=True).print(shown(f"$ chatmimic {shlex.join(words)}"), soft_wrap=True)
    cli.main(["--home", str(place.path), *words], prog_name="chatmimic", standalone_mode=False)


def _merge(place: Home) -> None:
    from chatmimic.archive import Archive

    with Archive.open(place.archive) as archive:
        known = {one.name for one in archive.people()}
        for person, name in ALSO:
            if name in known:  # not merged by an earlier attempt
                archive.merge(person, name)

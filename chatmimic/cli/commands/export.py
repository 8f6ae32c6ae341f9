"""`chatmimic export`: conversations of the archive as training data for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    console,
    count_messages,
    home_option,
    json_option,
    print_json,
    waiting,
)
from chatmimic.cli.options import settings_among, settings_options
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.home import Home
from chatmimic.privacy import PrivacyOptions
from chatmimic.text import shown
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.export.conversations import Exported
    from chatmimic.export.formats import Format, Written

_CHOOSING = ("since", "until", "thread", "exclude_thread", "service", "gap", "disentangle")
_FORMATS = ("sharegpt", "openai", "chatml", "csv", "parquet")


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    help="What to write (default: csv or parquet, by the file's suffix).",
)
@click.option(
    "--persona",
    default="",
    metavar="NAME",
    help="Only conversations of this person, who is the assistant of a chat format.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Hold out the latest messages, as in training: PATH is a folder with a train and a test "
    "file.",
)
@settings_options(TrainSettings, only=_CHOOSING)
@click.option(
    "--redact", is_flag=True, help="Replace phone numbers, addresses, passwords and the like."
)
@click.option(
    "--pseudonyms", is_flag=True, help="Replace every name with an invented one, as an import does."
)
@click.option("--exclude", multiple=True, metavar="NAME", help="Leave out this person. Repeatable.")
@corpus_option
@json_option
@home_option
def command(
    path: Path,
    format_name: str | None,
    persona: str,
    held_out: float | None,
    corpus: str | None,
    as_json: bool,
    home: Home,
    **requested: Any,
) -> None:
    """Export conversations as training data for other programs.

    PATH is a new file: JSON lines for the chat formats sharegpt, openai and chatml, in which the
    persona is the assistant and everybody else the user; or a table of messages, csv or parquet.
    Conversations are those that `chatmimic train` would read with the same options.

    To export a mimic, see `chatmimic mimics export`.

    \b
    Example:
      chatmimic export chats.csv
      chatmimic export ada.jsonl --format sharegpt --persona "Ada Lovelace"
      chatmimic export ada --format openai --persona "Ada Lovelace" --held-out 0.1
      chatmimic export ada.parquet --redact --pseudonyms
    """
    from chatmimic.export.formats import format_of
    from chatmimic.export.place import check_new

    settings = settings_among(TrainSettings, requested, persona=persona)
    privacy = settings_among(PrivacyOptions, requested)
    chosen = format_of(format_name, path)
    if chosen.needs_persona and not persona:
        raise click.UsageError(f"--format {chosen.name} needs --persona NAME: the assistant.")
    check_new(path)
    with waiting("reading the archive"), opened(home, corpus) as archive:
        exported = _gathered(archive, settings, held_out, privacy, home)
        written = _write(exported, chosen, path)
    if as_json:
        print_json(_facts(path, chosen, exported, written))
    else:
        _say(path, exported, written)


def _gathered(
    archive: Archive,
    settings: TrainSettings,
    held_out: float | None,
    privacy: PrivacyOptions,
    home: Home,
) -> Exported:
    from chatmimic.export.conversations import gather_conversations
    from chatmimic.privacy import key_of

    key = key_of(home) if privacy else None
    return gather_conversations(archive, settings, held_out, privacy, key)


def _write(exported: Exported, chosen: Format, path: Path) -> dict[str, Written]:
    """Write the file, or the folder of parts; the content of each file by its path."""
    from chatmimic.export.place import write_new, write_new_folder

    files = {
        f"{part}{chosen.suffix}": chosen.write(conversations, exported.persona)
        for part, conversations in exported.parts.items()
    }
    if len(files) == 1:
        (only,) = files.values()
        write_new(path, only.content)
        return {str(path): only}
    write_new_folder(path, {name: file.content for name, file in files.items()})
    return {str(path / name): file for name, file in files.items()}


def _facts(
    path: Path, chosen: Format, exported: Exported, written: Mapping[str, Written]
) -> dict[str, Any]:
    return {
        "path": str(path),
        "format": chosen.name,
        "persona": exported.persona or None,
        "files": [
            {"path": name, "conversations": file.conversations, "messages": file.messages}
            for name, file in written.items()
        ],
        "redacted": exported.redacted,
    }


def _say(path: Path, exported: Exported, written: Mapping[str, Written]) -> None:
    for name, file in written.items():
        plural = "" if file.conversations == 1 else "s"
        line = f"{count_messages(file.messages)} in {file.conversations:,} conversation{plural}"
        console().print(shown(f"{name}: {line}"), soft_wrap=True)
    if exported.redacted:
        listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(exported.redacted.items()))
        console().print(shown(f"Redacted: {listed}"))

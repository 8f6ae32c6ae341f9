"""`chatmimic mimics`: list, show, remove or export mimics."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import option_that_works
from chatmimic.bases.terms import short_name
from chatmimic.cli.common import (
    console,
    home_option,
    json_option,
    print_json,
    waiting,
)
from chatmimic.cli.removing import yes_option
from chatmimic.errors import BaseError
from chatmimic.evaluation.records import is_number
from chatmimic.evaluation.stored import stored
from chatmimic.files import folder_size, size_in_words
from chatmimic.home import Home
from chatmimic.mimic import Mimic, damaged, list_mimics
from chatmimic.text import perplexity_in_words, shown
from chatmimic.training.data.selection import in_words

if TYPE_CHECKING:
    from rich.table import Table

# Terminal columns needed for the verdict, for the sizes and for the base.
_WIDE, _ROOMY, _MEDIUM = 120, 90, 60


@click.group("mimics", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List, show, remove or export trained mimics.

    A mimic is as private as the chats it was trained on: it can repeat them.

    \b
    Example:
      chatmimic mimics
      chatmimic mimics show ada-lovelace
      chatmimic mimics remove ada-lovelace
      chatmimic mimics export ada-lovelace ./ada
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is None:
        _list(home, as_json)


@command.command("list")
@json_option
@home_option
def list_command(as_json: bool, home: Home) -> None:
    """List all mimics, newest first.

    \b
    Example:
      chatmimic mimics list --json
    """
    _list(home, as_json)


@command.command("show")
@click.argument("name")
@json_option
@home_option
def show(name: str, as_json: bool, home: Home) -> None:
    """Show the base, training data, metrics and settings of a mimic.

    \b
    Example:
      chatmimic mimics show ada-lovelace
    """
    mimic = Mimic.open(name, home)
    if as_json:
        print_json({**to_json(mimic), "manifest": mimic.manifest})
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for label, value in _details(mimic):
        table.add_row(shown(label, "bold"), shown(value))
    console().print(table)


@command.command("remove")
@click.argument("name")
@click.option("--keep-run", is_flag=True, help="Keep what is left of the run that made it.")
@yes_option
@json_option
@home_option
def remove_command(name: str, keep_run: bool, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a mimic.

    Also removes its run (log, checkpoints and token arrays), unless --keep-run is given, and what
    killed trainings left of older versions of the mimic. If the mimic is a link, only the link is
    removed. If NAME matches several mimics, none is removed: use a name listed by `chatmimic
    mimics`.

    \b
    Example:
      chatmimic mimics remove ada-lovelace
      chatmimic mimics remove ada-lovelace --yes
    """
    from chatmimic.cli.mimic_removal import remove_mimic

    remove_mimic(name, home, keep_run=keep_run, yes=yes, as_json=as_json)


@command.command("export")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(["bfloat16", "float16", "float32"]),
    help="Data type of the weights: two bytes per parameter, or four for float32 (default: "
    "bfloat16).",
)
@click.option(
    "--gguf",
    type=click.Choice(["f16", "q8_0"]),
    help="Write a GGUF file and a Modelfile for Ollama instead: two bytes per parameter, or one.",
)
@json_option
@home_option
def export_command(
    name: str, folder: Path, precision: str | None, gguf: str | None, as_json: bool, home: Home
) -> None:
    """Export a mimic as a complete model, for other programs.

    The folder can be opened with transformers, vLLM and other programs that read its models,
    without the base; its chat template writes chats as the mimic reads them. With --gguf it is for
    Ollama, llama.cpp and LM Studio.

    To export conversations, see `chatmimic export`.

    \b
    Example:
      chatmimic mimics export ada-lovelace ./ada
      chatmimic mimics export ada-lovelace ./ada-gguf --gguf q8_0
    """
    from chatmimic.bases.loading import quiet
    from chatmimic.export.model_folder import export, export_gguf

    if precision and gguf:
        raise click.UsageError("--precision and --gguf both say how to write weights; choose one.")
    mimic = Mimic.open(name, home)
    with waiting(f"exporting {mimic.name}"), quiet():
        written = (
            export_gguf(mimic, folder, gguf)
            if gguf
            else export(mimic, folder, precision or "bfloat16")
        )
    size = folder_size(written)
    if as_json:
        print_json({"exported": mimic.name, "path": str(written), "bytes": size})
        return
    line = f"Exported {mimic.name} to {written} ({size_in_words(size)})."
    console().print(shown(f"{line} It is as private as the chats."))
    if gguf:
        console().print(shown(f"To run it in Ollama: ollama create {mimic.name} -f Modelfile"))


def _list(home: Home, as_json: bool) -> None:
    mimics = list_mimics(home)
    if as_json:
        print_json([to_json(mimic) for mimic in mimics])
    elif mimics:
        console().print(_table(mimics))
        if len(mimics) > 1:
            console().print(shown(_how_to_compare(mimics), "dim"))
    else:
        make = f"chatmimic train --persona NAME{option_that_works(home)}"
        console().print(f"There are no mimics yet. Train one: {make}")
    if not as_json and (others := damaged(home, mimics)):
        some = "One folder holds" if len(others) == 1 else f"{len(others)} folders hold"
        note = f"{some} no mimic that can be opened: {', '.join(others)} (`chatmimic doctor`)."
        console(stderr=True).print(shown(note))


def _table(mimics: Sequence[Mimic]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    width = console().width
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Mimic", overflow="fold")
    table.add_column("Persona", overflow="fold")
    table.add_column("Bits/char", justify="right")
    if width >= _MEDIUM:
        table.add_column("Base", overflow="fold")
        table.add_column("Made", min_width=10, no_wrap=True)
    if width >= _ROOMY:
        table.add_column("Form")
        table.add_column("Messages", justify="right")
        table.add_column("Size", justify="right", no_wrap=True)
    every = [to_json(mimic) for mimic in mimics]
    if width >= _WIDE and any(known["verdict"] for known in every):
        table.add_column("Verdict", overflow="fold")
    other = _measured_elsewhere(mimics)
    for known in every:
        cells = _cells(known)
        cells[2] += " †" if known["name"] in other else ""
        table.add_row(*map(shown, cells[: len(table.columns)]))
    return table


def _how_to_compare(mimics: Sequence[Mimic]) -> str:
    words = "Bits/char, of held-out messages: lower is better, among mimics of one person."
    if _measured_elsewhere(mimics):
        words += " †: of other messages than the newest mimic of that person; not comparable."
    return words


def _measured_elsewhere(mimics: Sequence[Mimic]) -> set[str]:
    """The names of mimics with other held-out messages than the newest of the same person."""
    newest: dict[object, object] = {}
    return {
        mimic.name
        for mimic in mimics
        if newest.setdefault(held_out_key(mimic)[:2], held_out_key(mimic)) != held_out_key(mimic)
    }


def held_out_key(mimic: Mimic) -> tuple[str, ...]:
    """What tells the held-out messages of a mimic from those of others: first, whose they are."""
    data = _object(mimic.manifest.get("data"))
    found = (data.get(key) for key in ("until", "held_out_messages", "tested_messages"))
    return mimic.persona, str(bool(mimic.manifest.get("everybody"))), *map(str, found)


def _cells(known: dict[str, Any]) -> list[str]:
    bits, messages = known["bits_per_character"], known["messages"]
    return [
        known["name"],
        "everybody" if known["everybody"] else known["persona"],
        "–" if bits is None else f"{bits:.3f}" if bits < 1000 else f"{bits:.1e}",
        short_name(known["base"]),
        (known["made_at"] or "–")[:10],
        known["form"],
        "–" if messages is None else f"{messages:,}",
        size_in_words(known["bytes"]),
        known["verdict"] or "–",
    ]


def to_json(mimic: Mimic) -> dict[str, Any]:
    """The facts of a mimic that `--json` prints; None for what its manifest does not say."""
    say = mimic.manifest.get
    data, held_out = _object(say("data")), _object(say("held_out"))
    evaluated = stored(mimic)
    return {
        "name": mimic.name,
        "persona": mimic.persona,
        "everybody": bool(say("everybody")),
        "reverse": bool(say("reverse")),
        "people": list(mimic.people),
        "base": str(say("base", "unknown")),
        "base_terms": asdict(mimic.base_terms),
        "form": str(say("form", "")),
        "parameters": _number(say("parameters")),
        "messages": _number(data.get("messages")),
        "perplexity": _number(_object(held_out.get("mimic")).get("perplexity")),
        "base_perplexity": _number(_object(held_out.get("base")).get("perplexity")),
        "bits_per_character": _number(_object(held_out.get("mimic")).get("bits_per_character")),
        "best_step": _number(say("best_step")),
        "steps": _number(_object(say("plan")).get("steps")),
        "verdict": evaluated.verdict if evaluated else None,
        "bytes": mimic.size,
        "made_at": say("made_at") if isinstance(say("made_at"), str) else None,
        "path": str(mimic.path),
    }


def _what_it_sees(mimic: Mimic) -> str:
    """How much context it was trained with."""
    messages, tokens = mimic.context.messages, mimic.context.tokens
    parts = (
        "" if messages is None else f"the last {messages:,} messages",
        "" if tokens is None else f"up to {tokens:,} tokens",
    )
    return ", ".join(part for part in parts if part)


def _kept_as(mimic: Mimic) -> str:
    """How it is stored, if not as a whole model."""
    from chatmimic.bases.adapter import read_adapter

    with contextlib.suppress(BaseError):
        if adapter := read_adapter(mimic.path):
            return f"an adapter of the base {short_name(adapter.base)}"
    return ""


def _decoding(mimic: Mimic) -> str:
    """The decoding settings that were fitted to its person's messages."""
    from chatmimic.generation.decoding import fitted_to

    return ", ".join(f"{name} {value:g}" for name, value in fitted_to(mimic).items())


def _best_evaluation(known: dict[str, Any]) -> str:
    if known["best_step"] is None or known["steps"] is None:
        return ""
    return f"after step {known['best_step']:,} of {known['steps']:,}"


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _chosen(mimic: Mimic) -> str:
    """Which part of the archive was used, in words; "" for all of it, or if that is not known."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return in_words(_object(_object(mimic.manifest.get("data")).get("chosen")))
    return ""


def _number(value: object) -> int | float | None:
    return value if is_number(value) else None


def _details(mimic: Mimic) -> list[tuple[str, str]]:
    known = to_json(mimic)
    messages, perplexity, before = (
        known[key] for key in ("messages", "perplexity", "base_perplexity")
    )
    held_out = "on held-out messages"
    better = "" if before is None else f" (base: {perplexity_in_words(before)})"
    versions = _object(mimic.manifest.get("versions"))
    whose = "everybody" if known["everybody"] else known["persona"]
    rows = [
        ("Mimic", known["name"]),
        ("Persona", whose),
        ("Reverse", "ranks replies, cannot generate them" if known["reverse"] else ""),
        ("Knows", ", ".join(known["people"])),
        ("Base", short_name(known["base"])),
        ("Base licence", str(mimic.base_terms)),
        ("Stored as", _kept_as(mimic)),
        ("Parameters", "" if known["parameters"] is None else f"{known['parameters']:,}"),
        ("Form", known["form"]),
        ("Trained on", "" if messages is None else f"{messages:,} messages of {whose}"),
        ("Selection", _chosen(mimic)),
        ("Context", _what_it_sees(mimic)),
        (
            "Perplexity",
            "" if perplexity is None else f"{perplexity_in_words(perplexity)} {held_out}{better}",
        ),
        ("Fitted decoding", _decoding(mimic)),
        ("Best evaluation", _best_evaluation(known)),
        ("Verdict", known["verdict"] or ""),
        ("Made", (known["made_at"] or "").replace("T", " ")),
        ("Made with", ", ".join(f"{name} {number}" for name, number in versions.items())),
        ("Size", size_in_words(known["bytes"])),
        ("Folder", known["path"]),
    ]
    return [(label, value) for label, value in rows if value]

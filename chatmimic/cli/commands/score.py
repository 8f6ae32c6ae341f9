"""`chatmimic score`: the figures that papers on dialogue report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.chat_options import (
    base_as_mimic,
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    make_screen,
)
from chatmimic.cli.common import console, home_option, json_option, print_json, say_written
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from chatmimic.evaluation.dialogue.dstc import Row
    from chatmimic.evaluation.dialogue.references import Exchange
    from chatmimic.evaluation.dialogue.respondent import Respondent

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_EXAMPLES = 100


@click.command("score")
@click.argument("what", metavar="[REPLIES|MIMIC]", required=False)
@click.option(
    "--references",
    metavar="FILE",
    type=_FILE,
    help="Contexts with references; computes NIST, BLEU, METEOR, entropy, distinct and length.",
)
@click.option(
    "--convai2",
    metavar="FILE",
    type=_FILE,
    help="Dialogues of ConvAI2; computes perplexity, hits@1 and F1.",
)
@click.option("--base", metavar="NAME", help="Score a base instead of a mimic.")
@click.option(
    "--examples",
    metavar="N",
    type=click.IntRange(1),
    help=f"Number of replies to generate, evenly spread over the file.  [default: {_EXAMPLES}]",
)
@click.option(
    "--write",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the generated replies to a new file, which can be REPLIES later.",
)
@decoding_options
@engine_option
@json_option
@home_option
def command(
    what: str | None,
    references: Path | None,
    convai2: Path | None,
    base: str | None,
    examples: int | None,
    write: Path | None,
    overrides: dict[str, float],
    engine: str,
    as_json: bool,
    home: Home,
) -> None:
    """Compute the dialogue metrics that papers report, for replies or a mimic.

    With --references, the metrics of DialoGPT and the DSTC-7 challenge. REPLIES is a file with a
    reply on each line, in the order of the references, or with key<TAB>reply. A MIMIC (by default
    the newest) or --base generates replies instead. Beneath them stands what people reach: one
    reference of each context, compared with the others as the replies are.

    With --convai2, the metrics of ConvAI2. The mimic is given the sentences about the persona,
    ranks the candidates, and generates a reply. Replies have the seed 0 unless --seed is given.

    Install the libraries with pip install 'chatmimic[evaluate]'.

    \b
    Example:
      chatmimic score --references test.refs.txt replies.txt
      chatmimic score --references test.refs.txt ada-lovelace --examples 500
      chatmimic score --convai2 valid_self_original.txt --base smollm2
    """
    _check(what, references, convai2, base, write)
    file = Path(what) if what is not None and Path(what).is_file() else None
    if file is not None:
        _check_file(file, references, examples, write, overrides)
    count = examples or _EXAMPLES
    if convai2 is not None:
        _score_convai2(convai2, count, _Chosen(home, what, base, engine, overrides), as_json)
        return
    assert references is not None
    from chatmimic.evaluation.dialogue.references import read_references

    exchanges = read_references(references)
    if file is not None:
        _score_file(references, exchanges, file, as_json)
    else:
        chosen = _Chosen(home, what, base, engine, overrides)
        _score_generated(references, exchanges, count, chosen, write, as_json)


class _Chosen:
    """Who replies: a mimic or a base, and how; `respondent` loads it."""

    def __init__(
        self,
        home: Home,
        name: str | None,
        base: str | None,
        engine: str,
        overrides: Mapping[str, float],
    ) -> None:
        self.kind = "mimic" if base is None else "base"
        self.mimic = find_mimic(home, name) if base is None else base_as_mimic(home, base)
        self.decoding = decoding_for(self.mimic, overrides)
        self._engine = engine

    def respondent(self) -> Respondent:
        """Load it into memory. Raises MimicError."""
        from chatmimic.evaluation.dialogue.respondent import Respondent
        from chatmimic.machine import reply_threads, use_threads

        with make_screen().waiting(f"Loading {self.mimic.name} …"):
            loaded = self.mimic.load(self._engine)
            use_threads(reply_threads(self.mimic.count_parameters()))
            return Respondent(loaded, self.decoding)

    def facts(self, respondent: Respondent) -> dict[str, Any]:
        """What it is, for JSON."""
        made = {"engine": respondent.loaded.engine, "decoding": asdict(respondent.decoding)}
        return {self.kind: self.mimic.name, **made}


def _check(
    what: str | None,
    references: Path | None,
    convai2: Path | None,
    base: str | None,
    write: Path | None,
) -> None:
    """Raise UsageError for options that contradict each other, and for missing ones."""
    if (references is None) == (convai2 is None):
        raise click.UsageError("Give either --references FILE or --convai2 FILE.")
    if what is not None and base is not None:
        raise click.UsageError(f"{what} and --base contradict each other; choose one.")
    if write is not None and convai2 is not None:
        raise click.UsageError("--write goes with --references only.")
    if what is not None and Path(what).suffix and not Path(what).exists():
        raise click.UsageError(f"There is no file {what} with replies.")
    if write is not None and (why := _why_not(write)):
        raise click.UsageError(f"Cannot write {write}: {why}. Choose another place for --write.")


def _why_not(write: Path) -> str:
    """Why the replies cannot be written there; "" if they can."""
    from chatmimic.files import check_writable

    try:
        if write.exists():
            return "it already exists"
        if not write.parent.is_dir():
            return "there is no such folder"
        check_writable(write)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _check_file(
    file: Path,
    references: Path | None,
    examples: int | None,
    write: Path | None,
    overrides: Mapping[str, float],
) -> None:
    """Raise UsageError for options that say how to generate, where replies are in a file."""
    if references is None:
        raise click.UsageError(f"--convai2 scores a mimic, not a file of replies such as {file}.")
    unused = {"--examples": examples, "--write": write}
    given = [option for option, value in unused.items() if value is not None]
    given += ["--" + name.replace("_", "-") for name in overrides]
    if given:
        raise click.UsageError(f"{', '.join(given)}: nothing is generated, replies are in {file}.")


def _score_file(references: Path, exchanges: Sequence[Exchange], file: Path, as_json: bool) -> None:
    from chatmimic.evaluation.dialogue.references import read_replies

    pairs = read_replies(file, exchanges)
    facts = {"references": str(references), "replies": str(file)}
    _tell(f"in {file.name}", pairs, len(exchanges), facts, as_json)


def _score_generated(
    references: Path,
    exchanges: Sequence[Exchange],
    count: int,
    chosen: _Chosen,
    write: Path | None,
    as_json: bool,
) -> None:
    from chatmimic.evaluation.dialogue.libraries import check_libraries
    from chatmimic.evaluation.dialogue.references import check_contexts
    from chatmimic.evaluation.spread import spread

    check_libraries()
    check_contexts(references, exchanges)
    respondent = chosen.respondent()
    part = spread(exchanges, count)
    with _progress("Generating replies", len(part), as_json) as passed:
        replies = respondent.replies([one.turns for one in part], passed=passed)
    pairs = list(zip(part, replies, strict=True))
    if write is not None:
        _write(write, pairs)
    facts = {"references": str(references), **chosen.facts(respondent)}
    _tell(f"of {chosen.mimic.name}", pairs, len(exchanges), facts, as_json)


def _score_convai2(path: Path, count: int, chosen: _Chosen, as_json: bool) -> None:
    from chatmimic.cli.display.dialogue_metrics import print_convai2
    from chatmimic.evaluation.dialogue.convai2 import evaluate
    from chatmimic.evaluation.dialogue.convai2_file import read_convai2
    from chatmimic.evaluation.spread import spread

    examples = read_convai2(path)
    respondent = chosen.respondent()
    part = spread(examples, count)
    with _progress("Ranking and replying", len(part), as_json) as passed:
        scores = evaluate(respondent, part, passed)
    persona = "facts" if respondent.takes_facts else "messages"
    if as_json:
        facts = {"convai2": str(path), "of_examples": len(examples), "persona_as": persona}
        print_json({**facts, **chosen.facts(respondent), **asdict(scores)})
        return
    console().print(
        shown(
            f"{len(part):,} of {len(examples):,} examples, {chosen.kind} {chosen.mimic.name}; the "
            f"persona's sentences were given as {persona}."
        )
    )
    print_convai2(scores)


@contextmanager
def _progress(what: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar with the time left on standard error, or a line; call it with how many are done."""
    from chatmimic.cli.display.stages import stages

    with stages(console(stderr=True), quiet=quiet) as shown_stages:
        shown_stages.stage(what)
        yield lambda done: shown_stages.passed(done, total)


def _write(path: Path, pairs: Sequence[tuple[Exchange, str]]) -> None:
    """Write `key<TAB>reply` lines. Raises ChatmimicError."""
    from chatmimic.files import write_atomically

    write_atomically(path, "".join(f"{one.key}\t{reply}\n" for one, reply in pairs))
    say_written(path)


def _tell(
    whose: str,
    pairs: Sequence[tuple[Exchange, str]],
    contexts: int,
    facts: Mapping[str, Any],
    as_json: bool,
) -> None:
    """Score the replies and what people said, and print both."""
    from chatmimic.cli.display.dialogue_metrics import print_rows
    from chatmimic.evaluation.dialogue.dstc import score, score_people

    references = [one.references for one, _ in pairs]
    row: Row = score([reply for _, reply in pairs], references)
    people = score_people(references)
    if as_json:
        human = None if people is None else asdict(people)
        print_json({**facts, "of_contexts": contexts, "scores": asdict(row), "human": human})
        return
    said = f"Replies {whose} to {row.contexts:,} of {contexts:,} contexts."
    if people is None:
        said += " There is no human row, because each context has a single reference."
    elif people.contexts < row.contexts:
        said += f" The human row is of the {people.contexts:,} with several references."
    console().print(shown(said))
    print_rows({"replies": row} if people is None else {"replies": row, "human": people})

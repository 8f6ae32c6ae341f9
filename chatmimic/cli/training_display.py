"""What `chatmimic train` shows: a live panel at a terminal, plain lines elsewhere, a summary."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chatmimic.bases.terms import named_with_terms
from chatmimic.cli.common import console
from chatmimic.files import size_in_words
from chatmimic.text import perplexity_in_words, shown, visible
from chatmimic.training.chosen import in_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from chatmimic.training.clock import Progress
    from chatmimic.training.figures import Figures
    from chatmimic.training.run import Trained
    from chatmimic.training.samples import Sample
    from chatmimic.training.work import Watcher

BLOCKS = "▁▂▃▄▅▆▇█"


@contextlib.contextmanager
def training_display(quiet: bool, *, mute: bool = False) -> Iterator[Watcher]:
    """Watch a training on standard error: live where it is a terminal, else a line a look.

    `quiet` leaves the lines out, `mute` everything.
    """
    from rich.live import Live

    from chatmimic.training.work import Watcher

    screen = console(stderr=True)
    panel = Panel(screen)
    if screen.is_terminal and not screen.is_dumb_terminal and not mute:
        with Live(panel, console=screen, refresh_per_second=4, transient=True) as live:
            yield Watcher(panel.stage, panel.progress, panel.sample, panel.say)
            live.update("")
    elif quiet or mute:
        yield Watcher()
    else:
        lines = _Lines(screen)
        yield Watcher(lines.stage, lines.progress, lines.sample, lines.say)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as blocks from the lowest to the highest."""
    shown_values = [v for v in values if math.isfinite(v)]
    if len(shown_values) > width:
        step = len(shown_values) / width
        shown_values = [shown_values[int(i * step)] for i in range(width - 1)] + shown_values[-1:]
    if not shown_values:
        return ""
    low, high = min(shown_values), max(shown_values)
    scale = (len(BLOCKS) - 1) / ((high - low) or 1.0)
    return "".join(BLOCKS[round((v - low) * scale)] for v in shown_values)


def clock(seconds: float) -> str:
    """`4 s`, `3:07`, `2:05:11`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Panel:
    """The live panel: a bar, the loss and the held-out perplexity as they fall, speed, time."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen
        self.words = "starting"
        self.last: Progress | None = None
        self.losses: list[float] = []
        self.held_out: list[float] = []
        self.sampled = ""
        self.right: list[str] = []
        self.latest: Sample | None = None

    def stage(self, words: str) -> None:
        """Say what is being done."""
        self.words = words

    def say(self, words: str) -> None:
        """Leave a sentence above the panel."""
        self.screen.print(shown(words))

    def progress(self, progress: Progress) -> None:
        """Take in a step."""
        self.last = progress
        self.losses.append(progress.loss)
        if progress.held_out:
            self.held_out.append(progress.held_out.perplexity)
            self.sampled = " (sample)" if progress.held_out.is_sample else ""
            self.right = _right(progress.held_out)

    def sample(self, sample: Sample) -> None:
        """Take in what the model says by now."""
        self.latest = sample

    def __rich__(self) -> RenderableType:
        """The panel as it is now."""
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table

        if self.last is None:
            stage = shown(f"{self.words} …")
            stage.truncate(max(8, self.screen.width - 2), overflow="ellipsis")  # beside the dots
            return Spinner("dots", stage)
        now = self.last
        room = max(8, min(40, self.screen.width - 40))
        table = Table.grid(padding=(0, 2))
        perplexity = self.held_out[-1] if self.held_out else math.nan
        loss = f"{now.loss:.3f}" if math.isfinite(now.loss) else "–"  # before the first step
        table.add_row("loss", loss, sparkline(self.losses, room))
        measured = f"held-out perplexity{self.sampled}"
        table.add_row(measured, perplexity_in_words(perplexity, 2), sparkline(self.held_out, room))
        for words in self.right:
            table.add_row("", words, "")
        table.add_row(
            "speed",
            f"{now.tokens_per_second:,.0f} tokens/s",
            f"{now.learnt_per_second:,.0f} of them learnt, {size_in_words(now.memory)}",
        )
        done = f"step {now.step} of {now.steps}"
        if now.step:
            done += f", {clock(now.seconds_left)} left"
        bar = ProgressBar(now.steps, now.step, width=min(60, self.screen.width))
        heading = shown(f"{self.words}{' on the corpus' * now.on_corpus}: {done}")
        # Rows of a grid: a bar by itself ends without a new line.
        rows = Table.grid()
        for row in (heading, bar, table, *(sample_lines(self.latest) if self.latest else ())):
            rows.add_row(row)
        return rows


class _Lines:
    """Plain lines for pipes and logs."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen

    def stage(self, words: str) -> None:
        self.screen.print(shown(f"{words} …"))

    def say(self, words: str) -> None:
        self.screen.print(shown(words))

    def sample(self, sample: Sample) -> None:
        for line in sample_lines(sample):
            self.screen.print(line)

    def progress(self, progress: Progress) -> None:
        if progress.held_out is None:
            return
        facts = [
            f"held-out perplexity {perplexity_in_words(progress.held_out.perplexity, 2)}",
            *_right(progress.held_out),
        ]
        if not progress.step:  # there is no loss yet, and nothing was timed
            facts += _of_a_sample(progress.held_out)
        else:
            facts.insert(0, f"loss {progress.loss:.3f}")
            facts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
            facts.append(f"{clock(progress.seconds_left)} left")
        self.screen.print(shown(f"step {progress.step}/{progress.steps}: {', '.join(facts)}"))


def _of_a_sample(figures: Figures) -> list[str]:
    """What part of the held-out windows the evaluations of a training read, where not all."""
    if not figures.is_sample:
        return []
    return [f"each time on a sample of {figures.windows:,} of {figures.of_windows:,} windows"]


def _right(figures: Figures) -> list[str]:
    """How often the real reply is told from the others, where that is learnt."""
    return [] if figures.right is None else [f"{figures.right:.0%} of replies told apart"]


def show_result(screen: Console, outcome: Trained, samples: Iterable[Sample]) -> None:
    """The end of a training: figures beside the base's, and replies beside the real ones."""
    from rich.table import Table
    from rich.text import Text

    everybody = outcome.mimic.manifest.get("everybody", False)
    title = f"Held-out messages of {'everybody' if everybody else outcome.mimic.persona}"
    table = Table(title=Text(visible(title), "bold"))
    table.add_column("")
    for column in ("perplexity", "per character", "bits per character"):
        table.add_column(column, justify="right")
    for name, figures in (("base", outcome.base), ("mimic", outcome.figures)):
        table.add_row(
            name,
            figures.perplexity_in_words,
            f"{figures.perplexity_per_character:.2f}",
            f"{figures.bits_per_character:.3f}",
        )
    screen.print(table)
    for words in (*_what_was_gained(outcome), *_what_to_doubt(outcome)):
        screen.print(shown(words))
    for words in _right(outcome.figures):
        screen.print(
            shown(f"{words}, with {outcome.mimic.manifest['plan']['candidates']} to choose from.")
        )
    screen.print(shown(_what_was_read(outcome.material)))
    base = named_with_terms(str(outcome.mimic.manifest["base"]), outcome.mimic.base_terms)
    screen.print(shown(f"Trained from {base}."))
    for note in outcome.notes:
        screen.print(shown(note))
    for sample in samples:
        screen.print()
        for line in sample_lines(sample):
            screen.print(line)
    screen.print(shown(f"\nThe mimic is in {outcome.mimic.path}. It is as private as the chats."))
    if not outcome.mimic.manifest.get("reverse"):
        screen.print(shown(f"Talk with it: chatmimic chat {outcome.mimic.name}"))


def _what_was_gained(outcome: Trained) -> Iterator[str]:
    """One sentence: which evaluation was the best, and what the figures above were measured on."""
    manifest, figures = outcome.mimic.manifest, outcome.figures
    part = f"a sample of {figures.windows:,} of {figures.of_windows:,} windows"
    measured = part if figures.is_sample else "all of them"
    change = 1 - figures.perplexity / outcome.base.perplexity
    if change <= 0:  # forced: a note says why
        yield f"Perplexity is higher than the base's, measured on {measured}."
        return
    yield (
        f"Perplexity is {change:.0%} lower than the base's, measured on {measured}. The best "
        f"evaluation was after step {manifest['best_step']:,} of {manifest['plan']['steps']:,}."
    )


def _what_to_doubt(outcome: Trained) -> Iterator[str]:
    """Where the held-out part says less than it seems to."""
    from chatmimic.training.gain import REPEATED

    share = outcome.material.get("held_out_repeated", 0.0)
    if share > REPEATED:
        yield (
            f"{share:.0%} of the held-out messages of four words or more stand word for word in "
            "what was learnt: perplexity says little here."
        )


def _what_was_read(material: dict[str, Any]) -> str:
    chosen = in_words(material.get("chosen", {}))
    held_out = material["held_out_messages"]
    tested = material.get("tested_messages", held_out)
    latest = f"{held_out:,} latest" + (f" ({tested:,} of them)" if tested < held_out else "")
    return (
        f"Learnt {material['messages']:,} messages in {material['conversations']:,} conversations "
        f"(a silence of {material['gap']} ends one); tested on the {latest}."
        + (f" Chosen: {chosen}." if chosen else "")
    )


def sample_lines(sample: Sample) -> list[Any]:
    """What was said, what was really answered, and what the mimic answers."""
    exchange = sample.exchange
    who = exchange.real.sender
    return [
        *(_line(message.sender, message.text, "dim") for message in exchange.before[-2:]),
        _line(f"{who}, really", exchange.real.text, "green"),
        _line(f"{who}, mimic", sample.mimic, "cyan"),
    ]


def _line(who: str, text: str, style: str) -> Any:
    from rich.text import Text

    return Text.assemble(shown(f"{who}: ", style), shown(text))

"""The output of `chatmimic train`: a live panel on a terminal, else plain lines; a summary."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chatmimic.bases.terms import named_with_terms
from chatmimic.cli.common import console
from chatmimic.files import size_in_words
from chatmimic.text import perplexity_in_words, shown, visible
from chatmimic.training.data.selection import in_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.objective.metrics import Metrics
    from chatmimic.training.progress import Progress
    from chatmimic.training.run import Trained
    from chatmimic.training.samples import Sample

BLOCKS = "▁▂▃▄▅▆▇█"


@contextlib.contextmanager
def training_display(quiet: bool, *, mute: bool = False) -> Iterator[Callbacks]:
    """Show progress on standard error: a live panel on a terminal, else a line per evaluation.

    `quiet` suppresses the lines, `mute` everything.
    """
    from rich.live import Live

    screen = console(stderr=True)
    panel = Panel(screen)
    if screen.is_terminal and not screen.is_dumb_terminal and not mute:
        with Live(panel, console=screen, refresh_per_second=4, transient=True) as live:
            # Within the panel, because importing torch takes seconds.
            from chatmimic.training.base_run import Callbacks

            yield Callbacks(panel.stage, panel.progress, panel.sample, panel.say)
            live.update("")
        return
    from chatmimic.training.base_run import Callbacks

    if quiet or mute:
        yield Callbacks()
    else:
        lines = _Lines(screen)
        yield Callbacks(lines.stage, lines.progress, lines.sample, lines.say)


def sparkline(values: Sequence[float], width: int) -> str:
    """A chart of the values, resampled to at most `width` block characters."""
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
    """The live panel: progress, charts of loss and held-out perplexity, speed, time left."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen
        self.words = "starting"
        self.last: Progress | None = None
        self.losses: list[float] = []
        self.held_out: list[float] = []
        self.sampled = ""
        self.more: list[str] = []
        self.latest: Sample | None = None

    def stage(self, words: str) -> None:
        """Show what is being done."""
        self.words = words

    def say(self, words: str) -> None:
        """Print a sentence above the panel, where it stays."""
        self.screen.print(shown(words))

    def progress(self, progress: Progress) -> None:
        """Update the panel after a step."""
        self.last = progress
        self.losses.append(progress.loss)
        if progress.held_out:
            self.held_out.append(progress.held_out.perplexity)
            self.sampled = " (sample)" if progress.held_out.is_sample else ""
            self.more = _more(progress.held_out)

    def sample(self, sample: Sample) -> None:
        """Show a sample reply of the current model."""
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
        for words in self.more:
            table.add_row("", words, "")
        table.add_row(
            "speed",
            f"{now.tokens_per_second:,.0f} tokens/s",
            f"{now.targets_per_second:,.0f} of them trained on, {size_in_words(now.memory)}",
        )
        done = f"step {now.step} of {now.steps}"
        if now.step:
            done += f", {clock(now.seconds_left)} left"
        bar = ProgressBar(now.steps, now.step, width=min(60, self.screen.width))
        heading = shown(f"{self.words}{' on the corpus' * now.on_corpus}: {done}")
        # Rows of a grid, because a bar on its own does not end its line.
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
            *_more(progress.held_out),
        ]
        if not progress.step:  # there is no loss yet, and nothing was timed
            facts += _of_a_sample(progress.held_out)
        else:
            facts.insert(0, f"loss {progress.loss:.3f}")
            facts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
            facts.append(f"{clock(progress.seconds_left)} left")
        self.screen.print(shown(f"step {progress.step}/{progress.steps}: {', '.join(facts)}"))


def _of_a_sample(figures: Metrics) -> list[str]:
    """On which part of the held-out windows a run is evaluated, if not on all of them."""
    if not figures.is_sample:
        return []
    return [f"evaluated on a sample of {figures.windows:,} of {figures.of_windows:,} windows"]


def _more(figures: Metrics) -> list[str]:
    """The accuracy of the next-utterance head and the style of replies, if there are any."""
    right = [] if figures.right is None else [f"next-utterance accuracy {figures.right:.0%}"]
    if figures.judged is None:
        return right
    return [*right, f"style of replies {figures.judged.style:.2f} bits from theirs"]


def show_result(screen: Console, outcome: Trained, samples: Iterable[Sample]) -> None:
    """Print the result of a run: metrics beside the base's, sample replies beside the real ones."""
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
    if outcome.hint:
        screen.print(shown(outcome.hint))
    for words in _more(outcome.figures):
        screen.print(
            shown(
                f"{words.capitalize()} among {outcome.mimic.manifest['plan']['candidates']} "
                "candidates."
            )
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
        screen.print(shown(f"Chat with it: chatmimic chat {outcome.mimic.name}"))


def _what_was_gained(outcome: Trained) -> Iterator[str]:
    """One sentence: the gain over the base, what it was measured on, and the best evaluation."""
    manifest, figures = outcome.mimic.manifest, outcome.figures
    part = f"a sample of {figures.windows:,} of {figures.of_windows:,} held-out windows"
    measured = part if figures.is_sample else "all held-out windows"
    change = 1 - figures.perplexity / outcome.base.perplexity
    if change <= 0:  # only with --force: a note says so
        yield f"Perplexity is higher than the base's, measured on {measured}."
        return
    yield (
        f"Perplexity is {change:.0%} lower than the base's, measured on {measured}. The best "
        f"evaluation was after step {manifest['best_step']:,} of {manifest['plan']['steps']:,}."
    )


def _what_to_doubt(outcome: Trained) -> Iterator[str]:
    """A warning if the held-out messages repeat the training data."""
    from chatmimic.training.gain import REPEATED

    share = outcome.material.get("held_out_repeated", 0.0)
    if share > REPEATED:
        yield (
            f"{share:.0%} of the held-out messages of four words or more occur verbatim in the "
            "training data, so perplexity says little here."
        )


def _what_was_read(material: dict[str, Any]) -> str:
    chosen = in_words(material.get("chosen", {}))
    held_out = material["held_out_messages"]
    tested = material.get("tested_messages", held_out)
    latest = f"the latest {held_out:,}, which were held out"
    if tested < held_out:
        latest = f"{tested:,} messages, spread evenly over {latest}"
    return (
        f"Trained on {material['messages']:,} messages in {material['conversations']:,} "
        f"conversations (a silence of {material['gap']} ends one); evaluated on {latest}."
        + (f" Selection: {chosen}." if chosen else "")
    )


def sample_lines(sample: Sample) -> list[Any]:
    """The context, the real reply, and the mimic's reply."""
    exchange = sample.exchange
    who = exchange.real.sender
    return [
        *(_line(message.sender, message.text, "dim") for message in exchange.before[-2:]),
        _line(f"{who} (real)", exchange.real.text, "green"),
        _line(f"{who} (mimic)", sample.mimic, "cyan"),
    ]


def _line(who: str, text: str, style: str) -> Any:
    from rich.text import Text

    return Text.assemble(shown(f"{who}: ", style), shown(text))

"""What a pretraining reads: its corpora as shards in its folder, and the held-out part of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.corpora import Corpus, Told, read_corpus
from chatmimic.errors import TooLittleData
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.transcript import Cast, Form
from chatmimic.transcript.tokens import SLOTS
from chatmimic.windows import ShardWriter, Windows, WindowsWriter, list_shards, mix, open_shards

if TYPE_CHECKING:
    from chatmimic.training.work import Watcher

TOKENIZER_CHARACTERS = 40_000_000  # of the corpora are enough to learn a tokenizer from
HELD_OUT_WINDOWS = 1024  # at most, of all corpora together
ALONG_WINDOWS = 4096  # of corpora that a persona's training reads along
HELD_OUT = "held-out"
_TELL_EVERY = 500  # excerpts


def corpus_texts(corpora: Sequence[Corpus], settings: PretrainSettings) -> Iterator[str]:
    """Messages to learn a tokenizer from, of each corpus as much as its weight says."""
    share = TOKENIZER_CHARACTERS / sum(min(1.0, c.weight) for c in corpora)
    for corpus in corpora:
        left = share * min(1.0, corpus.weight)
        for told in _told(corpus, settings):
            if told.held_out:
                continue
            for message in told.conversation.messages:
                yield message.text
                left -= len(message.text)
            if left <= 0:
                break


def write_corpora(
    folder: Path,
    corpora: Sequence[Corpus],
    settings: PretrainSettings,
    form: Form,
    watcher: Watcher,
) -> None:
    """Every corpus as shards, and the held-out excerpts of all of them as windows.

    Raises TooLittleData for a corpus without an excerpt, and where nothing is held out.
    """
    window, padding = settings.window, form.end_of_conversation
    held_out = WindowsWriter(window, padding)
    room = HELD_OUT_WINDOWS * window // len(corpora)
    for corpus in corpora:
        writer = ShardWriter(_shards(folder, corpus), window, padding)
        most = held_out.tokens + room
        for number, told in enumerate(_told(corpus, settings)):
            if number % _TELL_EVERY == 0:
                watcher.stage(f"writing {corpus.name} as tokens: {number:,} excerpts")
                if watcher.stop():
                    raise KeyboardInterrupt
            cast = form.with_cast(Cast(told.people))
            if not told.held_out:
                writer.add(told.conversation, cast, None)
            elif held_out.tokens < most:
                held_out.add(told.conversation, cast, None)
        if not writer.close():
            raise _too_little(f"The corpus {corpus.name} does")
    if not held_out.tokens:
        raise _too_little("The corpora do")
    held_out.write(folder / HELD_OUT)


def write_along(
    folder: Path,
    corpora: Sequence[Corpus],
    form: Form,
    persona: str,
    *,
    window: int,
    packed: bool,
    seed: int,
    watcher: Watcher,
) -> Windows:
    """Windows of corpora for a training that reads them along, of each as much as its weight says.

    At most some 2 million tokens: a training reads a part of a corpus, or all of a small one. Slot
    0 is the persona's in every form, and nobody of a corpus gets it. Raises TooLittleData.
    """
    writer = WindowsWriter(window, form.end_of_conversation)
    room = ALONG_WINDOWS * window / sum(corpus.weight for corpus in corpora)
    for corpus in corpora:
        most = writer.tokens + room * corpus.weight
        watcher.stage(f"writing {corpus.name} as tokens")
        for told in read_corpus(corpus, seed, 0.0, SLOTS - 1):
            if persona in (*told.people, *told.conversation.senders):  # a name invented by chance
                continue
            writer.add(told.conversation, form.with_cast(Cast((persona, *told.people))), None)
            if writer.tokens >= most:
                break
    if not writer.tokens:
        raise _too_little("The corpora do")
    return writer.write(folder, packed=packed)


def read_windows(folder: Path, corpora: Sequence[Corpus], seed: int) -> tuple[Windows, Windows]:
    """The windows of one pass through all corpora, and the held-out ones; all memory-mapped."""
    parts = [(open_shards(_shards(folder, corpus)), corpus.weight) for corpus in corpora]
    return mix(parts, seed), Windows.open(folder / HELD_OUT)


def check_corpora(folder: Path, corpora: Sequence[Corpus], watcher: Watcher) -> None:
    """Compare every shard with its digests. Raises TrainingError naming the damaged file."""
    for corpus in corpora:
        open_shards(_shards(folder, corpus), check=True, tell=watcher.stage)


def corpus_facts(folder: Path, corpus: Corpus) -> dict[str, Any]:
    """What is kept with a base of a corpus it read: name, weight, and how much there was."""
    shards = list_shards(_shards(folder, corpus))
    total = {key: sum(s[key] for s in shards) for key in ("windows", "tokens", "characters")}
    return {"name": corpus.name, "weight": corpus.weight, "shards": len(shards), **total}


def _shards(folder: Path, corpus: Corpus) -> Path:
    return folder / "corpora" / corpus.name


def _told(corpus: Corpus, settings: PretrainSettings) -> Iterator[Told]:
    return read_corpus(corpus, settings.seed, settings.held_out, SLOTS)


def _too_little(what: str) -> TooLittleData:
    return TooLittleData(
        f"{what} not stretch to a part to learn and a part to test on.",
        "Import more, or change --held-out.",
    )

"""The data of a pretraining run: corpora as shards in its folder, and their held-out part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.corpora import Corpus, CorpusExcerpt, read_corpus
from chatmimic.errors import TooLittleData
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.transcript import Cast, Form
from chatmimic.transcript.tokens import SLOTS
from chatmimic.windows import ShardWriter, Windows, WindowsWriter, list_shards, mix, open_shards

if TYPE_CHECKING:
    from chatmimic.training.base_run import Callbacks

TOKENIZER_CHARACTERS = 40_000_000  # of the corpora are enough to learn a tokenizer from
HELD_OUT_WINDOWS = 1024  # at most, of all corpora together
ALONG_WINDOWS = 4096  # of corpora that a persona's training reads along
HELD_OUT = "held-out"
_TELL_EVERY = 500  # excerpts


def corpus_texts(corpora: Sequence[Corpus], settings: PretrainSettings) -> Iterator[str]:
    """Messages to train a tokenizer on, of each corpus in proportion to its weight."""
    share = TOKENIZER_CHARACTERS / sum(min(1.0, c.weight) for c in corpora)
    for corpus in corpora:
        left = share * min(1.0, corpus.weight)
        for retold in _told(corpus, settings):
            if retold.held_out:
                continue
            for message in retold.conversation.messages:
                yield message.text
                left -= len(message.text)
            if left <= 0:
                break


def write_corpora(
    folder: Path,
    corpora: Sequence[Corpus],
    settings: PretrainSettings,
    form: Form,
    callbacks: Callbacks,
) -> None:
    """Write each corpus as shards, and the held-out excerpts of all corpora as windows.

    Raises TooLittleData if a corpus has no excerpt, and if nothing is held out.
    """
    window, padding = settings.window, form.end_of_conversation
    held_out = WindowsWriter(window, padding)
    room = HELD_OUT_WINDOWS * window // len(corpora)
    for corpus in corpora:
        writer = ShardWriter(_shards(folder, corpus), window, padding)
        most = held_out.tokens + room
        for number, retold in enumerate(_told(corpus, settings)):
            if number % _TELL_EVERY == 0:
                callbacks.stage(f"writing {corpus.name} as tokens: {number:,} excerpts")
                if callbacks.stop():
                    raise KeyboardInterrupt
            cast = form.with_cast(Cast(retold.people))
            if not retold.held_out:
                writer.add(retold.conversation, cast, None)
            elif held_out.tokens < most:
                held_out.add(retold.conversation, cast, None)
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
    callbacks: Callbacks,
) -> Windows:
    """Write windows of warm-up corpora for `train`, of each in proportion to its weight.

    At most some 2 million tokens: a run reads a part of a corpus, or all of a small one. Slot 0
    belongs to the persona in every form and is given to nobody in a corpus. Raises TooLittleData.
    """
    writer = WindowsWriter(window, form.end_of_conversation)
    room = ALONG_WINDOWS * window / sum(corpus.weight for corpus in corpora)
    for corpus in corpora:
        most = writer.tokens + room * corpus.weight
        callbacks.stage(f"writing {corpus.name} as tokens")
        for retold in read_corpus(corpus, seed, 0.0, SLOTS - 1):
            # A name invented by chance may be the persona's.
            if persona in (*retold.people, *retold.conversation.senders):
                continue
            writer.add(retold.conversation, form.with_cast(Cast((persona, *retold.people))), None)
            if writer.tokens >= most:
                break
    if not writer.tokens:
        raise _too_little("The corpora do")
    return writer.write(folder, packed=packed)


def read_windows(folder: Path, corpora: Sequence[Corpus], seed: int) -> tuple[Windows, Windows]:
    """The windows of one pass over all corpora, and the held-out ones; all memory-mapped."""
    parts = [(open_shards(_shards(folder, corpus)), corpus.weight) for corpus in corpora]
    return mix(parts, seed), Windows.open(folder / HELD_OUT)


def check_corpora(folder: Path, corpora: Sequence[Corpus], callbacks: Callbacks) -> None:
    """Verify all shards by their digests. Raises TrainingError naming the damaged file."""
    for corpus in corpora:
        open_shards(_shards(folder, corpus), check=True, notify=callbacks.stage)


def corpus_facts(folder: Path, corpus: Corpus) -> dict[str, Any]:
    """What is saved with a base about a corpus: name, weight and size."""
    shards = list_shards(_shards(folder, corpus))
    total = {key: sum(s[key] for s in shards) for key in ("windows", "tokens", "characters")}
    return {"name": corpus.name, "weight": corpus.weight, "shards": len(shards), **total}


def _shards(folder: Path, corpus: Corpus) -> Path:
    return folder / "corpora" / corpus.name


def _told(corpus: Corpus, settings: PretrainSettings) -> Iterator[CorpusExcerpt]:
    return read_corpus(corpus, settings.seed, settings.held_out, SLOTS)


def _too_little(what: str) -> TooLittleData:
    return TooLittleData(
        f"{what} not have enough for a training part and a held-out part.",
        "Import more, or change --held-out.",
    )

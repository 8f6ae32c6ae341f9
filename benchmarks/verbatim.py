"""How long does it take to keep replies from copying, and does it?

    python benchmarks/verbatim.py

An archive of `--messages` is made up (`--seed`). In processor time: `build_s` is how long it takes
to index it, `open_s` to open the index that is kept (`kept_mb`), `check_ms` to check a message of
`--words` words (`--rounds` times some, half of them copies), `token_ms` to check it again with one
token more, `why_s` to find the messages that one resembles.

Then a mimic of `--base` is over-trained (`--steps`) on `--sentences` made-up sentences, each said
on four days, and answers `--replies` times what they answered. `free` and `guarded` are the share
of replies that copy eight words in a row, and the longest copy in words, without and with the
guard. The last line is JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from corpus_memory import zipf_texts
from machine import machine

import chatmimic
from chatmimic.archive import Archive
from chatmimic.archive.derived import spans_file
from chatmimic.archive.rows import Scope
from chatmimic.copying.kept import spans_in
from chatmimic.copying.resemblance import most_alike
from chatmimic.copying.spans import Reach, Spans
from chatmimic.evaluation.secrecy.training_messages import TrainingMessages
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.home import Home
from chatmimic.records import Message

BEGINS_MS = 1_546_300_800_000  # 2019-01-01
DAY_MS = 86_400_000
VOCABULARY = 20_000
DAYS, ROUNDS_A_DAY = 4, 6  # a sentence that is said on more days is a stock phrase


def said(count: int, seed: int) -> Iterator[Message]:
    """Made-up messages of two people, half a minute apart."""
    for n, text in enumerate(itertools.islice(zipf_texts(seed, VOCABULARY), count)):
        at = BEGINS_MS + n * 30_000
        yield Message(("Ada", "Bob")[n % 2], text, at, service="made", thread="#made")


def sentences(count: int, seed: int) -> list[str]:
    """Sentences of 14 words, no two of which share many."""
    words = list(dict.fromkeys(" ".join(itertools.islice(zipf_texts(seed, 2_000), 2_000)).split()))
    chance = Random(seed)
    return [" ".join(chance.sample(words, 14)) for _ in range(count)]


def recital(told: Sequence[str]) -> Iterator[Message]:
    """A chat in which Ada answers each of Bob's questions with its sentence, on four days."""
    turns = [*enumerate(told)] * ROUNDS_A_DAY
    for day, (turn, (n, text)) in itertools.product(range(DAYS), enumerate(turns)):
        at = BEGINS_MS + day * DAY_MS + turn * 60_000
        yield Message("Bob", question(n), at, service="made", thread="#made")
        yield Message("Ada", text, at + 20_000, service="made", thread="#made")


def question(number: int) -> str:
    """What Bob asks to hear a sentence."""
    return f"and number {number}?"


def cpu_s(work: Callable[[], Any]) -> tuple[float, Any]:
    """The processor time that some work takes, in seconds, and what it gives."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def speed(archive: Archive, words: int, rounds: int) -> dict[str, float]:
    """How long it takes to index an archive, to open the index, and to look messages up."""
    build_s, spans = cpu_s(lambda: spans_in(archive))
    file = spans_file(archive.path)
    open_s, _ = cpu_s(lambda: spans_in(archive).within(Reach()))
    texts = [row[5] for rows in archive.rows(Scope(), texts=True) for row in rows[:20]]
    copies = [" ".join(text.split()[:words]) for text in texts if len(text.split()) >= words][:50]
    asked = copies + [" ".join(reversed(text.split())) for text in copies]
    check_s, found = cpu_s(lambda: [spans.copies(text) for _ in range(rounds) for text in asked])
    assert any(found)
    token_s, _ = cpu_s(lambda: [spans.would_copy(text) for _ in range(rounds) for text in asked])
    alike = cpu_s(lambda: most_alike(asked[0], archive.rows(Scope(), texts=True), Reach(), 3))
    return {
        "spans": len(spans.hashes),
        "build_s": round(build_s, 2),
        "kept_mb": round(file.stat().st_size / 1e6, 3) if file.exists() else 0.0,
        "open_s": round(open_s, 2),
        "check_ms": round(1_000 * check_s / len(found), 3),
        "token_ms": round(1_000 * token_s / len(found), 3),
        "why_s": round(alike[0], 2),
    }


def control(home: Home, asked: argparse.Namespace) -> dict[str, Any]:
    """What an over-trained mimic copies, without the guard and with it."""
    told = sentences(asked.sentences, asked.seed)
    with Archive.open(home.archive) as archive:
        archive.add(recital(told))
    trained = chatmimic.train(
        "Ada", home=home, base=asked.base, steps=asked.steps, fit_decoding=False, force=True
    )
    training = TrainingMessages(home.archive, trained.mimic)
    questions = [[Message("Bob", question(n % len(told)))] for n in range(asked.replies)]
    result = {}
    for name, uncopied in (("free", None), ("guarded", training.spans)):
        generator = BatchGenerator(trained.mimic.load(), uncopied=uncopied)
        texts = generator.replies(questions, "Ada", Decoding(temperature=0.5), seed=asked.seed)
        result[name] = copied_in(texts, training.spans)
    return result


def copied_in(texts: Sequence[str], spans: Spans) -> dict[str, Any]:
    """The share of texts that copy, the longest copy in words, and the first text."""
    found = [spans.copied(text) for text in texts]
    longest = max((end - start for one in found for start, end in one), default=0)
    return {"copy": sum(map(bool, found)) / len(found), "longest": longest, "first": texts[0]}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--words", type=int, default=20)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--base", default="starter")
    options.add_argument("--sentences", type=int, default=5)
    options.add_argument("--steps", type=int, default=80)
    options.add_argument("--replies", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    result: dict[str, Any] = {"machine": machine(), "messages": asked.messages}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "large").make()
        with Archive.open(home.archive) as archive:
            archive.add(said(asked.messages, asked.seed))
            result |= speed(archive, asked.words, asked.rounds)
        print(f"index {result['build_s']} s, a message {result['check_ms']} ms", flush=True)
        result |= control(Home(Path(folder) / "small").make(), asked)
    for name in ("free", "guarded"):
        print(f"{name}: {result[name]['copy']:.0%} copy, at most {result[name]['longest']} words")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

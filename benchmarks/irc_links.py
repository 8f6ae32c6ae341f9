"""The gold links of Kummerfeld et al. 2019, and the measures of the paper.

Data: https://github.com/jkkummerfeld/irc-disentanglement (Ubuntu channel logs; CC BY 4.0), as a
folder or as a tar in one.
"""

from __future__ import annotations

import math
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Message

Links = dict[int, list[int]]  # line → the lines it answers; itself: it begins a conversation


@dataclass(frozen=True)
class Log:
    """One annotated log."""

    name: str
    messages: list[Message]  # what people said; joins and topics are left out
    lines: list[int]  # of each message, its line
    gold: Links  # annotated lines only


def read_part(corpus: Path, part: str) -> list[Log]:
    """The logs of `train`, `dev` or `test`, by name."""
    texts = dict(_texts(corpus, part))
    names = sorted(name.removesuffix(".raw.txt") for name in texts if name.endswith(".raw.txt"))
    if not names:
        raise SystemExit(f"{corpus} holds no data/{part}/*.raw.txt, neither loose nor in a tar.")
    return [_log(n, texts[f"{n}.raw.txt"], texts[f"{n}.annotation.txt"]) for n in names]


def _texts(corpus: Path, part: str) -> Iterator[tuple[str, str]]:
    for path in sorted(corpus.rglob(f"{part}/*.txt")):
        yield path.name, path.read_text("utf-8", "replace")
    for packed in sorted(corpus.glob("*.tar*")) if corpus.is_dir() else [corpus]:
        with tarfile.open(packed) as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                opened = archive.extractfile(member) if name.parent.name == part else None
                if opened is not None and name.suffix == ".txt":
                    yield name.name, opened.read().decode("utf-8", "replace")


def _log(name: str, raw: str, annotation: str) -> Log:
    """A log as `chatmimic import` reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.txt")
        path.write_text(raw, "utf-8")
        options = ImportOptions(format="irc")
        said = [m for m in read_exports(path, options, ImportReport()) if m.kind.has_words]
    lines = [int(m.source.rpartition(":")[2]) - 1 for m in said]
    gold: Links = defaultdict(list)
    for row in annotation.split("\n"):
        if row.strip():
            one, other = sorted(int(number) for number in row.split()[:2])
            gold[other].append(one)
    return Log(name, said, lines, dict(gold))


def as_links(log: Log, answered: Sequence[int]) -> Links:
    """Links between messages as links between the annotated lines; other lines are alone."""
    links = {line: [line] for line in log.gold}
    for i, line in enumerate(log.lines):
        if line in links:
            links[line] = [log.lines[answered[i]]]
    return links


def scores(logs: Iterable[Log], found: Mapping[str, Links]) -> dict[str, float]:
    """The paper's measures, in per cent, pooled over all logs.

    Links: precision, recall and F of (line, answered line). VI: 1 - variation of information over
    its bound. One-to-one: the share of lines in the best matching of conversations. Exact:
    precision, recall and F of whole conversations of two lines and more.
    """
    right = given = wanted = matched = lines = 0
    exact = np.zeros(3)
    tables: list[Counter[tuple[int, int]]] = []
    for log in logs:
        ours, gold = _pairs(found[log.name]), _pairs(log.gold)
        right, given, wanted = right + len(ours & gold), given + len(ours), wanted + len(gold)
        one, other = _conversations(ours, log.gold), _conversations(gold, log.gold)
        table = Counter((one[line], other[line]) for line in log.gold)
        tables.append(table)
        matched += _one_to_one(table)
        lines += len(log.gold)
        exact += _exact(one, other, log.gold)
    link_p, link_r = right / given, right / wanted
    exact_p, exact_r = exact[2] / max(exact[0], 1), exact[2] / max(exact[1], 1)
    lost = sum(_information(table, lines) for table in tables)
    values = {
        "link_p": link_p,
        "link_r": link_r,
        "link_f": _f(link_p, link_r),
        "vi": 1 - lost / math.log2(lines),
        "one_to_one": matched / lines,
        "exact_p": exact_p,
        "exact_r": exact_r,
        "exact_f": _f(exact_p, exact_r),
    }
    return {name: round(100 * float(value), 2) for name, value in values.items()}


def _pairs(links: Links) -> set[tuple[int, int]]:
    return {(line, answered) for line, some in links.items() for answered in some}


def _f(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _conversations(pairs: Iterable[tuple[int, int]], lines: Iterable[int]) -> dict[int, int]:
    """The conversation of each line: what links join, through lines that are not annotated too."""
    root = {line: line for line in lines}

    def of(line: int) -> int:
        while root.setdefault(line, line) != line:
            root[line] = root[root[line]]
            line = root[line]
        return line

    for line, answered in pairs:
        root[of(line)] = of(answered)
    return {line: of(line) for line in list(root)}


def _information(table: Counter[tuple[int, int]], lines: int) -> float:
    ours: Counter[int] = Counter()
    gold: Counter[int] = Counter()
    for (one, other), count in table.items():
        ours[one] += count
        gold[other] += count
    return -sum(
        count / lines * (math.log2(count / ours[one]) + math.log2(count / gold[other]))
        for (one, other), count in table.items()
    )


def _one_to_one(table: Counter[tuple[int, int]]) -> int:
    """Lines in the best matching of our conversations with those of the gold."""
    from scipy.optimize import linear_sum_assignment

    rows = {one: n for n, one in enumerate(dict.fromkeys(one for one, _ in table))}
    columns = {other: n for n, other in enumerate(dict.fromkeys(other for _, other in table))}
    shared = np.zeros((len(rows), len(columns)))
    for (one, other), count in table.items():
        shared[rows[one], columns[other]] = count
    return int(shared[linear_sum_assignment(shared, maximize=True)].sum())


def _exact(one: Mapping[int, int], other: Mapping[int, int], lines: Iterable[int]) -> list[int]:
    ours, gold = _groups(one, lines), _groups(other, lines)
    return [len(ours), len(gold), len(ours & gold)]


def _groups(of: Mapping[int, int], lines: Iterable[int]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = defaultdict(set)
    for line in lines:
        groups[of[line]].add(line)
    return {frozenset(group) for group in groups.values() if len(group) > 1}

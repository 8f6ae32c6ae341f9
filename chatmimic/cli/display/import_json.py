"""The JSON of `chatmimic import --json` and `--report`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.cli.display.dates import iso
from chatmimic.errors import ExportError

if TYPE_CHECKING:
    from chatmimic.archive import Added, Archive
    from chatmimic.importers import ImportReport


@dataclass(frozen=True)
class Outcome:
    """One export that was read."""

    path: Path
    report: ImportReport
    added: Added
    dry_run: bool = False


def to_json(
    done: Sequence[Outcome], failed: Sequence[tuple[Path, ExportError]], archive: Archive | None
) -> dict[str, Any]:
    """The result of one export; for several, their sums, and each result under `exports`."""
    exports = [export_json(outcome) for outcome in done]
    if len(done) == 1 and not failed:
        return exports[0]
    if not done:
        return _failures(failed)
    firsts = [o.added.first_at for o in done if o.added.first_at is not None]
    lasts = [o.added.last_at for o in done if o.added.last_at is not None]
    return {
        "format": ", ".join(dict.fromkeys(o.report.format for o in done)),
        **{key: sum(export[key] for export in exports) for key in ("records", "kept", "new")},
        "left_out": _sum(o.report.left_out for o in done),
        **_threads_and_people(done, archive),
        "first_at": iso(min(firsts, default=None)),
        "last_at": iso(max(lasts, default=None)),
        "repairs": _sum(o.report.repairs for o in done),
        "notes": [note for o in done for note in o.report.notes],
        "dry_run": any(o.dry_run for o in done),
        "exports": exports,
        **_failures(failed),
    }


def _threads_and_people(done: Sequence[Outcome], archive: Archive | None) -> dict[str, int]:
    """Threads and people, each counted once; after a dry run the sums over the exports."""
    if archive is None or done[0].dry_run:
        return {key: sum(getattr(o.added, key) for o in done) for key in ("threads", "people")}
    threads, people = archive.touched()
    return {"threads": threads, "people": people}


def export_json(outcome: Outcome) -> dict[str, Any]:
    """The result of one export. `records` is the sum of `kept` and all of `left_out`."""
    from chatmimic.importers.diagnosis import silences, understood

    report, added = outcome.report, outcome.added
    return {
        "path": str(outcome.path),
        "format": report.format,
        "variants": dict(report.variants),
        "understood": round(understood(report), 6),
        "records": report.records,
        "kept": report.kept,
        "by_bots": report.by_bots,
        "new": added.new,
        "left_out": dict(+report.left_out),
        "examples": dict(report.examples),
        "threads": added.threads,
        "people": added.people,
        "likely_same": [list(pair) for pair in added.likely],
        "same_name": [
            [{"name": p.name, "accounts": list(p.accounts), "messages": p.messages} for p in group]
            for group in added.namesakes
        ],
        "first_at": iso(added.first_at),
        "last_at": iso(added.last_at),
        "silences": [
            {"from": day_of(s.last_day).isoformat(), "to": day_of(s.next_day).isoformat()}
            for s in silences(report.days)
        ],
        "repairs": dict(+report.repairs),
        "notes": list(report.notes),
        "dry_run": outcome.dry_run,
    }


def day_of(number: int) -> date:
    """The date that is `number` days after 1 January 1970."""
    return datetime.fromtimestamp(number * 86_400, UTC).date()


def _sum(counters: Any) -> dict[str, int]:
    return dict(sum(counters, Counter[str]()))


def _failures(failed: Sequence[tuple[Path, ExportError]]) -> dict[str, Any]:
    return {"failed": [{"path": str(path), "error": str(error)} for path, error in failed]}

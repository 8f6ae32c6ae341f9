"""Forgetting a person, in the archive or in a corpus: what holds their words, and what is done."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from chatmimic.cli.common import (
    ask_to_remove,
    console,
    count_messages,
    print_json,
    quoted,
    waiting,
)
from chatmimic.errors import NoSuchPerson, NotScrubbed
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from chatmimic.archive import Archive, Forgotten
    from chatmimic.corpora import Corpus
    from chatmimic.records import Person
    from chatmimic.upkeep.traces import Trace


def forget_person(home: Home, name: str, *, everywhere: bool, yes: bool, as_json: bool) -> None:
    """Forget a person in the archive: list what else holds their words, ask, and delete.

    With `everywhere` what is listed goes, too, and also if the person is in the archive no more.
    Raises NoSuchPerson, TrainingError if a process is training on it, and at the end NotScrubbed.
    """
    from chatmimic.archive import Archive
    from chatmimic.upkeep.traces import drop_samples, find_traces

    with Archive.open(home.archive, create=False) as archive:
        person = _person(archive, name, needed=not everywhere)
        names = person.names if person else (name,)
        secret = archive.secret()
        with waiting("looking for traces"):
            traces = find_traces(home, names, secret)
        if person is None and not traces:
            archive.person(name)  # raises, with similar names
        gone = [trace for trace in traces if everywhere and trace.is_removable]
        _check_idle(gone)
        if not as_json:
            _list_traces(traces, name, home, everywhere)
        ask_to_remove(_question(archive, person, gone), yes)
        _check_idle(gone)  # a training may have begun while the question was asked
        for trace in gone:
            trace.remove()
        samples = drop_samples(home, names, secret)
        forgotten, failure = _forget(archive, person)
    if as_json:
        facts = _facts(person.name if person else name, forgotten, traces, gone, failure)
        print_json({**facts, "samples": samples})
    else:
        _say_forgotten(person, forgotten, gone, samples)
    if failure is not None:
        raise failure


def forget_in_corpus(home: Home, corpus: Corpus, name: str, *, yes: bool, as_json: bool) -> None:
    """Forget a person in a corpus, and list the pretrainings and bases that read it."""
    from chatmimic.archive import Archive
    from chatmimic.upkeep.traces import readers_of_corpus

    with Archive.open(corpus.path, create=False) as archive:
        person = archive.person(name)
        traces = readers_of_corpus(home, corpus.name)
        if not as_json:
            _list_traces(traces, name, home, everywhere=False)
        ask_to_remove(f"{_whose(archive, person)} from the corpus {corpus.name}", yes)
        forgotten, failure = _forget(archive, person)
    if as_json:
        print_json(_facts(person.name, forgotten, traces, (), failure))
    else:
        _say_forgotten(person, forgotten, (), 0, f"the corpus {corpus.name}")
    if failure is not None:
        raise failure


def _person(archive: Archive, name: str, *, needed: bool) -> Person | None:
    try:
        return archive.person(name)
    except NoSuchPerson as error:
        if needed or error.several:
            raise
        return None


def _forget(archive: Archive, person: Person | None) -> tuple[Forgotten | None, NotScrubbed | None]:
    """What was deleted from an archive, and the error if its file could not be rewritten."""
    from chatmimic.archive import Forgotten

    if person is None:
        return None, None
    try:
        with waiting("deleting, and rewriting the archive"):
            return archive.forget(person.name), None
    except NotScrubbed as error:
        forgotten = error.removed
        return forgotten if isinstance(forgotten, Forgotten) else None, error


def _check_idle(gone: Collection[Trace]) -> None:
    """Raise TrainingError if something that is to be removed is being worked on."""
    from chatmimic.upkeep.runs import check_idle

    for trace in gone:
        if trace.path.is_dir():
            check_idle(trace.path)


# -- what is said ------------------------------------------------------------------------------


def _question(archive: Archive, person: Person | None, gone: Sequence[Trace]) -> str:
    what = [_whose(archive, person)] if person else []
    if gone:
        what.append("the one thing listed" if len(gone) == 1 else f"the {len(gone)} things listed")
    return " and ".join(what)


def _whose(archive: Archive, person: Person) -> str:
    """Whose messages are to be removed, with the person's other names, and accounts if needed."""
    alike = any(person in group for group in archive.namesakes())
    who = person.name + (f" ({', '.join(person.accounts)})" if alike else "")
    others = [name for name in person.names if name != person.name]
    also = f", also called {', '.join(others)}" if others else ""
    return f"{count_messages(person.messages)} of {who}{also}"


def _list_traces(traces: Sequence[Trace], name: str, home: Home, everywhere: bool) -> None:
    """Say, before anything is deleted, what else holds their words, and what removes it."""
    screen = console()
    for sure, words in ((True, "hold their words"), (False, "may hold their words")):
        some = [trace for trace in traces if trace.sure is sure]
        if some:
            then = "are removed, too" if everywhere else "stay unless you remove them"
            screen.print(shown(f"These {words} and {then}:", "bold"))
        for trace in some:
            screen.print(shown(f"  {_described(trace)}"), soft_wrap=True)
            if not everywhere or not trace.is_removable:
                screen.print(shown(f"    {_how(trace, name, home)}"), soft_wrap=True)
    if any(trace.is_removable for trace in traces) and not everywhere:
        but = "" if all(trace.is_removable for trace in traces) else ", but no corpora"
        screen.print(f"--everywhere removes all of them{but}.")


def _described(trace: Trace) -> str:
    size = size_in_words(trace.size)
    running = f"; being trained by {trace.holder}" if trace.holder else ""
    link = f"; a link, {os.path.realpath(trace.path)} stays" if trace.path.is_symlink() else ""
    return f"{trace.kind} {trace.name} ({size}): {trace.why}{running}{link}"


def _how(trace: Trace, name: str, home: Home) -> str:
    """The command that removes a trace, or the file to delete."""
    called = shlex.quote(trace.name)
    commands = {
        "mimic": f"mimics remove {called}",
        "run": f"runs remove {called}",
        "pretraining": f"runs remove {called}",
        "base": f"bases remove {called}",
        "corpus": f"corpora forget {called} {quoted(name)}",
    }
    if trace.kind in commands:
        return f"chatmimic {commands[trace.kind]}{home.option}"
    return f"delete {trace.path}"


def _say_forgotten(
    person: Person | None,
    forgotten: Forgotten | None,
    gone: Sequence[Trace],
    samples: int,
    where: str = "the archive",
) -> None:
    screen = console()
    if gone:
        screen.print(f"Removed {', '.join(_counted(gone))}.")
    if samples:
        runs = _count(samples, "finished run", "finished runs")
        screen.print(f"Removed the sample replies of {runs}, which may hold their words.")
    if person is None or forgotten is None:
        return
    copies = _count(forgotten.copies, "copy or quote of them", "copies and quotes of them")
    notices = _count(forgotten.notices, "notice, title or id", "notices, titles and ids")
    also = f", {copies}" * bool(copies) + f", and the name in {notices}" * bool(notices)
    said = f"Removed {count_messages(forgotten.messages)} of {person.name} from {where}{also}."
    screen.print(shown(said))
    screen.print("Your export still has the messages: importing it again would bring them back.")


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{number:,} {one if number == 1 else many}"


def _counted(gone: Sequence[Trace]) -> list[str]:
    kinds = [trace.kind for trace in gone]
    plural = {"mimic": "mimics", "run": "runs", "chat": "chats", "leftover": "leftovers"}
    return [_count(kinds.count(k), k, plural.get(k, k)) for k in dict.fromkeys(kinds)]


def _facts(
    name: str,
    forgotten: Forgotten | None,
    traces: Sequence[Trace],
    gone: Collection[Trace],
    failure: NotScrubbed | None,
) -> dict[str, Any]:
    return {
        "name": name,
        "removed": forgotten.messages if forgotten else 0,
        "copies": forgotten.copies if forgotten else 0,
        "notices": forgotten.notices if forgotten else 0,
        "scrubbed": failure is None,
        "traces": [
            {
                "kind": trace.kind,
                "name": trace.name,
                "path": str(trace.path),
                "sure": trace.sure,
                "why": trace.why,
                "holder": trace.holder or None,
                "removed": trace in gone,
            }
            for trace in traces
        ],
    }

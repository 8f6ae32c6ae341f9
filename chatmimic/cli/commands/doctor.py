"""`chatmimic doctor`: check everything, say how to mend it, and mend what is safe."""

from __future__ import annotations

from typing import Any

import click

from chatmimic.cli.common import (
    console,
    home_option,
    json_option,
    print_json,
    waiting,
)
from chatmimic.errors import ChatmimicError
from chatmimic.home import Home
from chatmimic.text import shown
from chatmimic.upkeep.doctor import CHECKS, Finding, Level, examine

_Found = list[tuple[str, list[Finding]]]


@click.command("doctor")
@click.option("--mend", is_flag=True, help="Mend what can be mended without losing anything.")
@json_option
@home_option
def command(mend: bool, as_json: bool, home: Home) -> int:
    """Check the archive, mimics, runs, disk and packages, and mend them.

    Nothing is changed without --mend, which makes files private, deletes what killed commands left
    half-written, brings back what was being replaced, and erases deleted text from unused parts of
    the archive's file. For every other problem, the command that helps is shown. The exit status is
    1 if problems remain.

    \b
    Example:
      chatmimic doctor
      chatmimic doctor --mend
    """
    with waiting("checking"):
        found = list(examine(home))
    failed: dict[Finding, str] = {}
    mended: list[Finding] = []
    for _, findings in found if mend else ():
        for finding in findings:
            _mend(finding, mended, failed)
    left = [f for _, fs in found for f in fs if f.level is Level.PROBLEM and f not in mended]
    if as_json:
        print_json(_facts(found, mended, failed))
    else:
        _show(found, mended, failed, home)
    return 1 if left else 0


def _mend(finding: Finding, mended: list[Finding], failed: dict[Finding, str]) -> None:
    if finding.act is None:
        return
    try:
        finding.act()
        mended.append(finding)
    except ChatmimicError as error:
        failed[finding] = str(error)
    except OSError as error:
        failed[finding] = f"{error.strerror or error} ({error.filename or finding.path})."


def _facts(found: _Found, mended: list[Finding], failed: dict[Finding, str]) -> dict[str, Any]:
    return {
        "checks": [name for name, _ in CHECKS],
        "findings": [
            {
                "check": name,
                "level": finding.level.value,
                "says": finding.says,
                "mend": finding.mend,
                "path": str(finding.path) if finding.path else None,
                "safe": finding.act is not None,
                "mended": finding in mended,
                "failed": failed.get(finding),
            }
            for name, findings in found
            for finding in findings
        ],
    }


def _show(found: _Found, mended: list[Finding], failed: dict[Finding, str], home: Home) -> None:
    screen = console()
    for name, findings in found:
        if not findings:
            screen.print(shown(f"ok       {name}", "dim"))
        for finding in findings:
            mark = "mended" if finding in mended else finding.level.value
            style = "bold" if mark == Level.PROBLEM else ""
            screen.print(shown(f"{mark:<8} {name}: {finding.says}", style), soft_wrap=True)
            if finding in failed:
                screen.print(shown(f"         not mended: {failed[finding]}"), soft_wrap=True)
            elif finding not in mended and finding.mend:
                screen.print(shown(f"         to mend it: {finding.mend}"), soft_wrap=True)
    safe = [f for _, fs in found for f in fs if f.act and f not in mended and f not in failed]
    if safe:
        some = "one of them" if len(safe) == 1 else f"{len(safe)} of them"
        screen.print(shown(f"chatmimic doctor --mend{home.option} mends {some}."))

"""The whole road in one go: import, train, talk. `make demo` runs it; so does any Python:

python examples/demo.py
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".demo"
EXPORTS = ROOT / "examples" / "exports"
MIRA, TEODOR, JUNO = "Mira Okafor", "Teodor Lindqvist", "Juno Park"
# The same person goes by another name on Discord and on IRC.
ALSO = [
    (MIRA, "mira"),
    (TEODOR, "teo"),
    (TEODOR, "teodor"),
    (JUNO, "juno!!"),
    (JUNO, "juno"),
    (JUNO, "juno_raid"),
]
MINUTES = 4  # of training, of the six that the demo takes
SAID = ["hey, are you coming to the allotment later?", "I made noodles!!", "how is the kiln?"]


def chatmimic(*arguments: str) -> None:
    """Run one command as a user would type it."""
    print(f"\n$ chatmimic {shlex.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "chatmimic", "--home", str(HOME), *arguments]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def planned(base: str) -> dict[str, Any] | None:
    """What `chatmimic train --plan` says of a base on this machine; None where it cannot be had.

    Why it cannot is on the screen then.
    """
    asked = ["train", "--persona", MIRA, "--base", base, "--plan", "--json"]
    command = [sys.executable, "-m", "chatmimic", "--home", str(HOME), *asked]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    return None if done.returncode else json.loads(done.stdout)


def how_to_train() -> list[str]:
    """The base, and how long: smollm2 where it learns enough in `MINUTES`, else the starter."""
    print("\nWhich base suits this machine?", flush=True)
    plan = planned("smollm2")
    if plan is None:
        print("The starter: smollm2 cannot be had, or does not fit into memory.", flush=True)
        return ["--base", "starter"]
    seconds, one_pass = plan["seconds"], plan["picked"]["pass_seconds"]
    if seconds <= 60 * MINUTES:
        print(f"smollm2: training from it takes {minutes(seconds)}.", flush=True)
        return ["--base", "smollm2"]
    told = f"it reads everything once in {minutes(one_pass)}"
    if one_pass <= 60 * MINUTES:
        print(f"smollm2, for {MINUTES} minutes: {told}.", flush=True)
        return ["--base", "smollm2", "--minutes", str(MINUTES)]
    print(f"The starter. Of smollm2: {told}, and this shall be a short demo.", flush=True)
    return ["--base", "starter"]


def minutes(seconds: float) -> str:
    """A time as one says it: `about 1.5 minutes`."""
    return f"about {seconds / 60:.2g} minutes"


def main() -> None:
    """Import the example exports, train a mimic of Mira, and talk with it."""
    if HOME.exists():
        print(f"The home of an earlier demo, {HOME}, makes way for this one's.", flush=True)
        shutil.rmtree(HOME)
    chatmimic("import", os.path.relpath(EXPORTS))
    for person, name in ALSO:
        chatmimic("people", "merge", person, name, "--yes")
    chatmimic("people")
    chatmimic("train", "--persona", MIRA, *how_to_train())
    for said in SAID:
        chatmimic("reply", "--mimic", "mira-okafor", "--seed", "1", said)
    if sys.stdin.isatty() and sys.stdout.isatty():
        chatmimic("chat", "mira-okafor")
    else:
        print("\nAt a terminal, the chat opens here: chatmimic --home .demo chat mira-okafor")


if __name__ == "__main__":
    main()

"""The whole road in one go: import, train, talk. `make demo` runs it; so does any Python:

python examples/demo.py
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

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
SAID = ["hey, are you coming to the allotment later?", "I made noodles!!", "how is the kiln?"]


def chatmimic(*arguments: str) -> None:
    """Run one command as a user would type it."""
    print(f"\n$ chatmimic {shlex.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "chatmimic", "--home", str(HOME), *arguments]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Import the example exports, train a mimic of Mira, and talk with it."""
    if HOME.exists():
        print(f"The home of an earlier demo, {HOME}, makes way for this one's.", flush=True)
        shutil.rmtree(HOME)
    chatmimic("import", os.path.relpath(EXPORTS))
    for person, name in ALSO:
        chatmimic("people", "merge", person, name, "--yes")
    chatmimic("people")
    chatmimic("train", "--persona", MIRA, "--base", "starter")
    for said in SAID:
        chatmimic("reply", "--mimic", "mira-okafor", "--seed", "1", said)
    if sys.stdin.isatty() and sys.stdout.isatty():
        chatmimic("chat", "mira-okafor")
    else:
        print("\nAt a terminal, the chat opens here: chatmimic --home .demo chat mira-okafor")


if __name__ == "__main__":
    main()

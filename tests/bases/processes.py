"""What tests of bases share: a process that knows the loopback hub and no other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The hub's library waits ten seconds for each answer, and asks again: what took less has not waited
# for it. On a busy machine starting Python takes some of them.
SOON = 9  # seconds
FIND = """
import sys
from chatmimic.bases import find_base
from chatmimic.errors import BaseError
try:
    print(find_base(sys.argv[1]))
except BaseError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""


@dataclass
class Process:
    """Runs Python with the hub's address and a cache of its own, set as in a user's shell."""

    cache: Path
    url: str
    patience: int | None = None  # seconds that the hub may take to answer; None: the usual ones

    def environment(self, **more: str) -> dict[str, str]:
        """This process's, but for everything that steers the hub's library."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))}
        own = {"HF_ENDPOINT": self.url, "HF_HOME": str(self.cache), "NO_PROXY": "127.0.0.1"}
        if self.patience is not None:
            own["HF_HUB_ETAG_TIMEOUT"] = str(self.patience)
        return kept | own | more

    def run(
        self, *arguments: str, code: str = FIND, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; its wall time in seconds is `self.took`."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.took = time.monotonic() - began
        return done

#!/usr/bin/env python3
"""Fetch Ubuntu's public channel logs, day by day, from irclogs.ubuntu.com.

    python3 ubuntu_logs.py --channel '#ubuntu' --from 2024-01-01 --to 2024-01-31 --out logs

Needs Python 3.11 or later and nothing else. What it writes, `chatmimic import logs` reads:
`logs/2024/01/01/#ubuntu.txt`, and beside it SHA256SUMS and state.json. A run that was stopped goes
on where it was: days that are there are not fetched again, nor days that have no log. A file that
no longer fits its checksum is. One request at a time, with a pause after each.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

BASE = "https://irclogs.ubuntu.com"
FIRST_DAY = date(2004, 7, 5)
AGENT = "chatmimic-ubuntu-logs/1.0 (a script for one person's use)"
TRIES = 6  # of a request that the server fails to answer
TIMEOUT = 60  # seconds for an answer
LONGEST_WAIT = 900  # seconds; beyond it somebody should look
LARGEST = 64 << 20  # bytes of one day; the busiest have two million
SUMS, STATE = "SHA256SUMS", "state.json"
CHANNEL = re.compile(r"#{1,2}[A-Za-z0-9][A-Za-z0-9_.+-]{0,60}")


class Stop(Exception):
    """The run ends here; the sentence says why."""


# --- what lies in the folder ---


@dataclass
class Folder:
    """The logs that are there, with their checksums, and what is known of the others."""

    root: Path
    sums: dict[str, str] = field(default_factory=dict)  # path inside → SHA-256
    absent: set[str] = field(default_factory=set)  # days that have no log
    growing: dict[str, dict[str, str]] = field(default_factory=dict)  # path → for the next request

    @classmethod
    def opened(cls, root: Path) -> Folder:
        """The folder as the last run left it; made when there is none."""
        root.mkdir(parents=True, exist_ok=True)
        folder = cls(root)
        for line in _lines(root / SUMS):
            digest, _, path = line.partition("  ")
            if re.fullmatch(r"[0-9a-f]{64}", digest) and path:
                folder.sums[path] = digest  # the last word counts
        try:
            state = json.loads("\n".join(_lines(root / STATE)) or "{}")
            folder.absent = {str(path) for path in state.get("absent", [])}
            folder.growing = {
                str(path): {str(k): str(v) for k, v in told.items()}
                for path, told in state.get("growing", {}).items()
            }
        except (ValueError, AttributeError, TypeError):
            say(f"{root / STATE} is damaged and begun anew.")
        return folder

    def holds(self, path: str) -> bool:
        """Whether the file is there as it was fetched. One that is not goes."""
        digest = self.sums.get(path)
        file = self.root / path
        if digest is None or not file.is_file():
            return False
        if hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            return True
        say(f"{path} does not fit its checksum and is fetched again.")
        self.growing.pop(path, None)
        return False

    def keep(self, path: str, data: bytes) -> None:
        """Write a whole file, and then its checksum: a run may be stopped between any two steps."""
        write(self.root / path, data)
        self.sums[path] = hashlib.sha256(data).hexdigest()
        with (self.root / SUMS).open("a", encoding="utf-8") as sums:
            sums.write(f"{self.sums[path]}  {path}\n")

    def save(self) -> None:
        """Write what is known of the days, and the checksums in order."""
        sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(self.sums.items()))
        write(self.root / SUMS, sums.encode())
        state = {"absent": sorted(self.absent), "growing": self.growing}
        write(self.root / STATE, json.dumps(state, indent=1).encode())


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines() if file.is_file() else []


def write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, file)


def say(sentence: str) -> None:
    """Tell whoever started this."""
    print(sentence, file=sys.stderr, flush=True)


# --- asking the server ---


@dataclass(frozen=True)
class Answer:
    """What the server said of one day."""

    status: int  # 200, 304 or 404
    data: bytes = b""
    told: dict[str, str] = field(default_factory=dict)  # what makes the next request conditional


def asked(url: str, told: dict[str, str]) -> Answer:
    """Ask for one file, as often as it takes. Raises Stop."""
    for attempt in range(TRIES):
        request = urllib.request.Request(url, headers={"User-Agent": AGENT, **told})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                return _whole(response)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (304, 404, 410):
                return Answer(304 if error.code == 304 else 404)
            if error.code != 429 and error.code < 500:
                raise Stop(f"The server refuses {url}: {error.code} {error.reason}.") from error
            why, after = f"{error.code} {error.reason}", error.headers.get("Retry-After")
        except (OSError, http.client.HTTPException) as error:
            why, after = str(error) or type(error).__name__, None
        if attempt + 1 < TRIES:
            wait_for(why, after, 2.0**attempt)
    raise Stop(f"The server did not give {url}: {why}. Run this again later; it goes on from here.")


def _whole(response: http.client.HTTPResponse) -> Answer:
    data = response.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Stop(f"{response.url} is larger than {LARGEST >> 20} MiB, which no log is.")
    length = response.headers.get("Content-Length")
    if length is not None and length.isdecimal() and len(data) != int(length):
        raise http.client.IncompleteRead(data, int(length) - len(data))
    headers = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    told = {ask: response.headers[name] for name, ask in headers if response.headers.get(name)}
    return Answer(200, data, told)


def wait_for(why: str, after: str | None, otherwise: float) -> None:
    """Wait as long as the server asks for, in seconds or until a date. Raises Stop."""
    seconds = otherwise
    if after is not None and after.strip().isdecimal():
        seconds = float(after)
    elif after is not None:
        with contextlib.suppress(ValueError, TypeError):  # neither seconds nor a date
            seconds = max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    if seconds > LONGEST_WAIT:
        raise Stop(f"The server asks to be left alone for {seconds:,.0f} s. Run this again later.")
    say(f"{why}: waiting {seconds:,.0f} s.")
    time.sleep(seconds)


# --- the days ---


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def fetch(folder: Folder, base: str, channel: str, day: date, today: date, pause: float) -> str:
    """One day of one channel. Gives what became of it. Raises Stop."""
    path = f"{day:%Y/%m/%d}/{channel}.txt"
    here = folder.holds(path)
    if path in folder.absent or (here and path not in folder.growing):
        return "known"
    url = f"{base.rstrip('/')}/{day:%Y/%m/%d}/{urllib.parse.quote(channel)}.txt"
    answer = asked(url, folder.growing.get(path, {}) if here else {})
    time.sleep(pause)
    if answer.status == 404:
        if day < today:
            folder.absent.add(path)
        return "no log"
    folder.growing.pop(path, None)
    if answer.status == 200:
        folder.keep(path, answer.data)
    if day >= today:
        folder.growing[path] = answer.told
    return "fetched" if answer.status == 200 else "unchanged"


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and fetch the days. Gives 0, or 1 when the run could not go on."""
    given = asked_for(arguments)
    counts: dict[str, int] = {}
    today = datetime.now(UTC).date()
    try:
        folder = Folder.opened(given.out)
        try:
            for channel in given.channel:
                for day in days(given.first, min(given.last or today, today)):
                    what = fetch(folder, given.base_url, channel, day, today, given.pause)
                    counts[what] = counts.get(what, 0) + 1
                    if what == "fetched":
                        say(f"{day} {channel}")
        finally:
            folder.save()
    except Stop as stop:
        say(str(stop))
        return 1
    except OSError as error:
        say(f"{given.out} cannot be written: {error}.")
        return 1
    except KeyboardInterrupt:
        say("Stopped; run this again to go on.")
        return 1
    told = ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items()))
    print(f"Days: {told or 'none'}. Now: chatmimic import --tz UTC {given.out}")
    return 0


def asked_for(arguments: list[str] | None) -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(description="Fetch Ubuntu's public channel logs, day by day.")
    parser.add_argument(
        "--channel", type=_channel, action="append", required=True, help="as '#ubuntu'; repeatable"
    )
    parser.add_argument(
        "--from", dest="first", type=date.fromisoformat, default=FIRST_DAY, help="2024-01-01"
    )
    parser.add_argument("--to", dest="last", type=date.fromisoformat, help="2024-01-31; or today")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds after a request (1)")
    parser.add_argument("--base-url", default=BASE, help="where the logs are")
    given = parser.parse_args(arguments)
    if not given.base_url.startswith(("http://", "https://")):
        parser.error("--base-url begins with http:// or https://")
    if not 0 <= given.pause <= LONGEST_WAIT:
        parser.error(f"--pause is between 0 and {LONGEST_WAIT} seconds")
    return given


def _channel(name: str) -> str:
    if not CHANNEL.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{name} is no channel; one is called like '#ubuntu'")
    return name


if __name__ == "__main__":
    sys.exit(main())

"""Fetch one channel's history with a bot's token, as JSON that `chatmimic import` reads.

    python discord_channel.py --channel 845733281904558090 --out gears.json

Needs Python 3.11 or later and nothing else. The token comes from the environment variable
DISCORD_BOT_TOKEN or is asked for; it is never written anywhere. A run that was stopped goes on
where it was: what was fetched lies in FILE.json.part until the whole is there.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

API = "https://discord.com/api/v10"
TOKEN = "DISCORD_BOT_TOKEN"
PAGE = 100  # messages of one request: the most that Discord gives
TRIES = 6  # of a request that Discord itself fails to answer
TIMEOUT = 60  # seconds for an answer
LONGEST_WAIT = 900  # seconds; beyond it somebody should look

CHANNEL_TYPES = {
    0: "GuildTextChat", 1: "DirectTextChat", 2: "GuildVoiceChat", 3: "DirectGroupTextChat",
    5: "GuildNews", 10: "GuildNewsThread", 11: "GuildPublicThread", 12: "GuildPrivateThread",
    13: "GuildStageVoice", 15: "GuildForum",
}  # fmt: skip
MESSAGE_TYPES = {
    0: "Default", 1: "RecipientAdd", 2: "RecipientRemove", 3: "Call", 4: "ChannelNameChange",
    5: "ChannelIconChange", 6: "ChannelPinnedMessage", 7: "GuildMemberJoin", 18: "ThreadCreated",
    19: "Reply",
}  # fmt: skip
SENTENCES = {
    5: "Changed the channel icon.", 6: "Pinned a message.", 7: "Joined the server.",
    18: "Started a thread.",
}  # fmt: skip
REFUSED = {
    401: f"Discord does not accept the token. It must be a bot's token: check {TOKEN}, or make a "
    "new token in the developer portal.",
    403: "The bot may not read this. It needs the rights View Channel and Read Message History "
    "there.",
    404: "Discord knows no such channel, or the bot is not on its server.",
}


class Stop(Exception):
    """The run ends here; the sentence says why."""


# --- asking Discord ---


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Nobody is followed elsewhere: the token would go with the request."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""
        return


class Api:
    """Discord's REST API, asked no faster than it allows."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._pause = 0.0  # seconds before the next request

    def get(self, path: str, **query: Any) -> Any:
        """What Discord answers, as JSON. Raises Stop."""
        query_text = urllib.parse.urlencode(query)
        url = f"{self._base}{path}" + (f"?{query_text}" if query_text else "")
        headers = {
            "Authorization": f"Bot {self._token}",
            "User-Agent": "DiscordBot (chatmimic exporter, 1)",
        }
        for attempt in range(TRIES):
            time.sleep(self._pause)
            self._pause = 0.0
            try:
                request = urllib.request.Request(url, headers=headers)
                with self._opener.open(request, timeout=TIMEOUT) as answer:
                    body = json.load(answer)
                    self._pause = _until_next(answer.headers)
                    return body
            except urllib.error.HTTPError as error:
                self._pause = _after_refusal(error, attempt)
            except (OSError, ValueError) as error:
                if attempt == TRIES - 1:
                    raise Stop(
                        f"Discord does not answer ({error}). Run this again later."
                    ) from error
                self._pause = 2.0**attempt
        raise Stop("Discord keeps asking to wait. Run this again later: it goes on where it was.")

    def get_or_nothing(self, path: str) -> dict[str, Any]:
        """The same, but nothing where the bot may not look."""
        try:
            found = self.get(path)
        except Stop:
            return {}
        return found if isinstance(found, dict) else {}


def _until_next(headers: Any) -> float:
    """Seconds to wait after an answer, so that the next request is not one too many."""
    if headers.get("X-RateLimit-Remaining") != "0":
        return 0.0
    return _seconds(headers.get("X-RateLimit-Reset-After"), 1.0)


def _after_refusal(error: urllib.error.HTTPError, attempt: int) -> float:
    """Seconds to wait before asking again. Raises Stop where asking again is no use."""
    with error:
        if error.code == 429:
            wait = _seconds(error.headers.get("Retry-After"), 5.0)
            print(f"Discord asks to wait {wait:.0f} seconds.", file=sys.stderr)
            return wait
        if error.code >= 500:
            return 2.0**attempt
    raise Stop(REFUSED.get(error.code, f"Discord refuses the request ({error.code})."))


def _seconds(written: str | None, usual: float) -> float:
    try:
        seconds = float(written or usual)
    except ValueError:
        return usual
    if not 0 <= seconds <= LONGEST_WAIT:
        raise Stop(f"Discord asks to wait {seconds:.0f} seconds. Run this again then.")
    return seconds


# --- what was fetched so far ---


class Part:
    """The messages fetched so far, newest first, a line each; the first line names the channel."""

    def __init__(self, path: Path, channel: str) -> None:
        self.path = path
        self.oldest = ""  # id of the last message that lies here
        self.count = 0
        self._starts: list[int] = []  # bytes where the lines begin
        self._end = 0
        self._file = _private(path, "r+b")
        self._read(channel)

    def _read(self, channel: str) -> None:
        for number, line in enumerate(self._file):
            found = _record(line)
            if found is None:
                break  # torn when the run was stopped
            if number == 0 and found.get("channel") != channel:
                raise Stop(f"{self.path} is of another channel. Remove it, or name another --out.")
            if number:
                self._know(found, self._end)
            self._end += len(line)
        self._file.seek(self._end)
        self._file.truncate()
        if not self._end:
            self._write([{"channel": channel}])

    def add(self, messages: list[dict[str, Any]]) -> None:
        """Keep one page, on disk when this returns."""
        at = self._end
        for message, line in zip(messages, self._write(messages), strict=True):
            self._know(message, at)
            at += len(line)

    def oldest_first(self) -> Iterator[dict[str, Any]]:
        """Every message."""
        for start in reversed(self._starts):
            self._file.seek(start)
            yield json.loads(self._file.readline())

    def close(self, remove: bool = False) -> None:
        """Close it; remove it when the whole is written."""
        self._file.close()
        if remove:
            self.path.unlink()

    def _know(self, message: dict[str, Any], start: int) -> None:
        self.oldest = message["id"]
        self.count += 1
        self._starts.append(start)

    def _write(self, records: list[dict[str, Any]]) -> list[bytes]:
        lines = [json.dumps(record).encode() + b"\n" for record in records]
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._end += sum(map(len, lines))
        return lines


def _private(path: Path, mode: str) -> Any:
    """A file that only its owner may read."""
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), mode)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


# --- Discord's messages as DiscordChatExporter writes them ---


def exported(message: dict[str, Any]) -> dict[str, Any]:
    """One message."""
    record = {
        "id": message["id"],
        "type": MESSAGE_TYPES.get(message.get("type", 0), str(message.get("type"))),
        "timestamp": message.get("timestamp"),
        "timestampEdited": message.get("edited_timestamp"),
        "callEndedTimestamp": (message.get("call") or {}).get("ended_timestamp"),
        "isPinned": bool(message.get("pinned")),
        "content": _content(message),
        "author": _user(message.get("author") or {}, bool(message.get("webhook_id"))),
        **_hanging_on(message),
        "reactions": [_reaction(one) for one in message.get("reactions") or []],
        "mentions": [_user(one) for one in message.get("mentions") or []],
    }
    reference = message.get("message_reference")
    if reference:
        record["reference"] = {
            "type": "Forward" if reference.get("type") == 1 else "Default",
            "messageId": reference.get("message_id"),
            "channelId": reference.get("channel_id"),
            "guildId": reference.get("guild_id"),
        }
    for snapshot in (message.get("message_snapshots") or [])[:1]:
        record["forwardedMessage"] = _forwarded(snapshot.get("message") or {})
    return record


def _forwarded(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "content": message.get("content", ""),
        "timestamp": message.get("timestamp"),
        "timestampEdited": message.get("edited_timestamp"),
        **_hanging_on(message),
    }


def _content(message: dict[str, Any]) -> str:
    """What was written; for what Discord itself says, a sentence."""
    kind, said = message.get("type", 0), message.get("content") or ""
    whom = next(iter(message.get("mentions") or []), {}).get("username", "somebody")
    if kind == 1:
        return f"Added {whom} to the group."
    if kind == 2:
        return f"Removed {whom} from the group."
    if kind == 3:
        return "Started a call."
    if kind == 4:
        return f"Changed the channel name: {said}"
    return SENTENCES.get(kind, said)


def _user(user: dict[str, Any], is_webhook: bool = False) -> dict[str, Any]:
    number = user.get("discriminator") or "0"
    return {
        "id": user.get("id"),
        "name": user.get("username"),
        "discriminator": "0000" if number == "0" else number,
        "nickname": user.get("global_name") or user.get("username"),
        "color": None,
        "isBot": bool(user.get("bot")) or is_webhook,
        "roles": [],
        "avatarUrl": "",
    }


def _hanging_on(message: dict[str, Any]) -> dict[str, Any]:
    """Files, previews of links and stickers, as far as an importer looks at them."""
    return {
        "attachments": [
            {
                "id": one.get("id"),
                "url": one.get("url"),
                "fileName": one.get("filename"),
                "fileSizeBytes": one.get("size"),
            }
            for one in message.get("attachments") or []
        ],
        "embeds": [
            {name: one.get(name) for name in ("title", "url", "timestamp", "description")}
            for one in message.get("embeds") or []
        ],
        "stickers": [
            {"id": one.get("id"), "name": one.get("name"), "format": str(one.get("format_type"))}
            for one in message.get("sticker_items") or []
        ],
    }


def _reaction(one: dict[str, Any]) -> dict[str, Any]:
    emoji = one.get("emoji") or {}
    shown = {"id": emoji.get("id") or "", "name": emoji.get("name"), "code": emoji.get("name")}
    return {"emoji": shown, "count": one.get("count", 0), "users": []}


# --- the run ---


def top(api: Api, channel: dict[str, Any]) -> dict[str, Any]:
    """What stands above the messages."""
    guild_id, parent_id = channel.get("guild_id"), channel.get("parent_id")
    guild = api.get_or_nothing(f"/guilds/{guild_id}") if guild_id else {"name": "Direct Messages"}
    parent = api.get_or_nothing(f"/channels/{parent_id}") if parent_id else {}
    people = ", ".join(one.get("username", "") for one in channel.get("recipients") or [])
    return {
        "guild": {"id": guild_id or "0", "name": guild.get("name") or guild_id, "iconUrl": ""},
        "channel": {
            "id": channel["id"],
            "type": CHANNEL_TYPES.get(channel.get("type", 0), str(channel.get("type"))),
            "categoryId": parent_id,
            "category": parent.get("name"),
            "name": channel.get("name") or people,
            "topic": channel.get("topic"),
        },
        "dateRange": {"after": None, "before": None},
        "exportedAt": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def fetch(api: Api, channel: str, part: Part) -> None:
    """Page by page from the newest message, or from where the last run was, to the oldest."""
    while True:
        query = {"limit": PAGE, **({"before": part.oldest} if part.oldest else {})}
        page = api.get(f"/channels/{channel}/messages", **query)
        if not isinstance(page, list):
            raise Stop("Discord answered with something that is no list of messages.")
        if not page:
            return
        part.add([exported(message) for message in page])
        day = str(page[-1].get("timestamp"))[:10]
        print(f"{part.count:,} messages, back to {day}", file=sys.stderr)


def write(out: Path, above: dict[str, Any], part: Part) -> None:
    """The whole file, or none of it."""
    whole = out.with_name(out.name + ".whole")
    whole.unlink(missing_ok=True)
    with _private(whole, "r+b") as file:
        file.write(json.dumps(above).encode()[:-1] + b', "messages": [')
        for number, message in enumerate(part.oldest_first()):
            file.write((b",\n" if number else b"\n") + json.dumps(message).encode())
        file.write(f'\n], "messageCount": {part.count}}}\n'.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(whole, out)


def run(api: Api, channel: str, out: Path) -> int:
    """Fetch a channel into a file; gives how many messages. Raises Stop."""
    if out.exists():
        raise Stop(f"{out} is there already. Name another --out, or move it away.")
    above = top(api, api.get(f"/channels/{channel}"))
    part = Part(out.with_name(out.name + ".part"), channel)
    try:
        fetch(api, channel, part)
        write(out, above, part)
        warn_of_silence(part)
    except BaseException:
        part.close()
        raise
    part.close(remove=True)
    return part.count


def warn_of_silence(part: Part) -> None:
    """Say so where no message has words, as without the Message Content Intent."""
    spoken = (m for m in part.oldest_first() if m["type"] in ("Default", "Reply"))
    said = [bool(m["content"]) for m in spoken if not m["author"]["isBot"]]
    if said and not any(said):
        print(
            "No message has any words: switch the Message Content Intent on, in the developer "
            "portal under Bot, and fetch again.",
            file=sys.stderr,
        )


def main(arguments: list[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--channel", required=True, metavar="ID", help="the channel's id, a number")
    parser.add_argument("--out", required=True, metavar="FILE.json", type=Path)
    parser.add_argument("--api", default=API, metavar="URL", help="another address of the API")
    asked = parser.parse_args(arguments)
    if not (asked.channel.isascii() and asked.channel.isdigit()):
        parser.error("--channel takes the channel's id, a number")
    address = urllib.parse.urlsplit(asked.api)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "::1", "localhost"):
        parser.error("--api takes an https address: the token must not travel in the open")
    token = os.environ.get(TOKEN) or getpass.getpass("Bot token (it is not shown): ")
    try:
        count = run(Api(asked.api, token.strip()), asked.channel, asked.out)
    except Stop as reason:
        print(reason, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Cannot write {asked.out}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        return 130
    print(f"{count:,} messages in {asked.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

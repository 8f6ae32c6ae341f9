"""An imitation of Discord on the loopback address: the gateway and the little of its API that a
bot needs. What the bot sends is kept.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiohttp import WSMsgType, web

BOT, GUILD, CHANNEL = "111", "222", "333"
_BOT = {"id": BOT, "username": "mimic", "discriminator": "0", "avatar": None, "bot": True}
_APPLICATION = {
    **{"id": BOT, "name": "mimic", "description": "", "icon": None, "owner": _BOT, "flags": 0},
    **{"bot_public": False, "bot_require_code_grant": False, "verify_key": "k"},
}
_AT = "2024-05-01T12:00:00+00:00"


def user(number: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {**_BOT, "id": str(number), "username": name, "bot": bot}


class Discord:
    """The service. `sent` are the messages of the bot, `identified` what it said of itself."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.typed = 0
        self.identified: dict[str, Any] = {}
        self.ready = threading.Event()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._line: web.WebSocketResponse | None = None
        self._sequence = 0
        self._ended = asyncio.Event()

    def say(
        self, author: dict[str, Any], content: str, mentions: Sequence[Any] = (), **more: Any
    ) -> None:
        """Let somebody write a message in the channel.

        As in Discord, a bot without the intent gets the words of those only that mention it.
        """
        told = any(one["id"] == BOT for one in mentions)
        self._sequence += 1
        message = {
            **{"id": str(1000 + self._sequence), "channel_id": CHANNEL, "guild_id": GUILD},
            **{"author": author, "content": content if told else "", "timestamp": _AT},
            **{"edited_timestamp": None, "tts": False, "mention_everyone": False, "pinned": False},
            **{"mentions": list(mentions), "mention_roles": [], "attachments": [], "embeds": []},
            **{"type": 0, "member": _member(), **more},
        }
        self._dispatch("MESSAGE_CREATE", message)

    def mention(self, author: dict[str, Any], content: str) -> None:
        """Let somebody write to the bot."""
        self.say(author, f"<@{BOT}> {content}", [{**_BOT, "member": _member()}])

    def _dispatch(self, event: str, data: dict[str, Any]) -> None:
        assert self._line is not None
        packet = {"op": 0, "t": event, "s": self._sequence, "d": data}
        asyncio.run_coroutine_threadsafe(self._line.send_json(packet), self._loop).result(10)

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}, "s": None, "t": None})
        self._line = line
        async for packet in line:
            if packet.type is not WSMsgType.TEXT:
                continue
            said = packet.json()
            if said["op"] == 1:
                await line.send_json({"op": 11, "d": None, "s": None, "t": None})
            if said["op"] == 2:
                self.identified = said["d"]
                await self._greet(line)
        return line

    async def _greet(self, line: web.WebSocketResponse) -> None:
        ready = {
            **{"v": 10, "user": _BOT, "guilds": [{"id": GUILD, "unavailable": True}]},
            **{"session_id": "s", "resume_gateway_url": f"ws://127.0.0.1:{self.port}/gateway"},
            "application": {"id": BOT, "flags": 0},
        }
        channel = {"id": CHANNEL, "type": 0, "name": "tea", "position": 0, "guild_id": GUILD}
        role = {"id": GUILD, "name": "@everyone", "permissions": "2048", "position": 0}
        guild = {
            **{"id": GUILD, "name": "Garden", "owner_id": "9", "member_count": 3, "large": False},
            **{"channels": [channel], "roles": [{**role, "color": 0, "colors": _COLOURS}]},
            **{"members": [{**_member(), "user": _BOT}], "emojis": [], "features": []},
            **{"threads": [], "voice_states": [], "presences": [], "stickers": []},
            **{"verification_level": 0, "default_message_notifications": 0, "nsfw_level": 0},
            **{"explicit_content_filter": 0, "mfa_level": 0, "premium_tier": 0},
            **{"stage_instances": [], "guild_scheduled_events": [], "preferred_locale": "en-US"},
        }
        await line.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})
        await line.send_json({"op": 0, "t": "GUILD_CREATE", "s": 2, "d": guild})
        self._sequence = 2
        self.ready.set()

    async def _sent(self, request: web.Request) -> web.Response:
        message = await request.json()
        self.sent.append(message)
        more = {"id": str(5000 + len(self.sent)), "channel_id": CHANNEL, "author": _BOT}
        shape = {"timestamp": _AT, "edited_timestamp": None, "tts": False, "pinned": False}
        lists = dict.fromkeys(("mentions", "mention_roles", "attachments", "embeds"), [])
        kind = {"type": 0, "mention_everyone": False}
        return _json({**message, **more, **shape, **lists, **kind})

    async def _typing(self, _: web.Request) -> web.Response:
        self.typed += 1
        return web.Response(status=204)

    async def _me(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != "Bot a-token":
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        return _json(_BOT)

    async def _application(self, _: web.Request) -> web.Response:
        return _json(_APPLICATION)

    async def _serve(self, listens: threading.Event) -> None:
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_get("/api/users/@me", self._me)
        app.router.add_get("/api/oauth2/applications/@me", self._application)
        app.router.add_post(f"/api/channels/{CHANNEL}/messages", self._sent)
        app.router.add_post(f"/api/channels/{CHANNEL}/typing", self._typing)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        listens.set()
        await self._ended.wait()
        if self._line is not None:
            await self._line.close()
        await runner.cleanup()

    def run(self, listens: threading.Event) -> None:
        """Serve until `end`."""
        self._loop.run_until_complete(self._serve(listens))
        self._loop.close()

    def end(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._ended.set)


_COLOURS = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}


def _member() -> dict[str, Any]:
    return {"roles": [], "joined_at": _AT, "deaf": False, "mute": False, "nick": None, "flags": 0}


def _json(facts: dict[str, Any], status: int = 200) -> web.Response:
    """In exactly the content type that Discord sends, which clients look for."""
    body = json.dumps(facts).encode()
    return web.Response(body=body, status=status, content_type="application/json")


@contextmanager
def imitation() -> Iterator[Discord]:
    """The service, in a thread."""
    discord, listens = Discord(), threading.Event()
    thread = threading.Thread(target=discord.run, args=(listens,))
    thread.start()
    try:
        assert listens.wait(10)
        yield discord
    finally:
        discord.end()
        thread.join(10)

"""Conversations that are kept: listed, resumed, deleted, exported. `chatmimic chat` has the same.

Only the user of this machine sees them (`Access.private`).
"""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.chat.exporting import SUFFIXES
from chatmimic.chat.kept import Kept, kept_chats, kept_files
from chatmimic.chat.saving import Saved, read_chat
from chatmimic.errors import ChatmimicError
from chatmimic.generated import sentence
from chatmimic.generation import as_text
from chatmimic.home import Home
from chatmimic.server.api_error import ApiError, json_response
from chatmimic.server.intake import json_of
from chatmimic.server.security import access_of
from chatmimic.server.service import Service, service_of
from chatmimic.server.web.conversation import Conversation, conversation_of, entry_json

_LISTED = 100
_GLIMPSE = 80  # characters of the last message


async def chats(request: Request) -> Response:
    """List the newest chats. Raises ApiError."""
    home = _home(request)
    found = await asyncio.to_thread(lambda: list(islice(kept_chats(home.chats), _LISTED)))
    return json_response({"chats": [_summary(path, saved) for path, saved in found]})


async def keep(request: Request) -> Response:
    """Keep a chat as the page has it now. Raises ApiError."""
    _home(request)
    service = service_of(request)
    body = await json_of(request, service.limits)
    talk = await conversation_of(service, body, private=True)
    return json_response({"kept": await save(service, talk, talk.name)})


async def chat(request: Request) -> Response:
    """One chat, to go on with. Raises ApiError."""
    path = _path(request)
    saved = await asyncio.to_thread(_read, path)
    return json_response(
        {**_summary(path, saved), "entries": [entry_json(entry) for entry in saved.entries]}
    )


async def delete(request: Request) -> Response:
    """Delete a chat for good. Raises ApiError."""
    await asyncio.to_thread(_path(request).unlink)
    return json_response({"deleted": True})


async def export(request: Request) -> Response:
    """A chat as a file: text, Markdown or JSON, marked as generated. Raises ApiError."""
    path, suffix = _path(request), f".{request.query_params.get('as', 'txt')}"
    write = SUFFIXES.get(suffix)
    if write is None:
        raise ApiError(422, f"A chat is exported as one of {', '.join(SUFFIXES)}.", param="as")
    saved = await asyncio.to_thread(_read, path)
    text = write(saved.messages, sentence(saved.mimic), saved.mimic)
    named = f'attachment; filename="{path.stem}{suffix}"'
    headers = {"Content-Disposition": named, "X-Content-Type-Options": "nosniff"}
    return Response(text, 200, headers, media_type="text/plain")


async def save(service: Service, talk: Conversation, name: str) -> str:
    """Bring the file of a chat up to date; its name, "" if it is not kept.

    The file always holds whole messages: it is replaced at once, or not at all.
    """
    if not talk.keeps:
        return ""
    return await asyncio.to_thread(_save, service.voices.home, talk, name)


def _save(home: Home, talk: Conversation, name: str) -> str:
    notes: list[str] = []
    kept, session = Kept(home.chats, notes.append), talk.session
    if name and (path := _file(home, name)) is not None:
        kept.go_on(path)
    kept.write(session.entries, session.voice.mimic, session.room)
    if notes:
        raise ApiError(507, notes[0], code="not_kept")
    return kept.path.stem if kept.path else ""


def _home(request: Request) -> Home:
    if not access_of(request).private:
        raise ApiError(403, "Chats are kept only where nobody else connects.", code="not_private")
    return service_of(request).voices.home


def _path(request: Request) -> Path:
    found = _file(_home(request), request.path_params["name"])
    if found is None:
        raise ApiError(404, "No chat of that name is kept.", code="no_such_chat")
    return found


def _file(home: Home, name: str) -> Path | None:
    """The file of a chat; never a path, only a name in the list."""
    return next((path for path in kept_files(home.chats) if path.stem == name), None)


def _read(path: Path) -> Saved:
    try:
        return read_chat(path, unfinished=True)
    except ChatmimicError as error:
        raise ApiError(422, error.what, code="damaged_chat") from error


def _summary(path: Path, saved: Saved) -> dict[str, Any]:
    last = saved.entries[-1].message if saved.entries else None
    mine = next((e.message.sender for e in reversed(saved.entries) if e.mine), "")
    return {
        "name": path.stem,
        "mimic": saved.mimic,
        "room": [{"person": who, "mimic": mimic} for who, mimic in saved.room.items()],
        "you": mine,
        "messages": len(saved.entries),
        "last": as_text(last)[:_GLIMPSE] if last else "",
        "last_at": last.sent_at if last else None,
    }

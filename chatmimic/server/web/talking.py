"""A turn of those who answer, message by message, and other versions of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.chat.session import Session, now_ms
from chatmimic.chat.waits import QUICK, Waits
from chatmimic.generation import as_text
from chatmimic.generation.generator import LONGEST_TURN
from chatmimic.records import Message
from chatmimic.rhythm import USUAL, Rhythm
from chatmimic.server.api_error import json_response
from chatmimic.server.choices import Choices
from chatmimic.server.events import streamed
from chatmimic.server.intake import json_of
from chatmimic.server.scheduler import Job
from chatmimic.server.security import access_of
from chatmimic.server.service import Service, newest, service_of
from chatmimic.server.voices import Opened
from chatmimic.server.web.conversation import Conversation, conversation_of, entry_json
from chatmimic.server.web.keeping import save

if TYPE_CHECKING:
    from chatmimic.generation.row import Row

_VERSIONS = 4
_OVERHEARD = 6  # messages, where the user listens


async def turn(request: Request) -> Response:
    """Stream what those who answer say until it is the user's turn. Raises ApiError."""
    service, private = service_of(request), access_of(request).private
    body = await json_of(request, service.limits)
    talk = await conversation_of(service, body, private=private)
    listens = body.get("listen") is True
    return streamed(_turn(service, talk, private=private, listens=listens))


async def alternatives(request: Request) -> Response:
    """Other versions of the answer to the user's last message. Raises ApiError."""
    service = service_of(request)
    talk = await conversation_of(service, await json_of(request, service.limits), private=False)
    session = talk.session
    speaker = await service.scheduler.call(partial(session.first_to_answer, Random()))
    rows = await _rows(talk, session.before_answer(), speaker or session.persona, _VERSIONS)
    choices = _begun(service, talk.opened_for(speaker or session.persona), rows)
    async for _ in choices.grown():
        pass
    texts = dict.fromkeys(text for choice in choices.all if (text := choice.text.strip()))
    return json_response({"speaker": speaker, "texts": list(texts)})


async def _turn(
    service: Service, talk: Conversation, *, private: bool, listens: bool
) -> AsyncIterator[dict[str, Any]]:
    """The events of a turn: who speaks, the pieces of each message, what was said."""
    session, waits, rng = talk.session, Waits(QUICK), Random()
    name = await save(service, talk, talk.name)
    yield {"kept": name}
    for number in range(_OVERHEARD if listens else LONGEST_TURN):
        choose = partial(_next, session, rng, listens=listens, begins=number == 0)
        speaker = await service.scheduler.call(choose)
        if speaker is None:
            return
        history = session.history
        again = bool(history) and history[-1].sender == speaker
        wait = waits.before(_rhythm(session, speaker), again=again)
        recalled = await _recalled(talk, speaker) if private else []
        yield {"speaker": speaker, "wait": wait, "recalled": recalled}
        rows = await _rows(talk, history, speaker, 1)
        choices = _begun(service, talk.opened_for(speaker), rows)
        async for _, new in choices.grown():
            yield {"piece": new}
        if session.hear(choices.all[0].text, speaker=speaker) is None:
            yield {"silent": True}
            return
        name = await save(service, talk, name)
        yield {"said": entry_json(session.entries[-1]), "kept": name}


def _next(session: Session, rng: Random, *, listens: bool, begins: bool) -> str | None:
    return session.next_among_all(rng) if listens else session.next_speaker(rng, begins=begins)


def _rhythm(session: Session, speaker: str) -> Rhythm:
    voice = session.voice_for(speaker)
    return voice.rhythm if speaker == voice.generator.persona else USUAL


async def _recalled(talk: Conversation, speaker: str) -> list[dict[str, str]]:
    """What the speaker remembers of the archive where the next message is theirs."""
    voice = talk.session.voice_for(speaker)
    if voice.memory is None or speaker != voice.generator.persona:
        return []
    found = await asyncio.to_thread(voice.recalled, talk.session.history)
    messages = [m for one in found for m in (one.asked, one.answer) if m is not None]
    return [{"sender": m.sender, "text": as_text(m)} for m in messages]


async def _rows(
    talk: Conversation, history: Sequence[Message], speaker: str, count: int
) -> list[Row]:
    generator = talk.opened_for(speaker).generator
    recent, at = newest(history, generator.window), now_ms()
    decodings = [talk.session.reply_decoding() for _ in range(count)]
    begin = partial(generator.begin, recent, speaker, at=at)
    return await asyncio.to_thread(lambda: [begin(decoding) for decoding in decodings])


def _begun(service: Service, opened: Opened, rows: Sequence[Row]) -> Choices:
    job = Job(opened.generator, rows, opened.threads)
    service.scheduler.add(job)
    return Choices.of(job, ())

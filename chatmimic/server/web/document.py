"""`GET /`: the page, with the mimics there are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.evaluation.stored import stored
from chatmimic.export.chat_template import partner_of
from chatmimic.generation.decoding import decoding_of
from chatmimic.mimic import Mimic
from chatmimic.server.security import access_of
from chatmimic.server.service import Service, service_of
from chatmimic.server.voices import Model
from chatmimic.server.web.signing_in import asks_for_key
from chatmimic.server.web.static import content_of, shown
from chatmimic.text import visible

_DRAWN = ("temperature", "top_p", "end_bias")  # what the page has sliders for


async def document(request: Request) -> Response:
    """Answer with the page, or with one that asks for the key."""
    access = access_of(request)
    if not access.lets_in(request.headers):
        return asks_for_key()
    service = service_of(request)
    facts = await asyncio.to_thread(_facts, service, access.private)
    whole = content_of("page.html")
    options = "".join(map(_option, facts["models"]))
    for place, content in (("{{MODELS}}", options), ("{{FACTS}}", _json(facts))):
        whole = whole.replace(place, content)
    return shown(whole)


def _facts(service: Service, private: bool) -> dict[str, Any]:
    """What the script knows from the beginning."""
    return {"private": private, "models": [_model(one) for one in service.voices.models()]}


def _model(model: Model) -> dict[str, Any]:
    mimic, drawn = model.mimic, asdict(decoding_of(model.mimic))
    evaluated = stored(mimic)
    return {
        "mimic": mimic.name,
        "persona": model.persona,
        "people": list(mimic.people),
        "you": _spoken_to(mimic, model.persona),
        "evaluated": evaluated is not None,
        **{name: drawn[name] for name in _DRAWN},
    }


def _spoken_to(mimic: Mimic, persona: str) -> str:
    """Who the user is unless they say so."""
    if persona == mimic.persona:
        return partner_of(mimic)
    return next((name for name in mimic.people if name != persona), "You")


def _option(model: dict[str, Any]) -> str:
    name, persona = model["mimic"], model["persona"]
    # As JavaScript writes it: the script finds an option by its value.
    value = escape(json.dumps([name, persona], ensure_ascii=False, separators=(",", ":")))
    return f'<option value="{value}">{escape(visible(persona))} ({escape(visible(name))})</option>'


def _json(facts: dict[str, Any]) -> str:
    """Facts as JSON that cannot end the element it stands in."""
    text = json.dumps(facts, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

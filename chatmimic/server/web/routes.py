"""Which path of the page leads where."""

from __future__ import annotations

from starlette.routing import Route

from chatmimic.server.web import keeping, reports, signing_in
from chatmimic.server.web.document import document
from chatmimic.server.web.pasting import paste
from chatmimic.server.web.static import static
from chatmimic.server.web.talking import alternatives, turn

ROUTES = (
    Route("/", document, methods=["GET"]),
    Route("/page.css", static, methods=["GET"]),
    Route("/page.js", static, methods=["GET"]),
    Route("/page.svg", static, methods=["GET"]),
    Route("/sign-in", signing_in.sign_in, methods=["POST"]),
    Route("/page/turn", turn, methods=["POST"]),
    Route("/page/alternatives", alternatives, methods=["POST"]),
    Route("/page/paste", paste, methods=["POST"]),
    Route("/page/chats", keeping.chats, methods=["GET"]),
    Route("/page/chats", keeping.keep, methods=["POST"]),
    Route("/page/chats/{name}", keeping.chat, methods=["GET"]),
    Route("/page/chats/{name}", keeping.delete, methods=["DELETE"]),
    Route("/page/chats/{name}/export", keeping.export, methods=["GET"]),
    Route("/page/statistics", reports.statistics, methods=["GET"]),
    Route("/page/evaluation", reports.evaluation, methods=["GET"]),
    Route("/page/blind-test", reports.blind_test, methods=["GET"]),
)

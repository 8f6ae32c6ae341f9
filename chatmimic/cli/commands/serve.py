"""`chatmimic serve`: mimics behind OpenAI's API."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Sequence

import click

from chatmimic.cli.chat_options import engine_option, find_mimic, memory_option, verbatim_option
from chatmimic.cli.common import home_option, say
from chatmimic.errors import ServerError
from chatmimic.home import Home
from chatmimic.text import visible

_LOCAL = "127.0.0.1"
_SHORTEST_KEY = 16


@click.command("serve")
@click.argument("mimics", metavar="[MIMIC]...", nargs=-1)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port to listen on; 0: any that is free.",
)
@click.option(
    "--host",
    default=_LOCAL,
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any but this machine's own needs a key.",
)
@click.option(
    "--api-key",
    envvar="CHATMIMIC_API_KEY",
    metavar="KEY",
    help=f"Key that clients must send, of {_SHORTEST_KEY} characters or more. Better set it by "
    "CHATMIMIC_API_KEY: other users of the machine see command lines.",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Further name by which clients call this server, e.g. that of a proxy.",
)
@click.option(
    "--demo",
    is_flag=True,
    help="Serve the example mimic, of an invented person. It is made the first time, which takes "
    "about three minutes.",
)
@click.option("--log", is_flag=True, help="Print a line for each request, without its text.")
@memory_option
@engine_option
@verbatim_option
@home_option
def command(
    mimics: Sequence[str],
    port: int,
    host: str,
    api_key: str | None,
    allow_host: Sequence[str],
    demo: bool,
    log: bool,
    memory: bool | None,
    engine: str,
    verbatim: bool,
    home: Home,
) -> None:
    """Serve mimics to a browser, and to chat programs through OpenAI's API.

    Serves all mimics, or only those named. Open the address that is printed to chat in a browser. A
    program that speaks OpenAI's API finds them there, too, with /v1 at the end of the address; each
    mimic is a model. Only this machine can
    connect, unless --host says otherwise. Ctrl-C ends the server once running requests are
    answered.

    \b
    Example:
      chatmimic serve
      chatmimic serve --demo
      chatmimic serve ada-lovelace --port 9000
      CHATMIMIC_API_KEY=… chatmimic serve --host 0.0.0.0
    """
    _check_packages()

    from chatmimic.server.app import application
    from chatmimic.server.limits import Limits
    from chatmimic.server.listening import bound, serve
    from chatmimic.server.security import Access, is_loopback
    from chatmimic.server.service import Service
    from chatmimic.server.voices import Voices

    key = _checked_key(api_key, needed=not is_loopback(host))
    if demo:
        from chatmimic.cli.demo import demo_home

        home = demo_home(home)
    named = [find_mimic(home, name).name for name in mimics]
    limits = Limits()
    voices = Voices(
        home,
        named,
        most=limits.mimics,
        note=say,
        engine=engine,
        verbatim=verbatim,
        memory=memory,
    )
    if not voices.models():
        say("There are no mimics yet: train one, or serve the example mimic with --demo")
    if log:
        _log_requests()
    app = application(Service(voices, limits, opens_first=True), Access.at(host, key, allow_host))
    serve(app, bound(host, port), limits, _tell)


def _check_packages() -> None:
    """Raise ServerError if the extra `serve` is not installed."""
    for package in ("starlette", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise ServerError(
                f"The server needs the package {package}.",
                "Install it: pip install 'chatmimic[serve]'.",
            )


def _checked_key(given: str | None, *, needed: bool) -> str:
    key = (given or "").strip()
    if needed and not key:
        raise click.UsageError(
            "--host lets other machines connect: set a key by CHATMIMIC_API_KEY or --api-key."
        )
    if key and len(key) < _SHORTEST_KEY:
        raise click.UsageError(f"The API key is too short: at least {_SHORTEST_KEY} characters.")
    return key


def _log_requests() -> None:
    logger = logging.getLogger("chatmimic.server")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _tell(address: str) -> None:
    print(f"Listening on {visible(address)} (Ctrl-C ends it).", flush=True)

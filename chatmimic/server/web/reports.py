"""Statistics, the last evaluation of a mimic, and a blind test, as pages of their own.

They are those that `stats --html`, `evaluate --html` and `turing --export` write. Only the user of
this machine sees them (`Access.private`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.archive import Archive, Scope
from chatmimic.errors import ChatmimicError
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.page import text_of, whole_page
from chatmimic.server.api_error import ApiError
from chatmimic.server.security import access_of
from chatmimic.server.service import service_of
from chatmimic.server.web.static import shown

# These pages carry a policy of their own, for the script and the style inside them.
_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ROUNDS = 10
_MAKING = asyncio.Semaphore(1)  # a blind test takes a mimic for a minute


async def statistics(request: Request) -> Response:
    """The statistics of the archive, or with `person` of somebody."""
    home, person = _home(request), request.query_params.get("person", "")
    return await _page(lambda: _statistics(home, person))


async def evaluation(request: Request) -> Response:
    """The last evaluation of the `mimic`. Raises ApiError if there is none of that name."""
    _home(request)
    mimic = await _mimic(request)
    return await _page(lambda: _evaluation(mimic))


async def blind_test(request: Request) -> Response:
    """A new blind test of the `mimic`. Raises ApiError if there is none of that name."""
    home, mimic = _home(request), await _mimic(request)
    if _MAKING.locked():
        raise ApiError(429, "Another blind test is being made.", headers={"Retry-After": "30"})
    async with _MAKING:
        return await _page(lambda: _blind_test(home, mimic))


async def _page(make: Callable[[], str]) -> Response:
    try:
        return shown(await asyncio.to_thread(make), policy=_POLICY)
    except ChatmimicError as error:
        said = f"<h1>Not there yet</h1><p>{text_of(error.what)}</p><p>{text_of(error.hint)}</p>"
        return shown(
            whole_page("Not there yet", said, "chatmimic serve"), policy=_POLICY, status=404
        )


def _home(request: Request) -> Home:
    if not access_of(request).private:
        raise ApiError(
            403, "Reports are shown only where nobody else connects.", code="not_private"
        )
    return service_of(request).voices.home


async def _mimic(request: Request) -> Mimic:
    voices = service_of(request).voices
    return (await asyncio.to_thread(voices.model, request.query_params.get("mimic", ""))).mimic


def _statistics(home: Home, person: str) -> str:
    from chatmimic.stats.person import person_stats
    from chatmimic.stats.report import page
    from chatmimic.stats.whole import archive_stats

    with Archive.open(home.archive, create=False, wait_s=5) as archive:
        scope = Scope()
        found = person_stats(archive, person, scope) if person else archive_stats(archive, scope)
        return page(found)


def _evaluation(mimic: Mimic) -> str:
    from chatmimic.evaluation.report import page
    from chatmimic.evaluation.stored import stored

    found = stored(mimic)
    if found is None:
        raise ChatmimicError(
            f"{mimic.name} was not evaluated yet.", f"Run: chatmimic evaluate {mimic.name}"
        )
    return page(found)


def _blind_test(home: Home, mimic: Mimic) -> str:
    from chatmimic.evaluation.blind.key import Key, write_key
    from chatmimic.evaluation.blind.labels import with_first_names
    from chatmimic.evaluation.blind.page import page
    from chatmimic.evaluation.blind.pairs import pair_test
    from chatmimic.evaluation.study import Progress
    from chatmimic.generation.decoding import decoding_of

    with Archive.open(home.archive, create=False, wait_s=5) as archive:
        test = pair_test(
            archive,
            mimic,
            rounds=_ROUNDS,
            seed=secrets.randbelow(2**32),
            decoding=decoding_of(mimic),
            progress=Progress(),
        )
    test = with_first_names(test)
    key = Key.of(test)
    write_key(home, key)
    return page(test, key)

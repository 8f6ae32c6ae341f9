"""The people in a backup: phone numbers, in any notation, and names."""

from __future__ import annotations

import re
from functools import lru_cache

from chatmimic.importers.parsing.owner import OWNER

_TELLING = 8  # last digits of a number: the same with the country before them and without
_NUMBER = re.compile(r"\+?[\d\s().\-/]{7,40}")
_OWN = "insert-address-token"  # stands where the telephone did not know its own number
_NAMELESS = {"", "(unknown)", "null", "unknown", OWNER.casefold()}


def given(value: str | None) -> str:
    """An attribute; "" if it is missing or the word null."""
    return "" if value is None or value == "null" else value


@lru_cache(maxsize=4096)
def key_of(address: str) -> str:
    """The normalised number or address."""
    address = address.strip()
    if not _NUMBER.fullmatch(address):
        return address.casefold()
    return re.sub(r"\D", "", address)[-_TELLING:]


class People:
    """The names so far, by number."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._last = ("", "")

    def learn(self, addresses: str, names: str) -> None:
        """Add numbers and names; several are joined as `1~2` and as `Ada, Grace`."""
        if (addresses, names) == self._last:
            return
        self._last = (addresses, names)
        keys = [key_of(address) for address in addresses.split("~")]
        parts = [names] if len(keys) == 1 else [name.strip() for name in names.split(", ")]
        if len(parts) == len(keys):
            pairs = zip(keys, parts, strict=True)
            self._names.update({k: n for k, n in pairs if n.casefold() not in _NAMELESS})

    def name_of(self, address: str) -> str:
        """The name for a number, or the number itself."""
        return self._names.get(key_of(address), address.strip())


def is_own(address: str) -> bool:
    """Whether an address stands for the owner."""
    return address == _OWN


@lru_cache(maxsize=4096)
def thread_of(addresses: str) -> str:
    """The thread with these people, in any order."""
    return "~".join(sorted({key_of(one) for one in addresses.split("~") if not is_own(one)}))

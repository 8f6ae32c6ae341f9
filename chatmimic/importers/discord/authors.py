"""The sender key and the name of an author."""

from __future__ import annotations

import re

# All deleted accounts share this id and name: they are not one person.
DELETED_ID = "456226577798135808"
DELETED = "Deleted User"
_NUMBER = re.compile(r"#(\d{4}|0)$")


def sender_key(id_: str, name: str, thread: str, shared: bool = False) -> str:
    """Discord's user id, except where several people share one: bridges and deleted accounts."""
    if shared:
        return f"{id_}/{name}"
    if id_ == DELETED_ID or (not id_ and account(name) == DELETED):
        return f"{id_ or DELETED}/{thread}"
    return id_ or name


def account(full_name: str) -> str:
    """The name of an account without the discriminator of older names: "ada#1815"."""
    if "#" not in full_name:  # nearly always
        return full_name
    return _NUMBER.sub("", full_name) or full_name


def is_webhook(full_name: str) -> bool:
    """Whether a name has the discriminator of webhooks, which bridges use."""
    return full_name.endswith("#0000")

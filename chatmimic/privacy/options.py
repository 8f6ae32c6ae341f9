"""The privacy options of an import. The text of each field is its `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chatmimic.settings import SettingsBase, setting


@dataclass(frozen=True)
class PrivacyOptions(SettingsBase):
    """What to redact, exclude or rename in texts, titles and names."""

    command: ClassVar[str] = "import"

    redact: bool = setting(
        False, "Replace phone numbers, addresses, passwords and the like: [phone], [email], …"
    )
    exclude: tuple[str, ...] = setting(
        (),
        "Leave this person's messages out; they must be in the export. Repeatable.",
        metavar="NAME",
    )
    pseudonyms: bool = setting(
        False, "Replace every name with an invented one, the same in every import."
    )

    def __bool__(self) -> bool:
        """Whether any option is set."""
        return self.redact or bool(self.exclude) or self.pseudonyms

"""A safe XML parser: document types and entities are refused."""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat

from chatmimic.errors import UnsafeExport


def guarded_parser(label: str) -> expat.XMLParserType:
    """A UTF-8 parser that raises UnsafeExport if a document type or an entity is declared.

    Entities are how a few lines of XML become gigabytes, or read other files.
    """
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def refuse(*_: Any) -> NoReturn:
        raise UnsafeExport(
            f"{label} declares a document type or entities, which is unsafe.",
            "Check that it is the right file.",
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser

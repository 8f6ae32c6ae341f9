"""The libraries of the extra `evaluate`, loaded when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from chatmimic.errors import EvaluationError


def library(module: str) -> Any:
    """Import a module of nltk or sacrebleu. Raises EvaluationError if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise EvaluationError(
            f"The dialogue metrics need the package {name}, which cannot be loaded ({error}).",
            "Install it: pip install 'chatmimic[evaluate]'.",
        ) from error


def check_libraries() -> None:
    """Raise EvaluationError if a library is missing, before work that takes long."""
    for name in ("nltk", "sacrebleu"):
        library(name)

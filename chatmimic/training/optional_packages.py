"""Optional packages, which only some runs need."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatmimic.errors import TrainingError


@contextmanager
def library(package: str, brings: str, purpose: str) -> Iterator[Any]:
    """Context in which an optional package is used; `brings` is what to install with pip.

    Raises TrainingError if it is not installed.
    """
    with _secluded():
        try:
            module = importlib.import_module(package)
        except ImportError as error:
            raise TrainingError(
                f"{purpose} needs the package {package}, which cannot be loaded ({error}).",
                f"Install it: pip install '{brings}'.",
            ) from error
        yield module


@contextmanager
def _secluded() -> Iterator[None]:
    """Keep bitsandbytes, which peft imports, from looking for a kernel on the network.

    It does so if the package `kernels` is installed, and warns if it is not; the kernel is for
    4-bit matrices, which are not used here.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    hidden = "kernels" not in sys.modules
    if hidden:
        sys.modules["kernels"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            sys.modules.pop("kernels", None)

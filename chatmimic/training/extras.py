"""Packages that only some trainings need, and only some installations have."""

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
    """A package to be used inside the `with`; `brings` is what pip installs for it.

    Raises TrainingError where it is not installed.
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
    """Keep bitsandbytes, which peft loads too, from asking the network for a kernel.

    It does so where the package `kernels` is installed, and warns where it is not; the kernel
    multiplies 4-bit matrices, which nobody does here.
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

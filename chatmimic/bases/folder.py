"""Checks of a base's folder without loading it: is it complete, is it safe, how large is it?

Only JSON is read: `config.json`, and the header of each safetensors file, which says where every
tensor ends. So an incomplete download, a pickle or a missing tokenizer is reported within
milliseconds, before torch is imported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmimic.errors import BaseError, DamagedBase
from chatmimic.files import read_up_to, typed_path

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
# Any of these sets of files is a tokenizer; the last is GPT-2's first release.
TOKENIZERS = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("encoder.json", "vocab.bpe"),
)
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".msgpack", ".h5")
_AGAIN = "Download or copy the base again, or use `--base starter`."
_LARGEST_TABLE = 100_000_000  # bytes; the limit of safetensors


@dataclass(frozen=True)
class BaseInfo:
    """Facts about a base, known without loading it; `bytes` is the size of its weights on disk."""

    name: str
    where: Path
    architecture: str
    parameters: int
    layers: int
    width: int
    window: int
    vocabulary: int
    bytes: int


def inspect_base(folder: Path, name: str, tokenizer: str | None = None) -> BaseInfo:
    """Check a folder and return its facts. Raises BaseError naming the file that is wrong."""
    config = _config(folder)
    weights = weight_files(folder)
    tensors = {key: shape for file in weights for key, shape in tensors_of(file)}
    check_tokenizer(folder, tokenizer)
    return BaseInfo(
        name=name,
        where=folder,
        architecture=str(config["model_type"]),
        parameters=_count(tensors, config),
        layers=_number(config, "n_layer", "num_hidden_layers", "num_layers"),
        width=_number(config, "n_embd", "hidden_size", "d_model"),
        window=_number(config, "n_positions", "max_position_embeddings", "n_ctx"),
        vocabulary=_number(config, "vocab_size"),
        bytes=sum(file.stat().st_size for file in weights),
    )


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object from a file of a base. Raises BaseError if it is missing or invalid."""
    try:
        found = json.loads(read_up_to(file, _LARGEST_TABLE).decode("utf-8"))
    except FileNotFoundError as error:
        raise DamagedBase(f"The base has no {file.name}: {file} is missing.", _AGAIN) from error
    except OSError as error:
        raise BaseError(
            f"Cannot read {file}: {error.strerror or error}.", "Check its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DamagedBase(f"{file} is damaged: it is not JSON.", _AGAIN) from error
    if not isinstance(found, dict):
        raise DamagedBase(f"{file} is damaged: it is not a JSON object.", _AGAIN)
    return found


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Raise BaseError if the base needs code of its own; `where` names it in the message."""
    if "auto_map" in config:
        raise BaseError(
            f"{where} needs program code of its own (auto_map), and such code is never run.",
            "Choose a base of an architecture that transformers knows, or `--base starter`.",
        )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder. Raises BaseError if any is missing."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        shards = shards_of(read_json(folder / INDEX), str(folder / INDEX))
        for shard in shards:
            if not (folder / shard).is_file():
                raise DamagedBase(f"The base is incomplete: {folder / shard} is missing.", _AGAIN)
        return [folder / shard for shard in shards]
    pickles = sorted(file.name for file in folder.iterdir() if file.suffix in _PICKLES)
    if pickles:
        raise BaseError(
            f"{folder} has its weights only as {pickles[0]}; opening such a file can run "
            "any code that was put into it, so only safetensors are read.",
            "If you trust it, open it with transformers and save it with `save_pretrained`.",
        )
    raise DamagedBase(f"The base has no weights: {folder / WEIGHTS} is missing.", _AGAIN)


def shards_of(index: Mapping[str, Any], where: str) -> list[str]:
    """The file names in an index of weights, sorted. Raises BaseError if one is no plain name."""
    table = index.get("weight_map")
    names = sorted(set(map(str, table.values()))) if isinstance(table, dict) else []
    plain = all(Path(name).name == name and name.endswith(".safetensors") for name in names)
    if not names or not plain or any("\\" in name or ":" in name for name in names):
        raise DamagedBase(f"{where} is damaged: it does not list safetensors files.", _AGAIN)
    return names


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """The tokenizer files of a folder, of the first kind that is complete. BaseError if none is."""
    for names in TOKENIZERS:
        files = tuple(folder / name for name in names)
        if all(file.is_file() for file in files):
            return files
    raise DamagedBase(
        f"{folder} has no tokenizer: neither tokenizer.json, nor vocab.json and merges.txt, nor "
        "encoder.json and vocab.bpe.",
        "Give the folder of a tokenizer with --tokenizer.",
    )


def check_tokenizer(folder: Path, given: str | None) -> None:
    """Raise BaseError if there is no tokenizer in the folder, or in `given`."""
    if given is None:
        tokenizer_files(folder)
        return
    path = typed_path(given)
    if path.is_dir():
        tokenizer_files(path)
    elif not path.is_file():
        raise BaseError(f"There is no tokenizer at {given}.", "Check --tokenizer.")


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    config = read_json(file)
    check_config(config, str(file))
    if not isinstance(config.get("model_type"), str):
        raise DamagedBase(f"{file} does not name the architecture (model_type).", _AGAIN)
    return config


def tensors_of(file: Path) -> Iterator[tuple[str, list[int]]]:
    """Names and shapes in the header of a safetensors file. Raises BaseError if it is cut short."""
    try:
        size = file.stat().st_size
        with file.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
            if size < 8 or length > min(size - 8, _LARGEST_TABLE):
                raise DamagedBase(f"{file} is damaged or cut short ({size:,} bytes).", _AGAIN)
            table = json.loads(raw.read(length))
        tensors = {key: entry for key, entry in table.items() if key != "__metadata__"}
        whole = (
            8 + length + max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        )
        shapes = [(key, [int(side) for side in entry["shape"]]) for key, entry in tensors.items()]
    except OSError as error:
        raise BaseError(
            f"Cannot read {file}: {error.strerror or error}.", "Check its permissions and the disk."
        ) from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise DamagedBase(
            f"{file} is damaged: its header is not a table of tensors.", _AGAIN
        ) from error
    if size != whole:
        fault = "cut short" if size < whole else "too long"
        raise DamagedBase(f"{file} is {fault}: {size:,} bytes instead of {whole:,}.", _AGAIN)
    yield from shapes


def _count(tensors: Mapping[str, list[int]], config: Mapping[str, Any]) -> int:
    """The number of parameters among the tensors.

    Old GPT-2 files also contain the causal mask of each layer, and the output layer, which is tied
    to the input embeddings, a second time.
    """
    masks = (".attn.bias", ".attn.masked_bias")
    tied = config.get("tie_word_embeddings", config["model_type"] == "gpt2")
    return sum(
        math.prod(shape)
        for key, shape in tensors.items()
        if not key.endswith(masks) and not (tied and key == "lm_head.weight" and len(tensors) > 1)
    )


def _number(config: Mapping[str, Any], *names: str) -> int:
    """The first of these settings that is a number (their names differ); 0 if none is."""
    return next((config[name] for name in names if isinstance(config.get(name), int)), 0)

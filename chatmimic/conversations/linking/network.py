"""The small networks that score a candidate's features, run with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chatmimic.conversations.linking.arrays import Array

FILE = Path(__file__).with_name("weights.safetensors")
_AT_ONCE = 256  # messages


class Networks:
    """An ensemble of networks with three layers: the mean of their scores.

    Each maps a candidate's features to a score; a log-softmax over a message's candidates follows.
    """

    def __init__(self, layers: Sequence[Sequence[tuple[Array, Array]]]) -> None:
        self._layers = layers

    @classmethod
    def load(cls, name: str, file: Path = FILE) -> Networks:
        """Load the networks `name` from a file with keys `name.network.layer.{weight,bias}`."""
        from safetensors.numpy import load_file

        weights = {key: value.astype(np.float32) for key, value in load_file(file).items()}
        networks = sorted({int(key.split(".")[1]) for key in weights if key.startswith(f"{name}.")})
        return cls(
            [
                [
                    (weights[f"{name}.{n}.{layer}.weight"], weights[f"{name}.{n}.{layer}.bias"])
                    for layer in range(3)
                ]
                for n in networks
            ]
        )

    def guesses(self, rows: Sequence[Array]) -> list[Array]:
        """The log-probabilities for each message's rows, (1 + candidates, features)."""
        found: list[Array] = []
        for begin in range(0, len(rows), _AT_ONCE):
            some = rows[begin : begin + _AT_ONCE]
            values = np.concatenate(some)
            borders = np.cumsum([len(one) for one in some])[:-1]
            each = [np.split(self._run(layers, values), borders) for layers in self._layers]
            found += [
                np.mean([_log_chances(one) for one in message], 0, dtype=np.float32)
                for message in zip(*each, strict=True)
            ]
        return found

    @staticmethod
    def _run(layers: Sequence[tuple[Array, Array]], values: Array) -> Array:
        *inner, (weight, bias) = layers
        for hidden, offset in inner:
            values = np.maximum(values @ hidden.T + offset, 0)
        return (values @ weight.T + bias)[:, 0]


def _log_chances(values: Array) -> Array:
    highest = values.max()
    scaled: Array = values - (highest + np.log(np.exp(values - highest).sum()))
    return scaled

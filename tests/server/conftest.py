"""A server of two tiny mimics, started once."""

from __future__ import annotations

import pytest
from serving_support import serving
from talking_support import write_tiny_mimic

from chatmimic.home import Home


@pytest.fixture(scope="session")
def mimics(tiny_base, plain_base, tmp_path_factory):
    """A home with a mimic of each kind of form."""
    home = Home(tmp_path_factory.mktemp("served") / "home").make()
    home.mimics.mkdir()
    write_tiny_mimic(home.mimics / "ada", tiny_base, "tokens")
    write_tiny_mimic(home.mimics / "cyd", plain_base, "short", ("Cyd", "Bob", "Dee Dee"))
    return home


@pytest.fixture(scope="session")
def served(mimics):
    with serving(mimics) as found:
        yield found


@pytest.fixture
def client(served):
    with served.openai() as found:
        yield found

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatmimic.archive import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "home" / "archive.sqlite") as opened:
        yield opened

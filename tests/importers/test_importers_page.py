"""docs/importers.md: its example is a package that works, and it names what there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from chatmimic.importers import Importer, ImportOptions, ImportReport
from chatmimic.records import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "importers.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages with the page's own in it, as pip would have put it there."""
    about = tomllib.loads(block("toml"))["project"]
    (tmp_path / "fax_importer.py").write_text(block("python"), encoding="utf-8")
    info = tmp_path / f"fax_importer-{about['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in some.items())
        for group, some in about["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    return tmp_path


def test_the_example_reads_its_log_as_a_user_would(site: Path) -> None:
    log = site / "renamed.txt"
    log.write_text(block("") + "and what is this\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "chatmimic",
            "import",
            "--json",
            "--home",
            str(site / "h"),
            str(log),
        ],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert (said["format"], said["variants"]) == ("Fax machine", {"log": 1})
    assert (said["kept"], said["left_out"]) == (2, {"media only": 1, "unparsed": 1})
    assert said["examples"]["unparsed"] == "renamed.txt:5"
    assert said["first_at"].startswith("2024-05-01T10:00")


def test_the_page_names_every_kind_and_part() -> None:
    for kind in Kind:
        assert f"`{kind.name}`" in PAGE
    parts = set(
        re.findall(r"context\.options` \| .*?: (.*?) \|", PAGE)[0].replace("`", "").split(", ")
    )
    assert parts <= set(ImportOptions.__dataclass_fields__)
    for name in ("leave_out", "note", "repairs", "variants"):
        assert f"`{name}" in PAGE
        assert hasattr(ImportReport(), name)
    for name in ("name", "title", "description", "magic", "knows", "read"):
        assert re.search(rf"\*\*[^*]*`{name}\b", PAGE)
        assert name in {*Importer.__annotations__, *vars(Importer)}

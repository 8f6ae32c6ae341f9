"""Importers of others, and what reading an export must not do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chatmimic.errors import ExportError
from chatmimic.importers import (
    Context,
    Head,
    Importer,
    ImportOptions,
    ImportReport,
    formats,
    read_exports,
    registry,
)
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class Fax(Importer):
    """An importer as a third party would write it."""

    name = "fax"
    title = "Fax machine"
    description = "faxes"

    def knows(self, head: Head) -> bool:
        return head.text.startswith("FAX")

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        for member in members:
            with context.open(member) as stream:
                yield Message("Ada", stream.read(100).decode().strip(), service="fax")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry.importers.cache_clear()
    yield points
    registry.importers.cache_clear()


def test_importers_of_others_take_part(registered: list[EntryPoint], tmp_path: Path) -> None:
    registered.append(EntryPoint("fax", f"{__name__}:Fax", registry.GROUP))
    (tmp_path / "a.txt").write_text("FAX hello")
    report = ImportReport()
    assert [m.text for m in read_exports(tmp_path, ImportOptions(), report)] == ["FAX hello"]
    assert report.format == "Fax machine"
    assert "fax" in [info.name for info in formats()]


ANNOUNCED = {
    "LINE": "[LINE] Chat history with Ada\nSaved on: 2024/01/15 10:00\n\n2024/01/02(Tue)\n",
    "KakaoTalk": "Ada 님과 카카오톡 대화\n저장한 날짜 : 2024-01-15 10:00:00\n\n"
    "--------------- 2024년 1월 2일 화요일 ---------------\n",
    "IRC log": "--- Log opened Tue Jan 02 11:21:37 2024\n",
    "QQ": "消息记录（此消息记录为文本格式，不支持重新导入）\n\n消息对象:Ada\n\n",
}
# Each as some other reader likes its lines.
LIKE_OTHERS = {
    "Discord": ["Ada — Today at 12:06 PM", "hi", "Bo — Today at 12:07 PM", "ho"],
    "Discord, old": ["[ - 1/2/24", "hi", "[ - 1/2/24", "ho"],
    "WhatsApp": ["[02/01/24, 12:06:01] Ada: hi", "[02/01/24, 12:07:01] Bo: ho"],
    "IRC": ["[12:06] <Ada> hi", "[12:07] <Bo> ho", "[12:08] <Ada> so"],
    "Matrix": ["Tue, Jan 2, 2024, 12:06:00 - Ada: hi", "Tue, Jan 2, 2024, 12:07:00 - Bo: ho"],
    "table": ["time\tsender\ttext", "2024-01-02 12:06\tAda\thi", "2024-01-02 12:07\tBo\tho"],
}


@pytest.mark.parametrize("lines", LIKE_OTHERS)
@pytest.mark.parametrize("title", ANNOUNCED)
def test_a_format_that_a_file_names_is_the_files(title: str, lines: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ANNOUNCED[title] + "\n".join(LIKE_OTHERS[lines]) + "\n")
    report = ImportReport()
    list(read_exports(tmp_path / "a.txt", ImportOptions(), report))
    assert report.format == title


def test_what_is_known_goes_before_what_is_guessed(tmp_path: Path) -> None:
    text = "01/02/24, 00:00 - [: hi\n01/02/24, 00:00 - [:  - 1/2/24\n"
    (tmp_path / "a.txt").write_text(text)
    report = ImportReport()
    messages = list(read_exports(tmp_path / "a.txt", ImportOptions(), report))
    assert (report.format, len(messages)) == ("WhatsApp", 2)


class Telegraph(Fax):
    """Of others as well: it names itself."""

    name = "telegraph"
    title = "Telegraph"

    def announces(self, head: Head) -> bool:
        return head.text.startswith("TELEGRAPH")


def test_importers_of_others_may_announce(registered: list[EntryPoint], tmp_path: Path) -> None:
    registered.append(EntryPoint("telegraph", f"{__name__}:Telegraph", registry.GROUP))
    rows = "\n".join(LIKE_OTHERS["Discord"])
    (tmp_path / "a.txt").write_text(f"TELEGRAPH\n{rows}")
    report = ImportReport()
    list(read_exports(tmp_path / "a.txt", ImportOptions(), report))
    assert report.format == "Telegraph"


def test_a_broken_importer_of_others_is_named(registered: list[EntryPoint], tmp_path: Path) -> None:
    registered.append(EntryPoint("fax", "no_such_module:Fax", registry.GROUP))
    (tmp_path / "a.txt").write_text("FAX hello")
    with pytest.raises(ExportError, match=r'importer "fax" \(no_such_module:Fax\)'):
        list(read_exports(tmp_path, ImportOptions(), ImportReport()))


def test_every_format_has_a_line_for_the_help() -> None:
    names = [info.name for info in formats()]
    first = ["messenger", "discord", "telegram", "slack", "signal", "ubuntu"]
    assert names[:6] == first
    assert names[-2:] == ["irc", "columns"]
    assert len(set(names)) == len(names)
    assert all(info.title and info.description for info in formats())


def test_importing_loads_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sender,text,time\nada,hi,5 May 2019 10:00\n")
    code = (
        "import sys, pathlib, json; from chatmimic.importers import *\n"
        f"list(read_exports(pathlib.Path({str(path)!r}), ImportOptions(), ImportReport()))\n"
        "print(json.dumps([m for m in ('torch','pandas','numpy','rich') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_reading_is_lazy_and_its_memory_bounded(tmp_path: Path) -> None:
    path = tmp_path / "message_1.json"
    record = '{"sender_name":"Ada","timestamp_ms":1700000000000,"content":"' + "word " * 40 + '"},'
    with path.open("w") as out:
        out.write('{"participants":[{"name":"Ada"}],"messages":[')
        for _ in range(200):
            out.write(record * 1000)
        out.write(record[:-1] + '],"title":"Grace","thread_path":"inbox/grace_1"}')
    code = (
        "import sys, pathlib; from chatmimic.importers import *\n"
        f"n = sum(1 for _ in read_exports(pathlib.Path({str(path)!r}), ImportOptions(), "
        "ImportReport()))\n"
        # not getrusage: that counts what the parent had before it started this
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(n, int(status.split('VmHWM:')[1].split()[0]) // 1024)"
    )
    if sys.platform != "linux":
        pytest.skip("peak memory is measured on Linux")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, megabytes = map(int, done.stdout.split())
    assert count == 200_001
    assert megabytes < 60  # the file has 52 MB

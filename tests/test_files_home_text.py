"""The ground floor: text made safe, files whole and private, errors."""

import os
import re
import stat
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic import errors
from chatmimic.errors import ChatmimicError, NoSuchPerson
from chatmimic.files import private_file, private_folder, size_in_words, write_atomically
from chatmimic.home import Home
from chatmimic.text import clean, shown, visible

# What a terminal obeys, and what turns the reading order of a line around.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)
any_text = st.text(st.characters())  # lone surrogates too
nasty = st.text(st.sampled_from("\x00\x07\x1b[2J]52;\x9b\x9d\r\n\t\u202e\u061c\ud800\udc00a é👍"))
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX modes")

ESCAPES = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bPq\x1b\\",
    "\x9b31m",
    "over\rwritten",
    "\u202etxt.exe",
    "\u2066isolate\u2069",
    "\u061cmark",
    "\x7f\x00",
]
MARKUP = ["[/]", "[bold]x", "[link=file:///etc/passwd]x[/link]", "a\\", ":smile:", "[@click=app]"]


@pytest.mark.parametrize("text", ESCAPES)
def test_an_escape_is_seen_and_not_obeyed(text):
    assert not OBEYED.search(visible(text))
    assert len(visible(text)) == len(text)


def test_a_reader_sees_which_control_it_was():
    assert visible("\x1b[2J") == "␛[2J"
    assert visible("a\tb\nc\x7f") == "a b\nc␡"


@settings(deadline=None, max_examples=300)
@given(any_text | nasty)
def test_what_is_shown_holds_nothing_a_terminal_obeys(text):
    once = visible(text)
    assert not OBEYED.search(once)
    assert not any(unicodedata.category(c) == "Cc" for c in once if c != "\n")
    assert visible(once) == once
    once.encode("utf-8")


@settings(deadline=None, max_examples=300)
@given(any_text | nasty)
def test_what_is_stored_is_clean_and_stays_so(text):
    once = clean(text)
    assert clean(once) == once
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", once)
    once.encode("utf-8")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_words_are_stored_as_they_are(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\ud83d\udc4d", "👍"),
        ("\ud83d x \udc4d", "\ufffd x \ufffd"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("\x1b[2Jred\x9b", "[2Jred"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f שלום", "👩\u200d👩\u200d👧 ❤\ufe0f שלום"),
        ("tab\tand\n", "tab\tand\n"),
    ],
)
def test_what_becomes_of_what(given, kept):
    assert clean(given) == kept


@pytest.mark.parametrize("text", [*ESCAPES, *MARKUP])
def test_rich_prints_a_text_of_ours_as_it_is(text):
    import io

    from rich.console import Console
    from rich.table import Table

    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=200)
    table = Table(box=None, show_header=False)
    table.add_row(shown(text))
    console.print(shown(text))
    console.print(table)
    assert not OBEYED.search(out.getvalue())
    assert out.getvalue().count(visible(text)) == 2


# -- files ---------------------------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_and_files_are_the_owners_alone(tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = private_folder(tmp_path / "a" / "b")
        file = private_file(folder / "f")
        write_atomically(folder / "g", "x")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "a"), mode(folder)) == (0o700, 0o700)
    assert (mode(file), mode(folder / "g")) == (0o600, 0o600)


@POSIX
def test_a_folder_that_was_there_keeps_its_mode(tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    private_folder(tmp_path / "shared" / "mine")
    assert mode(tmp_path / "shared") == 0o755


def test_a_private_file_keeps_what_it_holds(tmp_path):
    (tmp_path / "f").write_text("kept")
    assert private_file(tmp_path / "f").read_text() == "kept"


@given(st.binary(max_size=200) | st.text(st.characters(codec="utf-8"), max_size=80))
def test_what_is_written_whole_is_what_is_read(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("whole") / "f"
    write_atomically(file, "before")
    write_atomically(file, data)
    assert file.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert [p.name for p in file.parent.iterdir()] == ["f"]


@pytest.mark.parametrize("where", ["missing/f", "file/f"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, where):
    (tmp_path / "file").write_text("")
    with pytest.raises(ChatmimicError) as told:
        write_atomically(tmp_path / where, "x")
    assert told.value.what.startswith(f"Cannot write {tmp_path / where}: ")
    assert "--home" in told.value.hint


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (40_000, "40.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (17_300_000, "17.3 MB"),
        (7.5e9, "7.5 GB"),
        (1e16, "10,000,000.0 GB"),
    ],
)
def test_a_size_has_the_unit_that_shows_it(size, words):
    assert size_in_words(size) == words


# -- the home ------------------------------------------------------------------------------------


def test_a_home_is_what_was_asked_for_first(tmp_path, monkeypatch):
    monkeypatch.setenv("CHATMIMIC_HOME", str(tmp_path / "variable"))
    assert Home.find(tmp_path / "option").path == tmp_path / "option"
    assert Home.find().path == tmp_path / "variable"
    monkeypatch.delenv("CHATMIMIC_HOME")
    assert Home.find().path.name == "chatmimic"
    monkeypatch.chdir(tmp_path)
    assert Home.find("beside").path == tmp_path / "beside"


def test_everything_of_a_home_lies_in_it(tmp_path):
    home = Home(tmp_path / "h").make()
    for place in (home.archive, home.mimics, home.runs, home.chats):
        assert place.parent == tmp_path / "h"


# -- errors --------------------------------------------------------------------------------------


def tree(kind=ChatmimicError, depth=0):
    yield kind, depth
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below, depth + 1)


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = [
        (found[2], len(found[1]) // 4)
        for found in re.finditer(r"^    ([│├└─ ]*)([A-Z]\w+)", errors.__doc__, re.MULTILINE)
    ]
    assert drawn == [(kind.__name__, depth) for kind, depth in tree()]


def test_an_error_says_what_happened_and_the_way_on():
    assert str(ChatmimicError("It broke.", "Mend it.")) == "It broke. Mend it."
    assert str(ChatmimicError("It broke.")) == "It broke."
    error = NoSuchPerson("Adda", ["Ada"])
    assert str(error).startswith('Nobody in the archive is called "Adda". Did you mean "Ada"?')
    assert {kind.exit_code for kind, _ in tree()} == {1}

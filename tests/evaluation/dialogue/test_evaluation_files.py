"""Files of references, replies and ConvAI2 dialogues: what is read, and what is said of damage."""

import pytest

from chatmimic.errors import EvaluationError
from chatmimic.evaluation.dialogue.convai2_file import Example, read_convai2
from chatmimic.evaluation.dialogue.references import (
    Exchange,
    check_contexts,
    read_references,
    read_replies,
)
from chatmimic.evaluation.spread import spread

EXCHANGES = [Exchange("hi", ("yo",)), Exchange("how are you", ("fine", "ok"))]


@pytest.fixture
def file(tmp_path):
    """Write a file of these contents."""

    def written(content: str | bytes):
        path = tmp_path / "file.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def test_references_with_and_without_scores(file):
    path = file("hi\t12|hello there\t-3|yo\nhow are you EOS fine EOS good\tok | then\r\n")
    first, second = read_references(path)
    assert first == Exchange("hi", ("hello there", "yo"))
    assert second.references == ("ok | then",)
    assert second.turns == ("how are you", "fine", "good")


def test_text_of_a_file_is_made_safe(file):
    assert read_references(file("a\x1b[2J\tb\x00"))[0] == Exchange("a[2J", ("b\ufffd",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\tb\nc\n", "line 2: it has no reference"),
        ("a\tb\n\nc\td\n", "line 2: it has no context"),
        ("a\tb\nc\t 3| \n", "line 2: it has no reference"),
        (b"a\tb\nc\t\xff\n", "line 2: it is not UTF-8"),
        ("\n", "is empty"),
    ],
)
def test_damaged_references(file, content, said):
    with pytest.raises(EvaluationError, match=said):
        read_references(file(content))


def test_a_missing_file(tmp_path):
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_references(tmp_path / "none.txt")


@pytest.mark.parametrize("keys", [["a1b2c3", "f00d99"], ["t3_6k2xyz"]])
def test_keys_are_no_contexts(tmp_path, keys):
    exchanges = [Exchange(key, ("x",)) for key in keys]
    with pytest.raises(EvaluationError, match="keys"):
        check_contexts(tmp_path, exchanges)
    check_contexts(tmp_path, [*exchanges, EXCHANGES[1]])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("hello\nfine\n", ["hello", "fine"]),
        ("hello\n\n", ["hello", ""]),  # nothing was replied
        ("how are you\tx\tfine\nhi\thello", ["hello", "fine"]),  # the last column, any order
        ("how are you\t", [None, ""]),  # contexts may be left out
    ],
)
def test_replies(file, content, expected):
    pairs = [(one, text) for one, text in zip(EXCHANGES, expected, strict=True) if text is not None]
    assert read_replies(file(content), EXCHANGES) == pairs


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\nb\nc\n", "3 lines, but there are 2 contexts"),
        ("a\nhi\tb\n", "line 2: it has a tab"),
        ("hi\ta\nb\n", "line 2: it has no tab"),
        ("hi\ta\nbye\tb\n", 'line 2: "bye" is not in'),
        ("hi\ta\nhi\tb\n", 'line 2: there is a reply to "hi" already'),
    ],
)
def test_damaged_replies(file, content, said):
    with pytest.raises(EvaluationError, match=said):
        read_replies(file(content), EXCHANGES)


def test_convai2(file):
    path = file(
        "1 your persona: i have two cats.\n"
        "2 partner's persona: i like dogs.\n"
        "3 hi !\thello , you ?\t\tnope|hello , you ?\n"
        "4 fine\\nthanks\tgood\n"
        "\n"
        "1 your persona: i sing.\n"
        "2 __SILENCE__\ti begin\t0\tno|I begin!\n"
    )
    cats = ("i have two cats.",)
    assert read_convai2(path) == [
        Example(cats, ("hi !",), "hello , you ?", ("nope", "hello , you ?")),
        Example(cats, ("hi !", "hello , you ?", "fine\nthanks"), "good", ()),
        Example(("i sing.",), (), "i begin", ("no", "I begin!")),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hi\thello\n", "line 1: it does not begin with a number"),
        ("1 hi\thello\n3 x\ty\n", "line 2: it has the number 3 after 1"),
        ("2 hi\thello\n", "line 1: it has the number 2 after 0"),
        ("9" * 5001 + " hi\thello\n", "line 1: it does not begin with a number"),
        ("\u0661 hi\thello\n", "line 1: it does not begin with a number"),
        ("1 hi there\n", "line 1: it is neither a sentence of a persona nor"),
        ("1 hi\t\n", "line 1: it is neither"),
        ("1 hi\thello\t\tno|nope\n", "line 1: the reply is not among its candidates"),
        ("1 your persona: i sing.\n", "no lines of text"),
        (b"1 hi\t\xff\n", "line 1: it is not UTF-8"),
    ],
)
def test_damaged_convai2(file, content, said):
    with pytest.raises(EvaluationError, match=said):
        read_convai2(file(content))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [0]), (2, [0, 5]), (3, [0, 3, 6]), (10, [*range(10)]), (99, [*range(10)])],
)
def test_a_part_is_spread_over_all(count, expected):
    assert spread(range(10), count) == expected

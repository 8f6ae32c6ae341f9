"""`chatmimic evaluate`, as a user types it: the page, JSON, HTML, and what goes wrong."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import pytest
from training_support import chatter, fill, train, typed

from chatmimic.archive import Archive
from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.records import Source
from chatmimic.evaluation.stored import FILE, stored
from chatmimic.mimic import Mimic

NASTY = "\x1b[31m<script>alert(1)</script> & tea"


def talk():
    """Of three people, with something in it that no terminal and no page must obey."""
    messages = chatter(900, ("Ada", "Bob", "Zoë"))
    return [
        replace(m, text=NASTY) if n % 2 and m.sender == "Bob" else m for n, m in enumerate(messages)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, plain_base):
    home = fill(tmp_path_factory.mktemp("evaluate") / "home", talk())
    train(home, plain_base, held_out=0.4)
    return home


@pytest.fixture
def home(trained, tmp_path):
    return type(trained)(shutil.copytree(trained.path, tmp_path / "copy"))


def evaluate(home, *options):
    return typed("evaluate", "ada", "--replies", "20", "--home", home.path, *options)


def test_the_page_the_json_and_the_html_are_of_one_evaluation(home, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    page = tmp_path / "ada.html"
    status, out, err = evaluate(home, "--html", page)
    assert status == 0
    assert f"Written: {page}" in err
    for words in ("Style: ", "Sense: ", "Secrecy: ", "Taken for Ada", "Parrot", "Samples"):
        assert words in out
    assert "\x1b[31m" not in out

    html = page.read_text("utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "default-src 'none'" in html
    assert "<svg" in html

    status, again, _ = evaluate(home, "--json")
    facts = json.loads(again)
    assert status == 0
    assert facts["verdict"] in out
    assert all(reason in " ".join(out.split()) for reason in facts["reasons"])
    assert facts["replies"] == 20
    assert set(facts["messages"]) == {"read", "judge", "test"}
    measures = {one["name"]: one for one in facts["measures"]}
    parrot = measures["copies"]["figures"].get("parrot")
    assert parrot is None or parrot["value"] == 1
    assert measures["copied spans"]["unit"] == "share"
    assert set(measures["attribution@10"]["figures"]) == {str(source) for source in Source}
    assert measures["bits per character"]["figures"].keys() == {"mimic", "base"}
    assert len(facts["samples"]) == 5

    # What is kept with the mimic are figures, and no text of a message.
    mimic = Mimic.open("ada", home)
    kept = stored(mimic)
    assert kept is not None
    assert kept.verdict == facts["verdict"]
    assert [m.as_dict() for m in kept.measures] == facts["measures"]
    text = (mimic.path / FILE).read_text("utf-8")
    with Archive.open(home.archive, create=False) as archive:
        said = {m.text for m in archive.stream() if len(m.text.split()) > 3}
    assert not [one for one in said if one in text]
    assert (mimic.path / FILE).stat().st_mode & 0o077 == 0 or sys.platform == "win32"


def test_it_is_the_same_from_python(home):
    import chatmimic

    found = chatmimic.evaluate("ada", home=home.path, replies=20)
    assert isinstance(found, chatmimic.Evaluation)
    assert stored(Mimic.open("ada", home)).verdict == found.verdict
    again = json.loads(evaluate(home, "--json")[1])
    same = [{**one, "seconds": 0} for one in (found.as_dict(), again)]
    assert json.loads(json.dumps(same[0])) == same[1]
    with pytest.raises(chatmimic.MimicError):
        chatmimic.evaluate("nobody", home=home.path)


def test_other_decoding_is_measured_but_not_kept(home):
    status, out, _ = evaluate(home, "--temperature", "2", "--json")
    assert status == 0
    assert json.loads(out)["decoding"]["temperature"] == 2
    assert stored(Mimic.open("ada", home)) is None


def test_a_base_that_is_gone_is_left_out_with_a_word(home):
    manifest = home.mimics / "ada" / "mimic.json"
    facts = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**facts, "base": str(home.path / "gone")}), "utf-8")
    status, out, _ = evaluate(home, "--json")
    facts = json.loads(out)
    assert status == 0
    assert "base was left out" in facts["notes"][0]
    measured = {one["name"] for one in facts["measures"] if "base" in one["figures"]}
    assert all("per" in name for name in measured)  # those that its training ended with


def test_a_file_of_something_else_is_found_before_the_work(home, tmp_path, monkeypatch):
    page = tmp_path / "notes.html"
    page.write_text("mine", "utf-8")
    monkeypatch.setattr("chatmimic.evaluation.evaluate.evaluate", lambda *_, **__: pytest.fail("!"))
    for path in (page, tmp_path / "nowhere" / "x.html"):
        status, _, err = evaluate(home, "--html", path)
        assert status == 1
        assert "--html" in err
    assert page.read_text("utf-8") == "mine"


def test_the_page_is_shown_although_it_cannot_be_kept(home, monkeypatch):
    def refused(*_):
        raise ChatmimicError("The disk is full.")

    monkeypatch.setattr("chatmimic.evaluation.stored.write_atomically", refused)
    status, out, err = evaluate(home)
    assert status == 0
    assert "Secrecy: " in out
    assert "The figures are not kept with the mimic: The disk is full." in err
    assert "Generating 20 replies …" in err  # what is done, where no bar can be shown


def test_what_cannot_be_shown_is_kept(home, tmp_path, monkeypatch):
    def refused(*_):
        raise ChatmimicError("The disk is full.")

    monkeypatch.setattr("chatmimic.owned_file.write_atomically", refused)
    monkeypatch.setattr("chatmimic.cli.display.evaluation.print_evaluation", refused)
    assert evaluate(home)[0] == 1
    assert stored(Mimic.open("ada", home)) is not None
    # A page that cannot be written does not keep the figures from the screen.
    status, out, err = evaluate(home, "--json", "--html", tmp_path / "ada.html")
    assert status == 1
    assert json.loads(out)["replies"] == 20
    assert err == "Error: The disk is full. Choose another place for --html.\n"


def test_what_an_evaluation_needs_is_said(home, monkeypatch):
    (home.mimics / "ada" / "mimic.json").rename(home.path / "kept.json")
    assert evaluate(home)[0] == 1
    (home.path / "kept.json").rename(home.mimics / "ada" / "mimic.json")
    assert typed("evaluate", "ada", "--replies", "3", "--home", home.path)[0] == 2

    with Archive.open(home.archive) as archive:
        archive.forget("Ada")
    status, _, err = evaluate(home)
    assert status == 1
    assert "Ada" in err

    monkeypatch.setitem(sys.modules, "sklearn", None)
    status, _, err = evaluate(home)
    assert status == 1
    assert "chatmimic[evaluate]" in err


def test_an_evaluation_that_cannot_be_read_is_none(home):
    mimic = Mimic.open("ada", home)
    for content in ("", "{", "[]", '{"format": 99}', '{"format": 1, "measures": [{}]}'):
        (mimic.path / FILE).write_text(content, "utf-8")
        assert stored(mimic) is None


# -- compare ---------------------------------------------------------------------------------------


def test_mimics_are_compared_side_by_side(home, plain_base, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    train(home, plain_base, name="other", held_out=0.4, learning_rate=1e-4)
    train(home, plain_base, name="bob", persona="Bob", held_out=0.4)
    status, out, err = typed("compare", "ada", "other", "--home", home.path)
    assert status == 0
    assert "Evaluating ada" in err
    assert "Evaluating other" in err
    assert "Learning rate" in out
    assert "0.0001" in out
    assert "Bits per character of" not in out  # they imitate the same person

    # Those that were evaluated are not evaluated again.
    status, out, err = typed("compare", "other", "bob", "--home", home.path, "--json")
    facts = json.loads(out)
    assert status == 0
    assert "Evaluating other" not in err
    assert [one["name"] for one in facts["mimics"]] == ["other", "bob"]
    assert facts["ownership"]["people"] == ["Ada", "Bob"]
    assert len(facts["ownership"]["bits"]) == 2
    assert "samples" not in facts["mimics"][0]["evaluation"]

    verdict = facts["mimics"][0]["verdict"]
    monkeypatch.setenv("COLUMNS", "160")
    assert verdict.split(".")[0] in typed("mimics", "--home", home.path)[1]
    assert verdict in typed("mimics", "show", "other", "--home", home.path)[1]


@pytest.mark.parametrize("names", [["ada"], ["ada", "ada"]])
def test_a_comparison_needs_two(home, names):
    status, _, err = typed("compare", *names, "--home", home.path)
    assert status == 2
    assert "two mimics" in err

"""`chatmimic score`, as a user types it."""

from __future__ import annotations

import json
import sys

import pytest
from talking_support import write_tiny_mimic

from chatmimic.cli import main
from chatmimic.evaluation.dialogue import tokens

REFERENCES = (
    "how are you ? EOS fine , and you ?\t12|i am good , thanks\t4|not bad\t3|could be better\n"
    "do you like tea ?\t7|yes , i love it\t2|no , i prefer coffee\t1|only green tea\n"
    "where are you from\t1|a small town in spain\n"
)
CONVAI2 = (
    "1 your persona: i have two cats.\n"
    "2 hi there\thello you\t\tno way|hello you|what is up\n"
    "3 nice day\tit is\t\tit is|maybe|i sing\n"
)
HEADINGS = ["NIST-2", "NIST-4", "BLEU-2", "BLEU-4", "METEOR", "Ent-4", "Dist-1", "Dist-2", "Length"]


@pytest.fixture
def typed(home, tiny_base, tmp_path, monkeypatch, capsys):
    """Type a command in a folder with these files and a mimic of random weights, Ada's."""
    home.joinpath("mimics").mkdir(parents=True)
    write_tiny_mimic(home / "mimics" / "ada", tiny_base, "tokens")
    (tmp_path / "refs.txt").write_text(REFERENCES, "utf-8")
    (tmp_path / "replies.txt").write_text("i am good\nyes , i love tea\ni am from spain\n", "utf-8")
    (tmp_path / "valid.txt").write_text(CONVAI2, "utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as ended:
            main(["score", *arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_replies_of_a_file_stand_above_the_human_row(typed):
    status, out, err = typed("--references", "refs.txt", "replies.txt")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert out.startswith("Replies in replies.txt to 3 of 3 contexts.")
    heading = lines.index(HEADINGS)
    replies, human = lines[heading + 2 : heading + 4]
    assert replies[0] == "replies"
    assert human[0] == "human"
    assert (replies[-1], human[-1]) == ("4.0", "3.5")
    assert human[-2] == "100%"
    assert max(map(len, out.splitlines())) <= 80


def test_in_a_narrow_terminal_each_metric_has_a_line(typed):
    out = typed("--references", "refs.txt", "replies.txt", columns=50)[1]
    rows = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert [row for row in rows if row in HEADINGS] == HEADINGS
    assert max(map(len, out.splitlines())) <= 50


def test_json_has_every_figure(typed):
    facts = json.loads(typed("--references", "refs.txt", "replies.txt", "--json")[1])
    assert (facts["references"], facts["replies"]) == ("refs.txt", "replies.txt")
    assert facts["of_contexts"] == facts["scores"]["contexts"] == 3
    assert facts["human"]["contexts"] == 2
    assert facts["scores"]["average_length"] == 4
    assert 0 < facts["scores"]["bleu_2"] < 1


def test_a_single_reference_has_no_human_row(typed, tmp_path):
    (tmp_path / "one.txt").write_text("hi there\thello\n", "utf-8")
    (tmp_path / "reply.txt").write_text("hello\n", "utf-8")
    out = typed("--references", "one.txt", "reply.txt")[1]
    assert "no human row" in " ".join(out.split())
    assert "human " not in out.split("because")[1]


def test_generated_replies_are_written_and_scored_again(typed, tmp_path):
    asked = ("--references", "refs.txt", "--max-tokens", "8", "--json")
    status, out, err = typed(*asked, "ada", "--examples", "2", "--write", "made.txt")
    assert (status, err) == (0, "Written: made.txt\n")
    first = json.loads(out)
    assert (first["mimic"], first["of_contexts"], first["scores"]["contexts"]) == ("ada", 3, 2)
    assert first["decoding"]["seed"] == 0
    written = (tmp_path / "made.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[0] for line in written] == [
        "how are you ? EOS fine , and you ?",
        "do you like tea ?",
    ]
    again = json.loads(typed("--references", "refs.txt", "made.txt", "--json")[1])
    assert (again["scores"], again["human"]) == (first["scores"], first["human"])
    assert json.loads(typed(*asked, "--examples", "2")[1])["scores"] == first["scores"]


def test_a_mimic_on_convai2(typed):
    status, out, err = typed("--convai2", "valid.txt", "ada", "--max-tokens", "8")
    assert (status, err) == (0, "Ranking and replying …\n")
    assert out.startswith("2 of 2 examples, mimic ada;")
    first = [" ".join(line.split()[:-1]) for line in out.splitlines()]
    assert "perplexity per token" in first
    assert "chance: 33.3" in out
    facts = json.loads(typed("--convai2", "valid.txt", "--json", "--max-tokens", "8")[1])
    assert facts["hits_at_1"] in (0, 0.5, 1)
    assert facts["perplexity_per_word"] > facts["perplexity_per_token"] > 1
    assert facts["persona_as"] == "messages"


def test_a_base_on_convai2(typed, tiny_base):
    asked = ("--convai2", "valid.txt", "--base", str(tiny_base), "--examples", "1")
    facts = json.loads(typed(*asked, "--max-tokens", "8", "--json")[1])
    assert (facts["base"], facts["examples"], facts["of_examples"]) == (str(tiny_base), 1, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "either --references FILE or --convai2 FILE"),
        (("--references", "refs.txt", "--convai2", "valid.txt"), "either --references"),
        (("--references", "refs.txt", "ada", "--base", "starter"), "contradict"),
        (("--references", "refs.txt", "gone.txt"), "no file gone.txt"),
        (
            ("--references", "refs.txt", "replies.txt", "--seed", "1"),
            "--seed: nothing is generated",
        ),
        (("--references", "refs.txt", "ada", "--write", "refs.txt"), "already exists"),
        (("--references", "refs.txt", "ada", "--write", "no/where.txt"), "no such folder"),
        (("--convai2", "valid.txt", "replies.txt"), "not a file of replies"),
        (("--convai2", "valid.txt", "--write", "x"), "--write goes with --references"),
    ],
)
def test_options_that_do_not_go_together(typed, arguments, said):
    status, out, err = typed(*arguments)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--references", "valid.txt", "replies.txt"), "valid.txt, line 1: it has no reference"),
        (("--convai2", "refs.txt", "ada"), "refs.txt, line 1: it does not begin with a number"),
        (("--references", "refs.txt", "bob"), 'no mimic called "bob"'),
    ],
)
def test_files_and_names_that_cannot_be_used(typed, arguments, said):
    status, out, err = typed(*arguments)
    assert (status, out) == (1, "")
    assert said in err


@pytest.mark.parametrize("what", ["replies.txt", "ada"])
@pytest.mark.parametrize("missing", ["nltk", "sacrebleu"])
def test_without_the_libraries_it_says_what_to_install(typed, monkeypatch, what, missing):
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    tokens._tweet_tokenizer.cache_clear()
    tokens._mteval_tokenizer.cache_clear()
    status, out, err = typed("--references", "refs.txt", what)
    assert (status, out) == (1, "")
    assert f"the package {missing}" in err
    assert "pip install 'chatmimic[evaluate]'" in err


def test_it_does_not_need_the_libraries_for_convai2(typed, monkeypatch):
    for name in ("nltk", "sacrebleu"):
        monkeypatch.setitem(sys.modules, name, None)
    assert typed("--convai2", "valid.txt", "--examples", "1", "--max-tokens", "4")[0] == 0

"""`chatmimic chat`, `reply`, `sample` and `mimics`, as a user types them."""

from __future__ import annotations

import io
import json
import shutil
import sys
import time
from pathlib import Path

import pytest
from talking_support import PEOPLE, write_tiny_mimic
from training_support import fill

from chatmimic.cli import main
from chatmimic.records import Message

CHATMIMIC = [sys.executable, "-m", "chatmimic"]


@pytest.fixture
def mimic(home, tiny_base) -> Path:
    """A mimic in the home. Its weights are random: what it says is real, and makes no sense."""
    home.joinpath("mimics").mkdir(parents=True)
    fill(home, [Message(PEOPLE[0], "hello there", service="irc", thread="#tea")])
    made = write_tiny_mimic(home / "mimics" / "ada-lovelace", tiny_base, "tokens")
    manifest = json.loads((made.path / "mimic.json").read_text())
    manifest["data"] = {"messages": 1234, "held_out_messages": 100}
    manifest["held_out"] = {
        "base": {"perplexity": 90.5},
        "mimic": {"perplexity": 41.25, "bits_per_character": 2.31},
    }
    manifest["made_at"] = "2024-05-01T10:00:00+00:00"
    (made.path / "mimic.json").write_text(json.dumps(manifest))
    return made.path


@pytest.fixture
def run(capsys, monkeypatch):
    """Type a command: its exit status, standard output and standard error."""

    def typed(*arguments: str, pipe: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pipe)))
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return typed


# --- reply ---


def test_a_reply_is_one_text_and_a_newline(run, mimic):
    status, out, err = run(
        "reply", "--mimic", "ada-lovelace", "--seed", "7", "--max-tokens", "9", "hi"
    )
    assert (status, err) == (0, "")
    assert out.strip()
    assert out.endswith("\n")
    assert run("reply", "--seed", "7", "--max-tokens", "9", pipe=b"hi\n") == (0, out, "")
    assert run("reply", "--seed", "8", "--max-tokens", "9", "hi")[1] != out


def test_a_reply_as_json_says_who_said_it(run, mimic):
    status, out, _ = run("reply", "--json", "--seed", "7", "--as", "Zed", "--max-tokens", "9", "hi")
    facts = json.loads(out)
    assert status == 0
    assert set(facts) == {"mimic", "persona", "as", "reply", "learnt", "copied"}
    assert facts["copied"] == []
    assert (facts["mimic"], facts["persona"], facts["as"]) == (
        "ada-lovelace",
        "Ada Lovelace",
        "Zed",
    )
    assert facts["reply"] == facts["reply"].strip() != ""


@pytest.mark.parametrize("engine", ["auto", "float32", "half"])
def test_an_engine_computes_the_replies(run, mimic, engine):
    asked = ("--engine", engine, "--seed", "7", "--max-tokens", "9")
    status, out, err = run("reply", *asked, "hi")
    assert (status, err) == (0, "")
    assert out.strip()
    status, _, err = run("chat", *asked, pipe=b"hi\n")
    assert status == 0
    assert f"engine {'float32' if engine == 'auto' else engine}" in err
    status, said, _ = run("sample", *asked, "--messages", "2")
    assert status == 0
    assert said


def test_another_person_of_the_mimic_can_reply(run, mimic):
    facts = json.loads(run("reply", "--json", "--persona", "bob", "--max-tokens", "5", "hi")[1])
    assert (facts["persona"], facts["as"]) == ("Bob", "Ada Lovelace")


def test_a_reply_knows_what_was_said_before(run, mimic, tmp_path):
    file = tmp_path / "talk.jsonl"
    file.write_text('{"sender": "Bob", "text": "the cat sat on my keyboard again"}\n')
    arguments = ("reply", "--seed", "7", "--max-tokens", "20", "--temperature", "2", "hi")
    assert run(*arguments, "--history", str(file))[1] != run(*arguments)[1]


@pytest.mark.parametrize(
    ("arguments", "pipe", "says"),
    [
        (["reply", ""], b"", "the text is empty"),
        (["reply", "  \n"], b"", "the text is empty"),
        (["reply"], b"", "the text is empty"),
        (["reply", "-"], b" \n ", "the text is empty"),
        (["reply", "hi", "--temperature", "9"], b"", "9.0 is not in the range 0.0<=x<=5.0"),
        (
            ["reply", "hi", "--temperature", "nan"],
            b"",
            "temperature is nan; it must be a finite number.",
        ),
        (["reply", "hi", "--min-tokens", "90"], b"", "must not be above max_tokens"),
        (
            ["reply", "hi", "--persona", "Bbo"],
            b"",
            'knows nobody called "Bbo". Did you mean "Bob"?',
        ),
        (["reply", "hi", "--history", "nowhere.jsonl"], b"", "does not exist"),
        (["chat", "--persona", "Bob", "--as", "bob"], b"", '"Bob" is the one who answers'),
        (["chat", "--as", "nobody"], b"", 'knows nobody called "nobody"'),
        (["sample", "--messages", "0"], b"", "--messages"),
        (["sample", "--people", "nobody"], b"", "It knows: Ada Lovelace, Bob, Zoë [x]."),
        (["mimics", "remove", "ada-lovelace"], b"", "add --yes"),
    ],
)
def test_a_usage_error_says_what_is_wrong(run, mimic, arguments, pipe, says):
    status, out, err = run(*arguments, pipe=pipe)
    assert (status, out) == (2, "")
    assert says in err.replace("\n", " ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [["reply", "--mimic", "adda-lovelace", "hi"], ["chat", "adda-lovelace"],
     ["sample", "adda-lovelace"], ["mimics", "show", "adda-lovelace"],
     ["mimics", "remove", "--yes", "adda-lovelace"]],
)  # fmt: skip
def test_a_mimic_that_is_not_there_gets_a_suggestion(run, mimic, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert err == (
        'Error: There is no mimic called "adda-lovelace". Did you mean "Ada Lovelace"? '
        "The mimics are: ada-lovelace (of Ada Lovelace).\n"
    )


@pytest.mark.parametrize(
    "arguments", [["reply", "hi"], ["chat"], ["sample"], ["mimics", "show", "x"]]
)
def test_without_any_mimic_one_is_told_how_to_make_one(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert err == (
        "Error: There are no mimics yet. "
        "Train one: `chatmimic train --persona NAME --base starter`.\n"
    )


def test_a_damaged_mimic_is_one_sentence(run, mimic):
    weights = mimic / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    status, out, err = run("reply", "hi")
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: The mimic in {mimic} is damaged")
    assert err.count("\n") == 1


# --- chat through a pipe ---


def test_a_chat_through_a_pipe(run, mimic, tmp_path):
    file = tmp_path / "talk.jsonl"
    lines = f"hi\n/retry\n/nonsense\nhow are you\n/save {file}\n/quit\nnever\n"
    status, out, err = run("chat", "--seed", "1", "--max-tokens", "8", pipe=lines.encode())
    assert status == 0
    assert out.startswith("Ada Lovelace: ")
    assert "This is a model that imitates Ada Lovelace" in err
    assert "There is no command /nonsense." in err
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["text"] for row in rows if row["sender"] == "Bob"] == ["hi", "how are you"]
    assert all(row["sender"] in ("Bob", "Ada Lovelace") for row in rows)


def test_the_same_seed_gives_the_same_chat(run, mimic):
    talks = [
        run("chat", "--seed", "4", "--max-tokens", "8", pipe=b"hi\nand you?\n")[1] for _ in range(2)
    ]
    assert talks[0] == talks[1] != ""


def test_a_saved_chat_is_imported_only_if_that_is_asked_for(run, mimic, tmp_path):
    file = tmp_path / "talk.jsonl"
    run("chat", "--max-tokens", "8", pipe=f"one\ntwo\n/me waves\n/save {file}\n".encode())
    status, out, err = run("import", "--json", str(file))
    assert status == 1
    assert "was generated by chatmimic" in err
    status, out, err = run("import", "--json", "--allow-generated", str(file))
    assert status == 0, err
    facts = json.loads(out)
    assert facts["kept"] == len(file.read_text().splitlines()) >= 3
    people = {
        person["name"]: person["messages"] for person in json.loads(run("people", "--json")[1])
    }
    assert people["Bob"] == 3


# --- chats that are kept ---


def chats(home):
    return sorted((home / "chats").glob("*"))


def test_a_chat_through_a_pipe_is_kept_only_if_that_is_asked_for(run, mimic, home):
    run("chat", "--max-tokens", "8", pipe=b"hi\n")
    assert chats(home) == []
    run("chat", "--max-tokens", "8", "--keep", pipe=b"hi\n")
    (file,) = chats(home)
    assert file.name.startswith("ada-lovelace-")


def test_a_kept_chat_is_resumed_as_the_same_people(run, mimic, home):
    run("chat", "--max-tokens", "8", "--keep", "--as", "zoë", "--persona", "bob", pipe=b"one\n")
    (file,) = chats(home)
    before = file.read_text().splitlines()
    for asked in (["--resume"], ["ada", "--resume"], ["--resume", file.stem], ["--resume", "ada"]):
        status, out, err = run("chat", "--max-tokens", "8", *asked, pipe=b"/status\n")
        assert status == 0, err
        assert "so far" in err
        assert "You speak as Zoë [x]." in err
        assert "Bob · tiny · float32" in err
        assert out == ""  # what was said before is no answer
    run("chat", "--max-tokens", "8", "--resume", "--keep", pipe=b"two\n")
    assert chats(home) == [file]
    after = file.read_text().splitlines()
    assert after[: len(before)] == before
    assert '"two"' in after[len(before)]


@pytest.mark.parametrize("asked", [["--resume"], ["--resume", "zoe"], ["ada", "--resume"]])
def test_where_no_chat_is_kept_that_is_said(run, mimic, asked):
    status, _, err = run("chat", *asked, pipe=b"hi\n")
    assert status == 1
    assert "is kept in" in err


def test_a_mimic_that_is_removed_says_what_is_kept_of_it(run, mimic, home):
    run("chat", "--max-tokens", "8", "--keep", pipe=b"one\n")
    out = run("mimics", "remove", "ada-lovelace", "--yes")[1]
    assert "One chat with it is kept in" in " ".join(out.split())


# --- sample ---


def test_a_sample_is_a_conversation(run, mimic):
    arguments = ("sample", "--messages", "6", "--seed", "3", "--max-tokens", "6")
    status, out, err = run(*arguments)
    assert status == 0
    assert "nobody said this" in err
    said = json.loads(run(*arguments, "--json")[1])["messages"]
    assert 1 <= len(said) <= 6
    assert {row["sender"] for row in said} <= set(PEOPLE)
    assert run(*arguments)[1] == out
    speakers = [line.partition(": ")[0] for line in out.splitlines() if not line.startswith("  ")]
    assert speakers == [row["sender"] for row in said]


def test_a_sample_among_some_of_the_people(run, mimic):
    out = run("sample", "--json", "--people", "bob", "--seed", "3", "--max-tokens", "6")[1]
    rows = json.loads(out)["messages"]
    assert {(row["sender"], row["learnt"]) for row in rows} == {("Bob", False)}


GUESS = "This mimic was trained only on the words of Ada Lovelace; anybody else is a rough guess."


def test_a_sample_says_whose_words_were_learnt(run, mimic):
    short = ("sample", "--messages", "3", "--seed", "3", "--max-tokens", "6")
    assert GUESS in run(*short)[2]
    assert GUESS not in run(*short, "--people", "ada")[2]
    rows = json.loads(run(*short, "--people", "ada", "--json")[1])["messages"]
    assert {row["learnt"] for row in rows} == {True}
    described(mimic, settings={"learn": "all"})
    assert GUESS not in run(*short)[2]
    rows = json.loads(run(*short, "--json")[1])["messages"]
    assert {row["learnt"] for row in rows} == {True}


def test_a_reply_of_somebody_else_is_told_to_be_a_guess(run, mimic):
    asked = ("reply", "hi", "--persona", "bob", "--seed", "3", "--max-tokens", "6")
    assert run(*asked)[2] == f"{GUESS}\n"
    assert json.loads(run(*asked, "--json")[1])["learnt"] is False


def described(mimic: Path, **more) -> None:
    file = mimic / "mimic.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | more))


# --- who you are, and which mimic ---


def test_you_are_the_owner_of_the_export(run, mimic):
    asked = ("reply", "hi", "--json", "--max-tokens", "6")
    assert json.loads(run(*asked)[1])["as"] == "Bob"
    described(mimic, owner="Zoë [x]")
    assert json.loads(run(*asked)[1])["as"] == "Zoë [x]"
    assert json.loads(run(*asked, "--as", "Eve")[1])["as"] == "Eve"
    described(mimic, owner="Ada Lovelace")
    assert json.loads(run(*asked)[1])["as"] == "Bob"
    described(mimic, owner="Zoë [x]")
    assert "You speak as Zoë [x]." in run("chat", pipe=b"/quit\n")[2]


@pytest.mark.parametrize("name", ["ada", "ADA-L", "Adá", "ada lovelace"])
def test_a_mimic_is_named_by_the_beginning_of_a_name(run, mimic, name):
    short = ("--max-tokens", "4", "--json")
    assert json.loads(run("reply", "--mimic", name, "hi", *short)[1])["mimic"] == "ada-lovelace"
    assert json.loads(run("sample", name, "--messages", "1", *short)[1])["mimic"] == "ada-lovelace"
    assert run("chat", name, pipe=b"/quit\n")[0] == 0
    assert "Ada Lovelace" in run("mimics", "show", name)[1]


def test_what_is_removed_is_named_in_full(run, mimic):
    status, _, err = run("mimics", "remove", "ada", "--yes")
    assert (status, mimic.exists()) == (1, True)
    assert 'There is no mimic called "ada". Did you mean "Ada Lovelace"?' in err
    assert run("mimics", "remove", "ADA LOVELACE", "--yes")[0] == 0


def test_a_persona_asked_for_at_the_start_is_told_to_be_a_guess(run, mimic):
    told = run("chat", "--persona", "bob", pipe=b"/quit\n")[2]
    assert GUESS in told
    assert "You speak as Ada Lovelace." in told


# --- mimics ---


def test_mimics_lists_what_there_is(run, mimic, home, tiny_base):
    time.sleep(0.01)
    write_tiny_mimic(home / "mimics" / "cyd", tiny_base, "tokens", ("Cyd [/]\x1b[2J", "Bob"))
    status, out, err = run("mimics")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert lines[0][:5] == ["Mimic", "Persona", "Bits/char", "Base", "Made"]
    assert lines[2][0] == "cyd"
    assert "Cyd [/]␛[2J" in out
    assert lines[3] == ["ada-lovelace", "Ada", "Lovelace", "2.310", "tiny", "2024-05-01", "tokens",
                        "1,234", *lines[3][-2:]]  # fmt: skip
    assert run("mimics", "list") == (0, out, "")


def test_mimics_as_json_gives_the_facts(run, mimic):
    (facts,) = json.loads(run("mimics", "--json")[1])
    assert facts["name"] == "ada-lovelace"
    assert facts["people"] == list(PEOPLE)
    assert (facts["messages"], facts["perplexity"], facts["base_perplexity"]) == (1234, 41.25, 90.5)
    assert facts["bytes"] > 10_000
    shown = json.loads(run("mimics", "show", "Ada Lovelace", "--json")[1])
    assert shown.pop("manifest")["form"] == "tokens"
    assert shown == facts


def test_mimics_show_tells_what_one_was_made_from(run, mimic):
    out = run("mimics", "show", "ada-lovelace")[1]
    assert "1,234 messages of Ada Lovelace" in out
    assert "41.2 on held-out messages (base: 90.5)" in out
    assert "Ada Lovelace, Bob, Zoë [x]" in out


def test_an_empty_list_says_how_to_make_one(run):
    assert run("mimics") == (
        0,
        "There are no mimics yet. Train one: chatmimic train --persona NAME --base starter\n",
        "",
    )
    assert run("mimics", "--json") == (0, "[]\n", "")


def test_a_removed_mimic_is_gone(run, mimic):
    status, out, _ = run("mimics", "remove", "ada-lovelace", "--yes")
    assert status == 0
    assert out.startswith("Removed the mimic ada-lovelace (")
    assert not mimic.exists()
    assert run("mimics", "remove", "ada-lovelace", "--yes")[0] == 1


def test_a_mimic_outside_the_home_is_not_removed(run, mimic, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(mimic, elsewhere)
    status, _, err = run("mimics", "remove", str(elsewhere), "--yes")
    assert status == 1
    assert "is not in" in err
    assert elsewhere.exists()


# --- at a real terminal ---


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX pseudo-terminal")
class TestTerminal:
    def test_a_talk_with_a_real_mimic(self, mimic):
        from terminal import CTRL_D, Terminal

        with Terminal([*CHATMIMIC, "chat", "--seed", "1", "--max-tokens", "8"]) as terminal:
            terminal.wait_for("Bob ›", 60)
            assert "This is a model that imitates Ada Lovelace" in terminal.text
            terminal.enter("hi")
            terminal.wait_for("Ada Lovelace › ", 60)  # libraries are imported meanwhile
            terminal.wait_for(lambda text: text.count("Bob ›") == 2)
            terminal.enter("/undo")
            terminal.wait_for('Removed "hi"')
            assert terminal.leave(CTRL_D) == 0

    def test_ctrl_c_stops_a_real_model_at_once(self, home):
        from terminal import CTRL_C, WarmTerminal
        from tests_support import write_tiny_base

        base = write_tiny_base(
            home / "base", speaker_tokens=True, layers=12, width=256, positions=2048
        )
        home.joinpath("mimics").mkdir(parents=True)
        write_tiny_mimic(home / "mimics" / "ada-lovelace", base, "tokens")
        # Long replies, and too wild to run in a circle.
        options = [
            "--min-tokens",
            "1000",
            "--max-tokens",
            "1024",
            "--temperature",
            "3",
            "--top-p",
            "1",
        ]
        with WarmTerminal(["chat", *options]) as terminal:
            terminal.wait_for("Bob ›", 60)
            terminal.enter("hi")
            terminal.wait_for(lambda text: len(text.partition("Ada Lovelace › ")[2]) > 40, 60)
            started = time.monotonic()
            terminal.type(CTRL_C)
            # The word may go over two lines of the screen.
            terminal.wait_for(lambda text: "(stopped)" in text.replace("\n", ""))
            assert time.monotonic() - started < 2  # of the many that the reply would take
            terminal.wait_for(lambda text: text.count("Bob ›") == 2)
            terminal.type(CTRL_C)
            terminal.wait_for(lambda text: text.count("Bob ›") == 3)
            assert "Press Ctrl-C again" in terminal.text
            terminal.type(CTRL_C)
            assert terminal.status() == 130

    def test_a_sample_and_a_reply_in_colour(self, mimic):
        from terminal import WarmTerminal

        with WarmTerminal(["sample", "--messages", "3", "--max-tokens", "6"]) as terminal:
            assert terminal.status(60) == 0
            assert b"\x1b[1;3" in terminal.raw
            assert "nobody said this" in terminal.text
        with WarmTerminal(["reply", "hi", "--max-tokens", "20"]) as terminal:
            assert terminal.status(60) == 0
            assert terminal.lines

    def test_removing_asks_first(self, mimic):
        from terminal import Terminal

        for answer, status, there in [("n", 130, True), ("y", 0, False)]:
            with Terminal([*CHATMIMIC, "mimics", "remove", "ada-lovelace"]) as terminal:
                terminal.wait_for("Remove the mimic ada-lovelace of Ada Lovelace?")
                terminal.enter(answer)
                assert terminal.status() == status
            assert mimic.exists() is there


def test_help_says_how_a_small_mimic_is_drawn_from(run):
    out = " ".join(run("chat", "--help")[1].split())
    assert "[default: as fitted; else 0.9, 0.8 for a small base; 0<=x<=5]" in out
    assert "[default: 80; 1<=x<=4096]" in out


def test_mimics_show_says_how_much_of_a_talk_it_sees(run, mimic):
    manifest = json.loads((mimic / "mimic.json").read_text("utf-8"))
    seen = {"context": {"messages": 12, "tokens": 512}, "best_step": 42, "plan": {"steps": 66}}
    (mimic / "mimic.json").write_text(json.dumps({**manifest, **seen}), "utf-8")
    out = " ".join(run("mimics", "show", "ada-lovelace")[1].split())
    assert "Context the last 12 messages, up to 512 tokens" in out
    assert "Best evaluation after step 42 of 66" in out

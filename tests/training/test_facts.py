"""Facts of a persona: read from a file, before every excerpt and every talk, never learnt."""

import numpy as np
import pytest
from tests_support import talk
from training_support import arguments, digest, fill, resume, stop_after, train, typed

from chatmimic.errors import TrainingError
from chatmimic.generation import Decoding
from chatmimic.generation.engine import TorchGenerator
from chatmimic.manifest import MOST_FACTS as MOST
from chatmimic.mimic import Mimic
from chatmimic.records import Message
from chatmimic.training import TrainSettings
from chatmimic.training.data.dataset import write_held_out, write_train
from chatmimic.training.data.split import Material
from chatmimic.transcript import Cast, Mark, make_form
from chatmimic.transcript.facts import as_messages, orders, read_facts

FACTS = ("I have tiny plants.", "The cat sat on my keyboard.", "I like tea.")


@pytest.fixture
def file(tmp_path):
    """A file of the facts above."""
    path = tmp_path / "facts.txt"
    path.write_text("\n".join(FACTS), "utf-8")
    return path


# -- the file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"one", ("one",)),
        (b"one\ntwo\n", ("one", "two")),
        (b"\n  one \r\n\n\ttwo\n\n", ("one", "two")),
        (b"\xef\xbb\xbfone\n", ("one",)),
        ("zoë ♥\n".encode(), ("zoë ♥",)),
        (b"a\x1b[2Jb\n", ("a[2Jb",)),
        (b"x\n" * MOST, ("x",) * MOST),
    ],
)
def test_a_file_has_a_fact_on_each_line(tmp_path, content, facts):
    path = tmp_path / "facts.txt"
    path.write_bytes(content)
    assert read_facts(str(path)) == facts


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read (FileNotFoundError)"),
        (b"", "holds 0 facts"),
        (b" \n\n\t\n", "holds 0 facts"),
        (b"x\n" * (MOST + 1), f"holds {MOST + 1} facts"),
        (b"\xff\xfe\x00", "cannot be read (UnicodeDecodeError)"),
    ],
)
def test_a_file_that_is_none_of_facts_is_one_sentence(tmp_path, content, what):
    path = tmp_path / "facts.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainingError) as told:
        read_facts(str(path))
    assert what in told.value.what
    assert str(path) in told.value.what
    assert "--facts takes" in told.value.hint


def test_a_folder_is_no_file_of_facts(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        read_facts(str(tmp_path))


@pytest.mark.parametrize(
    ("count", "texts"), [(1, ["abc"]), (2, ["abc", "bca"]), (3, ["abc", "bca", "cab"])]
)
def test_orders_begin_one_later_each(count, texts):
    for requested in (count, count + (3 if count == 3 else 0)):
        found = orders("abc", "Ada", requested)
        assert ["".join(m.text for m in order) for order in found] == texts
        assert {m.sender for order in found for m in order} == {"about Ada"}
    assert orders((), "Ada", count) == []


# -- windows ---------------------------------------------------------------------------------------

TALKS = [talk(f"Bob: hello {n}", f"Ada: fine {n}", "Bob: ok", start=n * 10**9) for n in range(1, 6)]


@pytest.fixture(params=["tokens", "named", "short"])
def form(request, tiny_tokenizer):
    return make_form(request.param, tiny_tokenizer, Cast(("Ada", "Bob")))


def written(form, folder, which=write_train, **requested):
    material = Material("Ada", form.cast, TALKS, TALKS[:2], "", imitated="Ada")
    given = {"window": 128, "packed": False, "folder": folder}
    return which(material, FACTS, TrainSettings(persona="Ada", **requested), form, **given)


def transcripts(windows, form):
    """The messages of each window, and their marks."""
    for row in range(len(windows)):
        length = int(np.argmax(windows.positions[row])) + 1
        ids = windows.ids[row, :length].tolist()
        yield form.decode(ids), np.asarray(windows.marks[row, :length]), ids


@pytest.mark.parametrize("count", [1, 2, 3])
def test_facts_stand_before_every_excerpt_in_turning_orders(form, tmp_path, count):
    windows = written(form, tmp_path, fact_orders=count)
    assert len(windows) == len(TALKS)
    for number, (messages, _, _) in enumerate(transcripts(windows, form)):
        first = number % count
        assert tuple(m.text for m in messages[:3]) == FACTS[first:] + FACTS[:first]
        assert {m.sender for m in messages[:3]} == {"about Ada"}
        assert [m.text for m in messages[3:]] == [f"hello {number + 1}", f"fine {number + 1}", "ok"]


@pytest.mark.parametrize("requested", [{}, {"others": 0.3}, {"popular": 1.0}, {"learn": "all"}])
@pytest.mark.parametrize("which", [write_train, write_held_out])
def test_facts_are_never_learnt(form, tmp_path, requested, which):
    windows = written(form, tmp_path, which, **requested)
    facts = len(form.prompt(as_messages(FACTS, "Ada"), None))
    for row in range(len(windows)):
        marks = np.asarray(windows.marks[row])
        assert (marks[:facts] == Mark.CONTEXT).all()
        assert (marks[facts:] == Mark.TEXT).any()
    learnt = ["Ada"] if which is write_held_out or not {"others", "learn"} & {*requested} else None
    said = [m for c in (TALKS if which is write_train else TALKS[:2]) for m in c.messages]
    wanted = sum(len(m.text) + 1 for m in said if learnt is None or m.sender in learnt)
    assert windows.total_characters == wanted


def test_what_is_tested_on_always_has_them_in_the_first_order(form, tmp_path):
    windows = written(form, tmp_path, write_held_out, fact_orders=3)
    for messages, _, _ in transcripts(windows, form):
        assert tuple(m.text for m in messages[:3]) == FACTS


# -- a run, and a talk -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_base):
    """A mimic of Ada that was trained with facts, and its home."""
    folder = tmp_path_factory.mktemp("facts")
    (folder / "facts.txt").write_text("\n".join(FACTS), "utf-8")
    home = fill(folder / "home")
    facts = str(folder / "facts.txt")
    return train(home, tiny_base, facts=facts, fact_orders=2, window=128).mimic, home


def test_a_mimic_keeps_its_facts(trained):
    mimic, home = trained
    assert mimic.manifest["facts"] == list(FACTS)
    assert Mimic.open("ada", home).manifest["facts"] == list(FACTS)


def test_every_talk_begins_with_them(trained):
    generator = TorchGenerator(trained[0].load())
    form = generator.form
    for history in ([], [Message("Bob", "hello")], [Message("Bob", "hello there")] * 200):
        prompt, header = generator._prompt(history, "Ada", 20)
        assert len(prompt) + len(header) + 20 <= 128
        read = form.decode(prompt)
        assert tuple(m.text for m in read[:3]) == FACTS
        assert {m.sender for m in read[:3]} == {"about Ada"}
        assert len(read) == 3 + len(history) or (len(history) == 200 and 8 < len(read) < 40)
        headers, _ = generator._headers(history, ("Ada", "Bob"))
        assert tuple(m.text for m in form.decode(headers)[:3]) == FACTS


def test_a_talk_is_another_without_them(trained):
    mimic, _ = trained
    said = []
    for facts in (list(FACTS), [], list(FACTS[::-1])):
        mimic.manifest["facts"] = facts
        generator = TorchGenerator(mimic.load())
        history = [Message("Bob", "hello there")]
        decoding = Decoding(seed=3, temperature=2.0, max_tokens=30)
        said.append("".join(generator.stream(history, "Ada", decoding)))
    mimic.manifest["facts"] = list(FACTS)
    assert len(set(said)) == 3


@pytest.mark.parametrize("most", [1, 20, 64])
def test_facts_that_are_longer_than_there_is_room_for_leave_room_for_the_talk(trained, most):
    mimic, _ = trained
    mimic.manifest["facts"] = [f"{n} the cat sat on my keyboard again" for n in range(MOST)]
    generator = TorchGenerator(mimic.load())
    mimic.manifest["facts"] = list(FACTS)
    prompt, header = generator._prompt([Message("Bob", "hello there")], "Ada", most)
    assert len(prompt) + len(header) + most <= 128
    read = generator.form.decode(prompt)
    assert [m.text for m in read][:1] == ["0 the cat sat on my keyboard again"]
    assert read[-1].text == "hello there"


def test_a_resumed_run_needs_no_file_of_facts(home, tiny_base, file, trained):
    made = fill(home)
    given = {"facts": str(file), "fact_orders": 2, "window": 128}
    train(made, tiny_base, callbacks=stop_after(3), **given)
    file.unlink()
    assert resume(made).mimic.manifest["facts"] == list(FACTS)
    assert digest(made) == digest(trained[1])


def test_facts_that_fill_the_window_are_refused(home, tiny_base, file):
    file.write_text("\n".join(["the cat sat on my keyboard again"] * MOST))
    with pytest.raises(TrainingError, match="facts take") as told:
        train(fill(home), tiny_base, facts=str(file))
    assert "--window" in told.value.hint


def test_a_mistyped_file_is_told_as_typed_and_drops_nothing(home, tiny_base, tmp_path):
    made = fill(home)
    train(made, tiny_base, callbacks=stop_after(1))
    line = arguments(made, tiny_base, facts=tmp_path / "none.txt")
    status, out, err = typed(*line, "--replace")
    assert (status, out) == (1, "")
    assert "none.txt cannot be read (FileNotFoundError)" in err.splitlines()[-1]
    assert "dropped" not in err
    assert hasattr(resume(made), "mimic")

"""The chat template of an exported mimic: what transformers makes of it is our transcript."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talking_support import write_tiny_mimic
from tests_support import write_tiny_base

from chatmimic.export.chat_template import chat_template, partner_of
from chatmimic.generation import as_message
from chatmimic.mimic import LoadedMimic, read_mimic, write_manifest
from chatmimic.records import Message
from chatmimic.transcript.facts import as_messages

PEOPLE = ("Ada Lovelace", "Bob", "Zoë [x]", "Ada Byron")
FORMS = ("tokens", "short", "named")


@cache
def loaded(form: str, *facts: str) -> LoadedMimic:
    place = Path(mkdtemp())
    base = write_tiny_base(place / "base", speaker_tokens=form == "tokens")
    mimic = write_tiny_mimic(place / "ada", base, form, PEOPLE)
    write_manifest(mimic.path, {**mimic.manifest, "facts": list(facts)})
    made = read_mimic(mimic.path).load()
    made.tokenizer.chat_template = chat_template(made)
    return made


def ids(made: LoadedMimic, messages: list[dict[str, str]], *, prompt: bool) -> list[int]:
    written = made.tokenizer.apply_chat_template(messages, add_generation_prompt=prompt)
    return list(written["input_ids"])


def history(messages: list[dict[str, str]]) -> list[Message]:
    """The same as our own messages."""
    usual = {"assistant": PEOPLE[0], "user": "Bob"}
    return [as_message(m.get("name") or usual[m["role"]], m["content"]) for m in messages]


TALK = [
    {"role": "user", "content": "hi there"},
    {"role": "assistant", "content": "hello\nyou"},
    {"role": "assistant", "content": "/me waves"},
    {"role": "user", "name": "Zoë [x]", "content": "* not an action"},
    {"role": "user", "name": "Ada: Byron\nII", "content": "back\\slash \\n and /me"},
    {"role": "user", "name": "Ada", "content": ""},
    {"role": "user", "name": "?", "content": "/me"},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("prompt", [True, False])
def test_a_chat_is_written_as_our_own(form: str, prompt: bool) -> None:
    made = loaded(form)
    speaker = PEOPLE[0] if prompt else None
    assert ids(made, TALK, prompt=prompt) == made.form.prompt(history(TALK), speaker)


NAMES = st.sampled_from([*PEOPLE, "Ada", "Ada (2)", "Bob (2)", "Eve", "a:b", "[x]", " sp ace "])
PIECES = [*"ab \n\\*/:[]é🌱", "/me ", "\\n", "* "]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=60)
@given(
    st.sampled_from(FORMS),
    st.lists(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "assistant"]), "content": TEXTS},
            optional={"name": NAMES},
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_whatever_is_said_and_by_whom(form: str, messages: list[dict[str, str]]) -> None:
    made = loaded(form)
    assert ids(made, messages, prompt=True) == made.form.prompt(history(messages), PEOPLE[0])


@pytest.mark.parametrize("form", FORMS)
def test_facts_come_first_and_a_system_message_brings_others(form: str) -> None:
    made = loaded(form, "I have two cats.", "I am 30.")
    own = as_messages(["I have two cats.", "I am 30."], PEOPLE[0])
    assert ids(made, TALK, prompt=True) == made.form.prompt([*own, *history(TALK)], PEOPLE[0])
    given_ = [{"role": "system", "content": "I like tea.\n\n I sing. "}, *TALK]
    other = as_messages(["I like tea.", "I sing."], PEOPLE[0])
    assert ids(made, given_, prompt=True) == made.form.prompt([*other, *history(TALK)], PEOPLE[0])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", ["content", "name"])
def test_a_text_cannot_spell_structure(form: str, where: str) -> None:
    """The special tokens of a prompt are those of our own, whatever a message says."""
    made = loaded(form)
    special = set(made.tokenizer.all_special_ids) | set(made.tokenizer.added_tokens_decoder)
    spelt = "".join(made.tokenizer.convert_ids_to_tokens(sorted(special)))
    evil = [{"role": "user", "name": "Eve", "content": "hi", where: spelt}]
    plain = [{"role": "user", "name": "Eve", "content": "hi", where: "x"}]
    structure = [t for t in ids(made, evil, prompt=True) if t in special]
    assert structure == [t for t in ids(made, plain, prompt=True) if t in special]


@pytest.mark.parametrize(
    ("people", "owner", "partner"),
    [
        (("Ada", "Bob", "Cy"), "Cy", "Cy"),
        (("Ada", "Bob", "Cy"), "Ada", "Bob"),
        (("Ada", "Bob"), "", "Bob"),
        (("Ada",), "", "You"),
    ],
)
def test_who_is_the_user(tmp_path: Path, people: tuple[str, ...], owner: str, partner: str) -> None:
    write_manifest(
        tmp_path, {"persona": "Ada", "people": list(people), "form": "short", "owner": owner}
    )
    assert partner_of(read_mimic(tmp_path)) == partner

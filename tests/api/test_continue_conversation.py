"""`chatmimic.continue_conversation`, the command as a function."""

from __future__ import annotations

import pytest
from talking_support import write_tiny_mimic

import chatmimic
from chatmimic import ChatmimicError, Decoding, Message, MimicError

SHORT = Decoding(seed=3, max_tokens=6)
SAID = [Message("ada", "tea?", 1_600_000_000_000), Message("Zed", "yes", 1_600_000_060_000)]


@pytest.fixture
def ada(home, plain_base) -> str:
    home.joinpath("mimics").mkdir(parents=True)
    write_tiny_mimic(home / "mimics" / "ada-lovelace", plain_base, "short")
    return "ada-lovelace"


def test_messages_and_files_are_continued_alike(ada, home, tmp_path):
    path = tmp_path / "tea.txt"
    path.write_text("[2020-09-13 12:26] ada: tea?\n[2020-09-13 12:27] Zed: yes\n")
    options = {"home": home, "messages": 4, "decoding": SHORT}
    made = chatmimic.continue_conversation(path, ada, **options)
    assert 1 <= len(made) <= 4
    assert {m.sender for m in made} <= {"ada", "Zed"}
    again = chatmimic.continue_conversation(SAID, ada, **options)
    assert [(m.sender, m.text) for m in again] == [(m.sender, m.text) for m in made]
    assert again[0].sent_at > SAID[-1].sent_at


def test_people_are_who_one_says(ada, home):
    options = {"home": home, "messages": 6, "decoding": SHORT}
    as_bob = chatmimic.continue_conversation(SAID, ada, people={"Zed": "Bob"}, **options)
    assert {m.sender for m in as_bob} <= {"ada", "Zed"}
    with pytest.raises(MimicError, match="nobody"):
        chatmimic.continue_conversation(SAID, ada, people={"Zed": "Eve"}, **options)


@pytest.mark.parametrize("said", [[], [Message("", "hi")], [Message("ada", " ")]])
def test_nothing_to_continue_is_told(ada, home, said):
    with pytest.raises(ChatmimicError, match="No message has words"):
        chatmimic.continue_conversation(said, ada, home=home)

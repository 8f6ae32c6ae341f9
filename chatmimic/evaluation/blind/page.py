"""A blind test as one HTML file for friends, which works without a network.

It contains the contexts and the replies of its rounds as JSON, and one script, allowed by its
hash, which shows them as text. The right answers are in it as salted hashes: not readable at a
glance, but no secret, because there are only a few answers to try.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from chatmimic.evaluation.blind.answers import checksum
from chatmimic.evaluation.blind.key import LETTERS, Key
from chatmimic.evaluation.blind.labels import A_FRIEND
from chatmimic.evaluation.blind.rounds import WHOSE, BlindTest
from chatmimic.owned_file import check_owned, write_owned
from chatmimic.page import signature, text_of, whole_page
from chatmimic.text import visible

MARK = "chatmimic turing"  # the creator that its files name
_STYLE = """
body { max-width: 42rem; }
ol { list-style: none; margin: 1rem 0; padding: 0; }
li, button, output, textarea { overflow-wrap: anywhere; white-space: pre-wrap; }
li { margin: .3rem 0; }
li b { margin-inline-end: .5rem; }
button, input, textarea { font: inherit; color: inherit; background: #80808014;
  border: 2px solid #80808060; border-radius: .6rem; padding: .7rem 1rem; }
button { display: block; width: 100%; min-height: 3rem; margin: .6rem 0; text-align: start;
  cursor: pointer; }
button:focus-visible, input:focus-visible, textarea:focus-visible {
  outline: 3px solid #2f6fb3; outline-offset: 2px; }
button.right { border-color: #2f8a4a; } button.wrong { border-color: #b3402f; }
button.plain { width: auto; display: inline-block; margin-inline-end: .5rem; }
button:disabled { cursor: default; color: inherit; opacity: 1; }
blockquote { margin: .6rem 0; padding: .7rem 1rem; border-inline-start: 3px solid #2f6fb3;
  overflow-wrap: anywhere; white-space: pre-wrap; }
input, textarea { width: 100%; margin: .3rem 0 .8rem; }
progress { width: 100%; }
output { display: block; font-weight: 600; min-height: 1.5rem; }
.score { margin-top: 1rem; font-size: 1.3rem; font-weight: 600; }
"""


def write_page(path: Path, test: BlindTest, key: Key, feedback: bool) -> None:
    """Write the page. Raises ChatmimicError if it cannot, or another's file has that name."""
    write_owned(path, page(test, key, feedback), signature(MARK), "--export", MARK)


def check_page(path: Path) -> None:
    """Raise the error that `write_page` would raise, before the test is made."""
    check_owned(path, signature(MARK), "--export", MARK)


def page(test: BlindTest, key: Key, feedback: bool = True) -> str:
    """The page as HTML; with `feedback` it says after each round which answer was right."""
    person = "a friend" if test.people[0] == A_FRIEND else test.people[0]
    if test.kind == WHOSE:
        title = "Whose manner is this?"
        about = (
            "Programs that imitate these people replied at real places of their chats. "
            "Say whom each reply imitates."
        )
    else:
        title = f"Which of the two did {person} really write?"
        about = (
            "One reply is real; the other is from a program that imitates its writer. They were "
            "chosen so that their lengths say nothing."
        )
    body = f"""<h1>{text_of(title)}</h1>
<p class="soft">{about} This page sends nothing anywhere; you can answer with the keyboard
(A, B …, U to take an answer back).</p>
<section id="test"><noscript>This page needs JavaScript.</noscript></section>
<script type="application/json" id="data">{_json(_data(test, key, feedback))}</script>"""
    return whole_page(title, body, MARK, _STYLE, script=_script())


def _data(test: BlindTest, key: Key, feedback: bool) -> dict[str, Any]:
    return {
        "id": key.id,
        "letters": LETTERS,
        "whose": test.kind == WHOSE,
        "choices": [visible(choice) for choice in test.choices],
        "feedback": feedback,
        "rounds": [
            {
                "context": [
                    {"who": visible(m.sender), "text": visible(m.text), "action": m.is_action}
                    for m in one.context
                ],
                "replies": [visible(reply) for reply in one.replies],
                "mark": f"{mark(key.id, number, one.right):08x}",
            }
            for number, one in enumerate(test.rounds)
        ],
    }


def mark(id: str, number: int, choice: int) -> int:
    """The salted hash that hides the right choice of a round; the id is the salt."""
    return checksum(f"{LETTERS[choice]}:{number}:{id}")


def _json(facts: dict[str, Any]) -> str:
    """Facts as JSON that cannot end the element it stands in."""
    text = json.dumps(facts, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script() -> str:
    return files("chatmimic.evaluation.blind").joinpath("page.js").read_text("utf-8")

"""The page for friends: what is in it, what is not, and that its script gives what is scored."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.blind.answers import read_answers
from chatmimic.evaluation.blind.key import Key
from chatmimic.evaluation.blind.labels import anonymous, with_first_names
from chatmimic.evaluation.blind.page import mark, page, write_page
from chatmimic.evaluation.blind.rounds import PAIR, WHOSE, BlindTest, Line, Round

EVIL = "</script><script>alert(1)</script><!-- & \u2028 \u202e\x1b[2J"


def pair_test(**changes: object) -> BlindTest:
    rounds = (
        Round(
            (Line("Bob Gray", "hi Ada, where is Lovelace?"), Line("Bob Dean", "waves", True)),
            ("Bob, I am here", "nowhere"),
            0,
        ),
        Round((Line("Cyd", EVIL),), ("https://x.example/?a=1&b=2", EVIL), 1),
    )
    given = {"kind": PAIR, "people": ("Ada Lovelace",), "mimics": ("ada",), "choices": ("A", "B")}
    return BlindTest(**{**given, "rounds": rounds, "seed": 1, **changes})  # type: ignore[arg-type]


def whose_test() -> BlindTest:
    people = ("Ada Lovelace", "Bob Gray", "Cyd")
    rounds = (Round((Line("Dee", "hi Bob"),), ("hello Dee",), 2),)
    return pair_test(kind=WHOSE, people=people, choices=people, rounds=rounds)


def data_of(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_policy_allows_the_one_script_and_nothing_else() -> None:
    text = page(pair_test(), Key.of(pair_test()))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy"\s+content="([^"]+)"', text)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert text.count("<script") == 2  # the data and the script
    assert not re.search(r"(?:src|href)=", text.replace("application/json", ""))
    assert "innerHTML" not in text


def test_whatever_people_wrote_is_data() -> None:
    test = pair_test()
    text = page(test, Key.of(test))
    assert "alert(1)" in text
    assert "<script>alert" not in text
    data = data_of(text)
    shown = data["rounds"][1]["replies"][1]
    assert shown.startswith("</script><script>alert(1)</script><!-- & ")
    assert not set("\x1b\u202e\u2028") & set(shown)


def test_nothing_but_what_is_shown_is_in_the_data() -> None:
    test = pair_test()
    key = Key.of(test)
    data = data_of(page(test, key))
    assert set(data) == {"id", "letters", "whose", "choices", "feedback", "rounds"}
    assert all(set(one) == {"context", "replies", "mark"} for one in data["rounds"])
    marks = [one["mark"] for one in data["rounds"]]
    assert marks == [f"{mark(key.id, n, one.right):08x}" for n, one in enumerate(test.rounds)]
    assert mark(key.id, 0, 0) != mark(key.id, 0, 1)
    assert "ada" not in json.dumps(data["rounds"]).replace("Ada", "")  # the mimic's name


def test_people_go_by_first_names() -> None:
    test = with_first_names(pair_test())
    assert test.people == ("Ada",)
    assert test.question == "Which one did Ada really write?"
    assert [line.sender for line in test.rounds[0].context] == ["Bob", "Bob 2"]
    assert with_first_names(whose_test()).choices == ("Ada", "Bob", "Cyd")
    nick = pair_test(people=("bob",))
    assert with_first_names(nick).people == ("bob",)
    assert with_first_names(nick).rounds[0].context[0].sender == "Bob 2"


def test_an_anonymous_page_has_no_names() -> None:
    test = anonymous(pair_test(), ["Ada Lovelace", "Zoe Quill"])
    text = page(test, Key.of(test))
    assert "did a friend really write" in text
    for name in ("Ada", "Lovelace", "Bob", "Gray", "Cyd"):
        assert name not in text, name
    first = test.rounds[0]
    assert first.context[0] == Line("Person 1", "hi A friend, where is A friend?")
    assert first.replies[0] == "Person 1, I am here"
    assert anonymous(whose_test(), []).choices == ("Friend 1", "Friend 2", "Friend 3")


def test_a_page_replaces_only_an_earlier_one(tmp_path: Path) -> None:
    test = pair_test()
    mine, other = tmp_path / "mine.html", tmp_path / "other.html"
    for _ in range(2):
        write_page(mine, test, Key.of(test), feedback=True)
    other.write_text("<p>something else")
    with pytest.raises(ChatmimicError, match="not from `chatmimic turing`"):
        write_page(other, test, Key.of(test), feedback=True)
    assert other.read_text() == "<p>something else"


# A document that is just enough for the script: elements that remember what is put into them.
BROWSER = """
const fs = require("fs"), vm = require("vm");
const { data, script, keys } = JSON.parse(fs.readFileSync(0, "utf8"));
const handlers = {}, texts = [];
class Element {
  constructor(name) { this.tagName = name.toUpperCase(); this.children = []; this.attributes = {}; }
  setAttribute(key, value) { this.attributes[key] = value; if (key === "id") this.id = value; }
  append(...some) { this.children.push(...some); }
  replaceChildren(...some) { this.children = some; }
  addEventListener(name, act) { this.act = act; }
  focus() {}
}
const found = { data: { textContent: data }, test: new Element("main") };
const everything = (one) => [one, ...one.children.flatMap(everything)];
const all = () => everything(found.test);
const document = {
  getElementById: (id) => found[id] ?? all().find((one) => one.id === id),
  createElement: (name) => new Element(name),
  addEventListener: (name, act) => (handlers[name] = act),
};
vm.runInNewContext(script, { document, window: { scrollTo() {} }, navigator: {} });
for (const key of keys) {
  const next = all().find((one) => one.id === "next");
  if (key === "Enter" && next) next.act();
  else handlers.keydown({ key, target: { tagName: "BODY" }, preventDefault() {} });
  texts.push(all().map((one) => one.textContent ?? "").filter(Boolean));
}
console.log(JSON.stringify(texts));
"""


def played(text: str, keys: list[str]) -> list[list[str]]:
    """The texts that the page shows after each key."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]
    asked = json.dumps({"data": json.dumps(data_of(text)), "script": script, "keys": keys})
    done = subprocess.run(
        [node, "-e", BROWSER], input=asked, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return json.loads(done.stdout)


def code_in(texts: list[str]) -> str:
    return next(text for text in texts if re.fullmatch(r"[0-9a-f]{10}-[0-9a-f-]+", text))


@pytest.mark.parametrize(
    ("keys", "right", "undone"),
    [
        (["a", "Enter", "b", "Enter"], 2, 0),
        (["ArrowLeft", "Enter", "1", "Enter"], 1, 0),
        (["2", "Enter", "u", "A", "Enter", "x", "ArrowRight", "Enter"], 2, 1),
        (["b", "b", "b", "Enter", "a", "Enter"], 0, 0),  # one answer for each round
    ],
)
def test_the_code_of_the_page_is_scored_as_the_page_does(
    keys: list[str], right: int, undone: int
) -> None:
    test = pair_test()
    key = Key.of(test)
    last = played(page(test, key), keys)[-1]
    answers = read_answers([code_in(last)])[0]
    assert answers.undone == undone
    score = answers.score(key)
    assert (score.right, score.answered) == (right, 2)
    assert any(text.startswith(f"{right} of 2 right") for text in last)


def test_the_page_says_after_each_round_what_was_right_unless_told_not_to() -> None:
    test = pair_test()
    key = Key.of(test)
    first, second = played(page(test, key), ["b", "Enter"])
    assert "Wrong: A is the real one." in first
    assert "Round 2 of 2" in second
    blind = played(page(test, key, feedback=False), ["b"])[0]
    assert "Round 2 of 2" in blind
    assert not any("Wrong" in text for text in blind)


def test_a_whose_page_asks_for_people() -> None:
    test = with_first_names(whose_test())
    key = Key.of(test)
    first, last = played(page(test, key), ["c", "Enter"])
    assert "Right: Cyd." in first
    assert "B  Bob" in first
    assert read_answers([code_in(last)])[0].score(key).right == 1

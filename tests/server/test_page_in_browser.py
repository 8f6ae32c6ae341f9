"""The page in a real Chromium: what a user does, with the mouse and with the keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser_support import NEEDS_CHROMIUM, chromium
from serving_support import Served, serving
from talking_support import write_tiny_mimic
from training_support import chatter, fill, train

from chatmimic.chat.kept import kept_chats
from chatmimic.home import Home
from chatmimic.mimic import write_manifest

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
WIDTHS = [(1280, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def here(tiny_base, plain_base, tmp_path_factory) -> Iterator[tuple[Home, Served]]:
    """A server of two mimics whose messages are short; one was trained, for the blind test."""
    home = fill(tmp_path_factory.mktemp("browser") / "home", chatter(400))
    train(home, tiny_base, name="ada", force=True, held_out=0.5)
    cyd = write_tiny_mimic(home.mimics / "cyd", plain_base, "short", ("Cyd", "Bob", SCRIPT[:28]))
    for path in (cyd.path, home.mimics / "ada"):  # the newest one is talked with
        facts = json.loads((path / "mimic.json").read_text("utf-8"))
        facts["decoding"] = {"settings": {"max_tokens": 8, "temperature": 1.0}}
        write_manifest(path, {k: v for k, v in facts.items() if k != "format"})
    with serving(home) as served:
        yield home, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


BOTH = pytest.mark.parametrize("page", WIDTHS, ids=["1280", "390"], indirect=True)


@pytest.fixture
def page(request, browser, here) -> Iterator[Any]:
    """The page as it opens. At the end nothing went wrong, and no request left the machine."""
    home, served = here
    width, scheme = getattr(request, "param", WIDTHS[0])
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith(served.url) else wrong.append(asked.url),
    )
    opened.goto(served.url)
    opened.wide = width > 700
    yield opened
    context.close()
    for path, _ in kept_chats(home.chats):
        path.unlink()
    assert wrong == []


def side(page: Any) -> None:
    """Show the settings, which are behind a button on a telephone."""
    if not page.wide and page.locator("#menu").get_attribute("aria-expanded") == "false":
        page.click("#menu")


def hide_side(page: Any) -> None:
    if not page.wide and page.locator("#menu").get_attribute("aria-expanded") == "true":
        page.click("#menu")


def quick(page: Any) -> None:
    """Switch off the waits of a person."""
    side(page)
    page.click("text=How it writes")
    page.uncheck("#rhythm")
    hide_side(page)


def done(page: Any) -> None:
    """Wait until the page is ready for the next thing."""
    page.locator("#send").wait_for(state="visible", timeout=60_000)


def send(page: Any, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")
    done(page)


def bubbles(page: Any, whose: str = "") -> list[str]:
    return page.locator(f".message{whose} .bubble").all_inner_texts()


@BOTH
def test_a_message_is_answered_and_markup_in_it_is_text(page):
    quick(page)
    send(page, SCRIPT)
    assert bubbles(page, ".mine") == [SCRIPT]
    assert page.locator("#talk img, #talk script").count() == 0
    assert page.locator("#status").inner_text() in ("", "No answer.")
    if answers := bubbles(page, ":not(.mine)"):
        assert all(answers)
        assert "generated" in page.locator(".name >> nth=1").inner_text()


def test_an_answer_is_streamed_and_can_be_stopped(page):
    page.evaluate(
        """() => {
          const open = window.fetch;
          window.fetch = async (path, options) => {
            if (path !== "/page/turn") return open(path, options);
            const body = new ReadableStream({
              async start(out) {
                const say = (event) =>
                  out.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\\n\\n`));
                say({ kept: "" });
                say({ speaker: "Ada", wait: 0, recalled: [{ sender: "Bob", text: "<b>old</b>" }] });
                say({ piece: "a first " });
                say({ piece: "word" });
                options.signal.addEventListener("abort", () =>
                  out.error(new DOMException("stopped", "AbortError")));
              },
            });
            return new Response(body);
          };
        }"""
    )
    page.fill("#text", "hello")
    page.press("#text", "Enter")
    page.locator(".bubble", has_text="a first word").wait_for()
    page.click("#stop")
    done(page)
    assert bubbles(page) == ["hello", "a first word"]
    assert page.locator("#status").inner_text() == "Stopped."
    assert page.locator(".note").inner_text() == "stopped"
    page.click(".recalled summary")
    assert page.locator(".recalled p").inner_text() == "Bob: <b>old</b>"


def test_retry_alternatives_and_undo(page):
    quick(page)
    send(page, "hello there")
    page.click("#retry")
    done(page)
    assert bubbles(page, ".mine") == ["hello there"]
    if bubbles(page, ":not(.mine)"):
        page.click("#others")
        page.locator("#versions button").first.wait_for()
        done(page)
        version = page.locator("#versions button").last.inner_text()
        page.locator("#versions button").last.click()
        done(page)
        assert bubbles(page) == ["hello there", version]
    page.click("#undo")
    done(page)
    assert bubbles(page) == []
    assert page.input_value("#text") == "hello there"


def test_another_mimic_and_another_self(page):
    side(page)
    page.select_option("#model", label="Cyd (cyd)")
    assert page.locator("#title").inner_text() == "Cyd"
    side(page)
    assert page.locator("#you option").all_inner_texts() == ["Bob", SCRIPT[:28], "You"]
    page.select_option("#you", "You")
    quick(page)
    send(page, "hi")
    assert page.locator(".mine .name").inner_text() == "You"
    names = page.locator(".message.first:not(.mine) .name bdi").all_inner_texts()
    assert set(names) <= {"Cyd"}


@BOTH
def test_a_room_of_several(page):
    quick(page)
    side(page)
    page.select_option("#add", label="Cyd")
    assert page.locator("#room button").all_inner_texts() == ["Cyd ×"]
    assert page.locator("#title").inner_text() == "Ada and Cyd"
    hide_side(page)
    send(page, "hello both")
    page.click("#listen")
    done(page)
    names = set(page.locator(".message.first:not(.mine) .name bdi").all_inner_texts())
    assert names <= {"Ada", "Cyd"}
    side(page)
    page.click("#room button")
    assert page.locator("#title").inner_text() == "Ada"


def test_a_chat_is_pasted_and_goes_on(page):
    quick(page)
    side(page)
    page.click("text=Paste a chat and continue it")
    page.fill("#log", f"Bob: tea?\nAda: {SCRIPT}\nBob: hm")
    page.click("text=Take it up")
    done(page)
    assert bubbles(page) == ["tea?", SCRIPT, "hm"]
    assert bubbles(page, ".mine") == ["tea?", "hm"]
    page.click("#listen")
    done(page)
    assert bubbles(page)[:3] == ["tea?", SCRIPT, "hm"]


@BOTH
def test_chats_are_listed_resumed_exported_and_deleted(page, here, tmp_path):
    home, _ = here
    quick(page)
    send(page, "remember me")
    before = bubbles(page)
    side(page)
    page.click("#new")
    assert bubbles(page) == []
    page.reload()
    side(page)
    page.locator("#chats .open").first.click()
    done(page)
    assert bubbles(page) == before
    side(page)
    page.click("#chats .more")
    with page.expect_download() as waiting:
        page.click("#chats a:has-text('.md')")
    waiting.value.save_as(tmp_path / "chat.md")
    text = (tmp_path / "chat.md").read_text("utf-8")
    assert "Generated by chatmimic" in text
    assert "remember me" in text
    page.click("#chats button:has-text('Delete')")
    assert list(kept_chats(home.chats))
    page.click("#chats button:has-text('Delete for good?')")
    page.locator("#chats .none").wait_for()
    assert not list(kept_chats(home.chats))


def test_an_unkept_chat_leaves_nothing(page, here):
    home, _ = here
    quick(page)
    side(page)
    page.uncheck("#keep")
    hide_side(page)
    send(page, "forget me")
    assert not list(kept_chats(home.chats))


def test_a_server_that_is_wrong_is_said(page):
    page.evaluate("() => { window.fetch = async () => { throw new Error('gone away'); }; }")
    send(page, "hello")
    assert page.locator("#status").inner_text() == "gone away"
    assert bubbles(page) == ["hello"]


def test_with_the_keyboard_alone(page):
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("lines")
    page.keyboard.press("Enter")
    done(page)
    assert bubbles(page, ".mine") == ["two\nlines"]
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("() => document.activeElement.id"))
    usable = page.locator("button:visible:enabled, select:visible:enabled, textarea:visible")
    wanted = {one.get_attribute("id") for one in usable.all()} - {None}
    assert wanted <= seen


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(…)`, as WCAG 2 defines it."""
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CONTRASTS = """() => [...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility())
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => !e.closest(":disabled") && !e.closest(".hidden, .skip, option, noscript, script"))
  .map((e) => {
    let back = e;
    while (getComputedStyle(back).backgroundColor.endsWith(", 0)")) back = back.parentElement;
    return [e.outerHTML.slice(0, 80), getComputedStyle(e).color,
      getComputedStyle(back).backgroundColor];
  })"""
UNNAMED = """() => [...document.querySelectorAll("button, a, select, textarea, input, [role]")]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length
    || e.getAttribute("aria-labelledby")) && e.getAttribute("role") !== "status")
  .map((e) => e.outerHTML)"""


@BOTH
def test_everybody_can_read_it(page):
    """Contrast as WCAG AA wants it, names for everything, one language, no id twice."""
    quick(page)
    send(page, "hello there")
    for opened in (False, True):
        if opened:
            side(page)
        for what, front, back in page.evaluate(CONTRASTS):
            bright, dark = sorted(map(luminance, (front, back)), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (what, front, back)
        assert page.evaluate(UNNAMED) == []
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("html").get_attribute("lang") == "en"


@BOTH
def test_nothing_is_wider_than_the_screen(page):
    hide_side(page)
    send(page, "x" * 300)
    for opened in (False, True):
        if opened:
            side(page)
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_blind_test_is_played(browser, here):
    """The quiz at its own page: real replies beside generated ones."""
    _, served = here
    page = browser.new_page()
    page.goto(f"{served.url}/page/blind-test?mimic=ada", timeout=120_000)
    assert page.locator("h1").inner_text() == "Which of the two did Ada really write?"
    page.locator("#test button").first.click()
    page.locator("output").first.wait_for()
    assert re.match("Right|Wrong", page.locator("output").first.inner_text())
    page.close()


def test_statistics_open_beside_the_chat(page):
    side(page)
    with page.expect_popup() as waiting:
        page.click("text=Statistics of the archive")
    report = waiting.value
    report.locator("svg").first.wait_for()
    assert report.locator("h1").inner_text() == "The archive"
    report.close()


def test_without_a_mimic_it_says_so(browser, tmp_path):
    with serving(Home(tmp_path / "empty").make()) as served:
        page = browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(served.url)
        assert "There is no mimic yet" in page.locator("#talk").inner_text()
        assert page.locator("#send").is_disabled()
        page.press("#text", "Enter")
        page.close()
    assert wrong == []


def test_it_asks_for_the_key(browser, here):
    home, _ = here
    with serving(home, key="a key of many characters") as served:
        page = browser.new_page()
        page.goto(served.url)
        page.fill("#key", "wrong")
        page.press("#key", "Enter")
        assert page.locator("[role=alert]").inner_text() == "That is not the key."
        page.fill("#key", "a key of many characters")
        page.click("button")
        page.locator("#title", has_text="Ada").wait_for()
        page.close()

"""Logs of IRC whose stamps hold a date: in any order, with a month by name, before or behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importing import read

from chatmimic.records import Kind, Message

Written = Callable[[datetime], str]


def numbers(form: str) -> Written:
    """A date such as "{d}/{m}/{y}"; "{dd}" and "{mm}" are padded, "{yy}" has two digits."""
    return lambda at: form.format(
        d=at.day, m=at.month, y=at.year, dd=f"{at.day:02}", mm=f"{at.month:02}", yy=f"{at:%y}"
    )


def in_words(form: str) -> Written:
    return lambda at: at.strftime(form)


ORDERS = {
    "dmy": ["{dd}.{mm}.{y}", "{d}/{m}/{y}", "{dd}-{mm}-{yy}", "{d}.{m}.{yy}"],
    "mdy": ["{mm}/{dd}/{y}", "{m}/{d}/{yy}", "{mm}-{dd}-{y}"],
    "ymd": ["{y}/{m}/{d}", "{yy}/{mm}/{dd}", "{y}.{m}.{d}", "{y}{mm}{dd}", "{yy}-{m}-{d}"],
}
IN_NUMBERS = [(order, numbers(form)) for order, forms in ORDERS.items() for form in forms]
# "[Jan 05, 2024 12:00:00] <ada>" is Signal's.
IN_WORDS = [("dmy", in_words(form)) for form in ("%d %b %Y", "%b %d %Y", "%d-%B-%y", "%B %d %Y",
            "%a %d %b %Y")]  # fmt: skip
CLOCKS = [in_words(form) for form in ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M%p")]
BRACKETS = ["[{}] ", "({}) ", "{} ", "[{}]\t", "[{}]  "]
BETWEEN = [" ", ", ", " - "]


def at_minute(message: Message) -> datetime:
    assert message.sent_at is not None
    at = datetime.fromtimestamp(message.sent_at / 1000, UTC)
    return at.replace(tzinfo=None, second=0)


@given(
    date=st.sampled_from([*IN_NUMBERS, *IN_WORDS]),
    clock=st.sampled_from(CLOCKS),
    brackets=st.sampled_from(BRACKETS),
    between=st.sampled_from(BETWEEN),
    time_first=st.booleans(),
    start=st.datetimes(datetime(2001, 1, 1), datetime(2024, 1, 1)),
    steps=st.lists(st.integers(0, 3000), min_size=2, max_size=8),
)
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_talk_with_any_date_reads_back(
    date: tuple[str, Written],
    clock: Written,
    brackets: str,
    between: str,
    time_first: bool,
    start: datetime,
    steps: list[int],
    tmp_path: Path,
) -> None:
    order, day = date
    said, rows, at = [], [], start.replace(second=0, microsecond=0)
    for number, step in enumerate(steps):
        at += timedelta(minutes=step)
        parts = [clock(at), day(at)] if time_first else [day(at), clock(at)]
        stamp = brackets.format(between.join(parts))
        said.append((at, "ada" if number % 2 else "bob", f"word: {number}"))
        rows.append(f"{stamp}<{said[-1][1]}> {said[-1][2]}\n")
        rows.append(f"{stamp}* cle has quit (Quit: bye)\n")
    path = tmp_path / "#tea.log"
    path.write_text("".join(rows), encoding="utf-8")
    messages, report = read(path, date_order=order)
    assert report.format == "IRC log"
    texts = [message for message in messages if message.kind is Kind.TEXT]
    assert [(at_minute(m), m.sender, m.text) for m in texts] == said
    assert report.left_out == {"system": len(said)}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["05/01/2024", "13/01/2024"], (2024, 1, 5)),
        (["01/05/2024", "01/13/2024"], (2024, 1, 5)),
        (["24/01/05", "24/01/13", "24/01/31"], (2024, 1, 5)),
        (["5.1.2004", "6.1.2004", "7.1.2004", "8.1.2004", "9.1.2004"], (2004, 1, 5)),
    ],
)
def test_the_dates_of_a_log_show_which_number_is_the_day(
    dates: list[str], first: tuple[int, int, int], tmp_path: Path
) -> None:
    path = tmp_path / "#tea.log"
    path.write_text("".join(f"[{date} 12:00:00] <ada> hi\n" for date in dates), encoding="utf-8")
    messages, report = read(path)
    assert at_minute(messages[0]) == datetime(*first, 12)
    assert not any("--date-order" in note for note in report.notes)


def test_logs_of_one_client_lend_each_other_the_order_of_their_dates(tmp_path: Path) -> None:
    for name, date in (("a", "01/05/2024"), ("b", "01/31/2024")):
        text = f"[{date} 12:00] <ada> hi\n[{date} 12:01] <bob> hello\n"
        (tmp_path / f"#{name}.log").write_text(text, encoding="utf-8")
    messages, report = read(tmp_path)
    assert at_minute(messages[0]) == datetime(2024, 1, 5, 12)
    assert not any("--date-order" in note for note in report.notes)


def test_dates_far_below_the_top_of_a_small_log_count_too(tmp_path: Path) -> None:
    rows = ["--- Log opened Fri Jan 05 11:59:00 2024", *(f"=== n{n} has joined" for n in range(90))]
    rows += [f"[01/{day}/2024 12:00] <ada> hi" for day in ("05", "06", "31")]
    path = tmp_path / "#tea.log"
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    messages, _ = read(path)
    texts = [at_minute(m) for m in messages if m.kind is Kind.TEXT]
    assert texts == [datetime(2024, 1, day, 12) for day in (5, 6, 31)]


def test_one_digit_days_beside_others(tmp_path: Path) -> None:
    days = ["2024-10-28", "2024-10-30", "2024-11-2", "2024-11-12"]
    path = tmp_path / "#tea.log"
    path.write_text("".join(f"{day} 12:00:00 <ada> hi\n" for day in days), encoding="utf-8")
    messages, report = read(path)
    assert [at_minute(m).day for m in messages] == [28, 30, 2, 12]
    assert report.kept == 4


def test_events_with_a_colon_make_no_log_a_chat_of_whatsapp(tmp_path: Path) -> None:
    rows = [
        "* Joins: ada (a@example.org)", "<ada> hi", "* Quits: ada (a@example.org) (Quit: bye)",
        "* Parts: bob (b@example.org)", "* Set by ada on Fri: Jan 5",
    ]  # fmt: skip
    path = tmp_path / "#tea.log"
    path.write_text("".join(f"[05.01.2024 12:00:00] {row}\n" for row in rows), encoding="utf-8")
    messages, report = read(path)
    assert report.format == "IRC log"
    assert [(m.sender, m.text) for m in messages if m.kind is Kind.TEXT] == [("ada", "hi")]
    assert report.left_out == {"system": 4}

"""What of the archive a training reads: by date, thread and service, and the newest."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from training_support import arguments, chatter, fill, stop_after, train, typed

import chatmimic
from chatmimic.archive import Archive
from chatmimic.errors import ArchiveError, NoSuchThread, TooLittleData
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message
from chatmimic.training import TrainSettings
from chatmimic.training.data.selection import choose, in_words
from chatmimic.training.data.split import gather

DAY = 86_400_000
T0 = int(datetime(2019, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)


def daily(days: int, *, service="irc", thread="#tea", title="", people=("Ada", "Bob"), first=T0):
    """A message of each a day, at noon UTC."""
    return [
        Message(who, f"{thread} {day} {who}", first + day * DAY + n, service=service,
                thread=thread, thread_title=title or thread)
        for day in range(days)
        for n, who in enumerate(people)
    ]  # fmt: skip


def year(first=2019, years=3):
    """Ada and Bob talk on every day of some years, in three threads of two services."""
    days = (datetime(first + years, 1, 1) - datetime(first, 1, 1)).days
    return [
        *daily(days),
        *daily(days, thread="#garden", people=("Ada", "Cy")),
        *daily(days, service="discord", thread="5", title="The Den", people=("Ada", "Dee")),
    ]


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> Home:
    return fill(tmp_path_factory.mktemp("chosen") / "home", year())


def read(home: Home, persona="Ada", force=False, **options):
    """The messages of the material that the options choose, in order of time."""
    with Archive.open(home.archive, create=False) as archive:
        selection = choose(archive, TrainSettings(persona=persona, **options))
        material = gather(archive, persona, None, 0.1, selection=selection, force=force)
    both = [m for c in (*material.train, *material.held_out) for m in c.messages]
    return material, sorted(both, key=lambda m: (m.sent_at or 0, m.thread))


def days_of(messages) -> list[str]:
    when = [datetime(1970, 1, 1) + timedelta(milliseconds=m.sent_at) for m in messages]
    return [at.date().isoformat() for at in when]


# -- dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({}, "2019-01-01", "2021-12-31"),
        ({"since": "2021Z"}, "2021-01-01", "2021-12-31"),
        ({"until": "2019Z"}, "2019-01-01", "2019-12-31"),
        ({"since": "2019-05Z", "until": "2019-07Z"}, "2019-05-01", "2019-07-31"),
        ({"since": "2020Z", "until": "2020Z"}, "2020-01-01", "2020-12-31"),
        ({"since": "2020-02-10Z", "until": "2020-02-29Z"}, "2020-02-10", "2020-02-29"),
        ({"since": "2020-02-10 12:00Z", "until": "2020-03-01 11:59Z"}, "2020-02-10", "2020-02-29"),
        ({"since": "2020-02-10 12:01Z"}, "2020-02-11", "2021-12-31"),
    ],
    ids=str,
)
def test_dates_bound_what_is_read_and_their_ends_are_in_it(full, options, first, last):
    material, messages = read(full, force=True, **options)
    assert (days_of(messages)[0], days_of(messages)[-1]) == (first, last)
    days = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days + 1
    assert len(messages) == days * 6
    assert sum(material.messages) == days * 3


def test_what_is_held_out_is_the_latest_tenth_of_what_is_chosen(full):
    material, _ = read(full, until="2019Z")
    train, later = ([m for c in part for m in c.messages] for part in
                     (material.train, material.held_out))  # fmt: skip
    assert max(m.sent_at for m in train) <= min(m.sent_at for m in later)
    assert max(days_of(later)) == "2019-12-31"
    own = sum(m.sender == "Ada" for m in later)
    assert 0.1 <= own / (365 * 3) <= 0.2


def test_without_an_offset_dates_are_the_users_own(full, monkeypatch):
    import time

    if not hasattr(time, "tzset"):
        pytest.skip("the zone is the system's")
    monkeypatch.setenv("TZ", "Pacific/Auckland")  # where noon UTC is past midnight
    time.tzset()
    try:
        _, messages = read(full, since="2020-06-02", until="2020-07-01")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (days_of(messages)[0], days_of(messages)[-1]) == ("2020-06-01", "2020-06-30")


def test_a_message_without_a_time_goes_with_the_one_before_it(home):
    messages = daily(200)
    for at in (100, 101, 250):
        messages[at].sent_at = None
    messages[0].sent_at = messages[1].sent_at = None  # nobody knows when
    made = fill(home, messages)
    border = days_of(messages[200:201])[0]
    halves = (read(made, until=f"{border} 11:59Z")[1], read(made, since=f"{border}Z")[1])
    for half, there in zip(halves, (messages[2:200], messages[200:]), strict=True):
        own = {m.text for m in half if m.sender == "Ada"}
        assert own == {m.text for m in there if m.sender == "Ada"}


# -- threads and services --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "threads"),
    [
        ({"thread": ("#tea",)}, ["#tea"]),
        ({"thread": ("tea", "the den")}, ["#tea", "5"]),
        ({"thread": "Garden"}, ["#garden"]),
        ({"exclude_thread": ("#tea",)}, ["#garden", "5"]),
        ({"exclude_thread": ("#tea", "The Den")}, ["#garden"]),
        ({"service": ("irc",)}, ["#garden", "#tea"]),
        ({"service": ("IRC", "Discord")}, ["#garden", "#tea", "5"]),
        ({"service": "irc", "exclude_thread": ("#tea",)}, ["#garden"]),
        ({"service": "irc", "thread": ("#tea", "The Den")}, ["#tea"]),
    ],
    ids=str,
)
def test_threads_and_services_are_chosen_or_left_out(full, options, threads):
    material, messages = read(full, **options)
    assert {m.thread for m in messages} == set(threads)
    others = {"#tea": "Bob", "#garden": "Cy", "5": "Dee"}
    assert set(material.cast.people) == {"Ada", *(others[thread] for thread in threads)}


def test_what_is_not_there_is_told_with_what_is(full):
    with pytest.raises(NoSuchThread, match='"#te".*Did you mean'):
        read(full, thread=("#te",))
    with pytest.raises(ArchiveError) as told:
        read(full, service=("discrod",))
    assert str(told.value) == (
        'Nothing in the archive is from "discrod". Did you mean "discord"? There are: discord, irc.'
    )


def test_the_gap_is_that_of_what_is_read(home):
    """Twelve at a time and then a silence, a minute or a day apart in the two years."""
    busy = [Message("Ada", f"b{n}", T0 + n * 60_000 + n // 12 * 7_200_000, service="irc",
                    thread="#t") for n in range(400)]  # fmt: skip
    rare = daily(400, thread="#t", people=("Ada",), first=T0 + 400 * DAY)
    made = fill(home, [*busy, *rare])
    assert read(made, until="2019Z")[0].gap != read(made, since="2021Z")[0].gap == "1h"


# -- the newest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [50, 51, 400, 3287, 3288, 10**9])
def test_as_many_of_the_newest_are_read_as_were_asked_for(full, count):
    material, messages = read(full, newest=str(count))
    total = 3 * 1096
    assert sum(material.messages) == min(count, total)
    left_out = {m.text for m in read(full, newest="all")[1]} - {m.text for m in messages}
    assert len(left_out) == 2 * total - len(messages)
    oldest = min(m.sent_at for m in messages)
    assert all(m.sent_at <= oldest + 1 for m in year() if m.text in left_out)
    told = material.selection
    assert told == ({} if count >= total else {"newest": count, "of_messages": total})


def test_the_newest_of_those_that_are_chosen(full):
    material, messages = read(full, newest="60", until="2019Z", thread=("#tea",))
    assert sum(material.messages) == 60
    assert {m.thread for m in messages} == {"#tea"}
    assert days_of(messages)[0] == "2019-11-02"
    assert in_words(material.selection) == ('in "#tea", until 2019Z, the newest 60 of 365 messages')


def test_of_everybody_the_newest_of_all(full):
    material, messages = read(full, persona="", newest=500)
    assert sum(material.messages) == len(messages) == 500


@trials(max_examples=10)
@given(st.lists(st.sampled_from("ab"), min_size=60, max_size=90), st.integers(5, 60), st.data())
def test_the_newest_are_as_many_though_many_share_a_minute(tmp_path_factory, senders, count, data):
    times = sorted(data.draw(st.integers(0, 5)) for _ in senders)
    said = [
        Message(who, f"{n}", T0 + at * 60_000, service="irc", thread=f"#{n % 2}")
        for n, (who, at) in enumerate(zip(senders, times, strict=True))
    ]
    own = senders.count("a")
    if not own:
        return
    made = fill(tmp_path_factory.mktemp("minutes") / "home", said)
    material, messages = read(made, "a", force=True, newest=str(count))
    assert sum(material.messages) == min(count, own)
    left_out = {m.text for m in said if m.sender == "a"} - {m.text for m in messages}
    oldest = min(m.sent_at for m in messages if m.sender == "a")
    assert all(m.sent_at <= oldest for m in said if m.text in left_out)


# -- too little ------------------------------------------------------------------------------------

RANGE = "Ada has 3,288 messages in the archive, from 2019-01-01 to 2021-12-31. Of these "
ENOUGH = "; training needs at least 50. Select more of them; --force trains on fewer."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"since": "2021-12-20Z"}, f"{RANGE}--since 2021-12-20Z leaves 36{ENOUGH}"),
        ({"until": "2018Z"}, f"{RANGE}--until 2018Z leaves none{ENOUGH}"),
        (
            {"since": "2021-12Z", "thread": ("#tea",)},
            f'{RANGE}--thread "#tea" leaves 1,096, --since 2021-12Z leaves 31{ENOUGH}',
        ),
        (
            {"since": "2020Z", "until": "2020-01-10Z", "service": ("irc",)},
            f'{RANGE}--service "irc" leaves 2,192, --since 2020Z leaves 1,462, '
            f"--until 2020-01-10Z leaves 20{ENOUGH}",
        ),
        (
            {"since": "2023Z", "until": "2024Z", "service": ("irc",)},
            f'{RANGE}--service "irc" leaves 2,192, --since 2023Z leaves none{ENOUGH}',
        ),
        ({"newest": "20"}, f"{RANGE}--newest 20 leaves 20{ENOUGH}"),
        (
            {"thread": ("#tea", "Garden"), "exclude_thread": ("#tea", "#garden")},
            f'{RANGE}--thread "#tea" --thread "Garden" leaves 2,192, '
            f'--exclude-thread "#tea" --exclude-thread "#garden" leaves none{ENOUGH}',
        ),
    ],
    ids=str,
)
def test_too_little_is_counted_option_by_option(full, options, told):
    with pytest.raises(TooLittleData) as error:
        read(full, **options)
    assert str(error.value) == told


def test_force_learns_from_few_but_not_from_nothing(full):
    assert sum(read(full, force=True, since="2021-12-20Z")[0].messages) == 36
    with pytest.raises(TooLittleData) as told:
        read(full, force=True, since="2022Z")
    assert str(told.value) == f"{RANGE}--since 2022Z leaves none. Select more of them."


def test_too_little_of_everybody_is_counted_too(full):
    with pytest.raises(TooLittleData) as told:
        read(full, persona="", until="2019-01-02Z")
    assert "All people together have 6,576 messages" in told.value.what
    assert "--until 2019-01-02Z leaves 12; training needs" in told.value.what


# -- as typed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--since", "soon"], '--since: "soon" is not a date. Write 2019, 2019-05, 2019-05-17'),
        (["--until", "31.12.2019"], '--until: "31.12.2019" is not a date.'),
        (["--since", "2020", "--until", "2019"], "--until 2019 is before --since 2020."),
        (["--newest", "few"], '--newest is "few"; it must be a number of messages, or all.'),
        (["--newest", "0"], '--newest is "0"; it must be a number of messages, or all.'),
        (["--newest", "-3"], '--newest is "-3"; it must be a number of messages, or all.'),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(line, told):
    status, out, err = typed("train", "--persona", "Ada", *line)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: {told}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--thread", "nowhere"], 'No thread in the archive is called "nowhere".'),
        (["--exclude-thread", "nowhere"], 'No thread in the archive is called "nowhere".'),
        (["--since", "2031"], "Ada has 3,288 messages in the archive, from 2019-01-01 to"),
        (["--until", "2018", "--force"], "Ada has 3,288 messages in the archive, from "),
        (["--newest", "49"], "Ada has 3,288 messages in the archive, from "),
        (["--service", "sms"], 'Nothing in the archive is from "sms". There are: '),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_read(full, tiny_base, line, told):
    status, out, err = typed(*arguments(full, tiny_base), *line)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: {told}")
    assert err.count("\n") == 1


def test_dates_that_meet_are_no_mistake():
    TrainSettings(since="2019", until="2019")
    TrainSettings(since="2019-05", until="2019-05-01")
    TrainSettings(since="2019-05-17 14:30", until="2019-05-17 14:30")


def test_a_training_tells_what_was_chosen_and_so_does_the_mimic(home, tiny_base):
    made = fill(home, [*chatter(), *daily(90, thread="#other")])
    line = [*arguments(made, tiny_base), "--exclude-thread", "Other", "--since", "2020Z"]
    status, out, err = typed(*line, "--newest", "100")
    assert status == 0, err
    words = 'not in "#other", since 2020Z, the newest 100 of'
    assert f"Selection: {words}" in " ".join(out.split())
    mimic = Mimic.open("ada", made)
    data = mimic.manifest["data"]
    assert data["messages"] + data["held_out_messages"] == 100
    assert data["chosen"]["since_ms"] == int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert data["chosen"]["excluded_threads"] == [
        {
            "service": "irc",
            "key": "#other",
            "called": data["chosen"]["excluded_threads"][0]["called"],
        }
    ]
    shown = " ".join(typed("mimics", "show", "ada", "--home", made.path)[1].split())
    assert f"Selection {words}" in shown
    told = json.loads(typed("mimics", "show", "ada", "--json", "--home", made.path)[1])
    assert told["manifest"]["settings"]["exclude_thread"] == ["Other"]


@pytest.mark.parametrize("selection", [5, [], {"threads": 5}, {"newest": "x", "of_messages": 3}])
def test_a_mimic_from_elsewhere_may_say_anything(home, tiny_base, selection):
    made = fill(home)
    train(made, tiny_base, steps=1)
    path = made.mimics / "ada" / "mimic.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["data"]["chosen"] = selection
    path.write_text(json.dumps(manifest), "utf-8")
    status, out, err = typed("mimics", "show", "ada", "--home", made.path)
    assert (status, err) == (0, "")
    assert "Selection" not in out


def test_a_resumed_training_keeps_what_was_chosen(home, tiny_base):
    made = fill(home, [*chatter(), *daily(90, thread="#other")])
    options = {"thread": ("#tea",), "newest": "80"}
    train(made, tiny_base, callbacks=stop_after(2), **options)
    again = typed("train", "--resume", "--newest", "60", "--home", made.path)
    assert again[0] == 0
    assert "ignored: --newest" in again[2]
    outcome = Mimic.open("ada", made).manifest
    assert outcome["data"]["chosen"]["newest"] == 80
    assert outcome["data"]["messages"] + outcome["data"]["held_out_messages"] == 80
    assert train(made, tiny_base, name="b", **options).material == outcome["data"]


def test_from_python_one_thread_is_a_list_of_one(home, tiny_base):
    made = fill(home, [*chatter(), *daily(90, thread="#other")])
    outcome = chatmimic.train(
        "Ada", home=made, base=str(tiny_base), thread="#other", window=64, steps=1
    )
    assert [t["key"] for t in outcome.material["chosen"]["threads"]] == ["#other"]
    assert sum(outcome.material[k] for k in ("messages", "held_out_messages")) == 90


def test_a_plan_is_of_what_is_chosen(home, tiny_base):
    made = fill(home, daily(300))
    counts = []
    for line in ([], ["--newest", "100"], ["--since", "2019-08Z"]):
        status, out, err = typed(*arguments(made, tiny_base), *line, "--plan", "--json")
        assert status == 0, err
        counts.append(json.loads(out)["windows"])
    assert counts[0] > 2 * counts[1] > 0
    assert counts[0] > 2 * counts[2] > 0
    status, _, err = typed(*arguments(made, tiny_base), "--plan", "--until", "2018")
    assert (status, err.startswith("Error: Ada has 300 messages in the archive")) == (1, True)


def test_going_on_from_a_mimic_takes_the_choice_too(home, tiny_base):
    made = fill(home, daily(100))
    train(made, tiny_base)
    with Archive.open(made.archive) as archive:
        archive.add(daily(60, first=T0 + 100 * DAY))
        archive.add(daily(60, thread="#new", first=T0 + 100 * DAY))
    from chatmimic.training.inputs import continuing

    settings = TrainSettings(from_mimic="ada", thread=("#tea",), window=64, steps=1)
    assert continuing(settings, made)[0].thread == ("#tea",)
    status, _, err = typed("train", "--from", "ada", "--thread", "#tea", "--steps", "1",
                           "--name", "next", "--home", made.path)  # fmt: skip
    assert status == 0, err
    data = Mimic.open("next", made).manifest["data"]
    assert [t["key"] for t in data["chosen"]["threads"]] == ["#tea"]

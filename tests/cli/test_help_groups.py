"""The help of `train` and `pretrain`: every option under a heading, and its default."""

import re
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from chatmimic.cli import cli
from chatmimic.cli.options import GroupedCommand, GroupedOption, given, settings_options
from chatmimic.settings import SettingsBase, at_least, setting, settings_of
from chatmimic.training import TrainSettings
from chatmimic.training.pretrain_settings import PretrainSettings

COMMANDS = {"train": TrainSettings, "pretrain": PretrainSettings}


def sections(command):
    """The text under each heading of a help, in its order."""
    shown = CliRunner().invoke(cli, [command, "--help"], terminal_width=100).output
    parts = re.split(r"^(\S[^\n]*):\n", shown, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_stands_under_its_heading(command):
    found = sections(command)
    for one in settings_of(COMMANDS[command]):
        pattern = rf"^  {re.escape(one.option)}(?![a-z-])"
        where = [name for name, text in found.items() if re.search(pattern, text, re.MULTILINE)]
        assert where == [one.group], one.name


@pytest.mark.parametrize("command", COMMANDS)
def test_headings_come_in_the_order_of_the_settings_and_the_rest_at_the_end(command):
    groups = list(dict.fromkeys(one.group for one in settings_of(COMMANDS[command])))
    assert list(sections(command)) == [*groups, "Other"]
    rest = re.findall(r"^  (?:-h, )?(--[a-z-]+)", sections(command)["Other"], re.MULTILINE)
    own = ["--plan"] if command == "train" else []
    assert sorted(rest) == ["--help", "--home", "--json", "--name", *own, "--replace", "--resume"]


def test_what_a_pretraining_reads_stands_first():
    first = sections("pretrain")["Data and base model"]
    assert first.split()[0] == "--corpus"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_default_that_is_one_is_shown(command):
    shown = " ".join(" ".join(sections(command).values()).split())
    for one in settings_of(COMMANDS[command]):
        text = " ".join(one.help.split())
        assert text in shown, one.name
        if one.default in (None, "", ()) or one.default is False:
            continue
        told = "on" if one.default is True else one.default
        told = f"{told:g}" if isinstance(told, float) else told
        assert re.search(rf"{re.escape(text)} \[default: {told}[;\]]", shown), one.name


# -- made of settings ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Few(SettingsBase):
    """One option of each kind."""

    command = "few"
    word: str = setting("a", "Some word.", "Words")
    number: float = setting(0.0, "Some number.", "Numbers", flag="count")
    maybe: int | None = setting(None, "A number or none.", "Numbers", bounds=at_least(1))
    colour: str | None = setting(None, "Red or blue.", "Words", choices=("red", "blue"))
    several: tuple[str, ...] = setting((), "Words at will.", "Words")
    flag: bool = setting(False, "Whether.", "Numbers")
    three: bool | None = setting(None, "Whether, or as it suits.", "Numbers")


@pytest.fixture
def few():
    """A command of these settings that shows what it was given."""

    @click.command("few", cls=GroupedCommand)
    @settings_options(Few)
    @click.option("--loose", cls=GroupedOption, group="Words", help="Not a setting.")
    @click.option("--other", help="Under no heading.")
    def command(**options):
        click.echo(sorted(given(options).items()))

    return lambda *line: CliRunner().invoke(command, list(line))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ([], []),
        (["--word", ""], [("word", "")]),
        (["--count", "0"], [("number", 0.0)]),
        (["--maybe", "7"], [("maybe", 7)]),
        (["--several", "a", "--several", "b"], [("several", ("a", "b"))]),
        (["--flag", "--no-three"], [("flag", True), ("three", False)]),
        (["--other", "x"], [("other", "x")]),
    ],
)
def test_only_what_was_given_is_handed_on(few, line, found):
    done = few(*line)
    assert done.exit_code == 0, done.output
    assert done.output.strip() == str(found)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--count", "many"], "'many' is not a valid float"),
        (["--maybe", "1.5"], "'1.5' is not a valid integer"),
        (["--maybe", "0"], "0 is not in the range x>=1"),
        (["--colour", "green"], "'green' is not one of 'red', 'blue'"),
        (["--number", "1"], "No such option"),
    ],
)
def test_a_value_of_another_kind_is_refused(few, line, told):
    done = few(*line)
    assert done.exit_code == 2
    assert told in done.output


def test_a_group_gathers_its_options_wherever_they_stand(few):
    text = few("--help").output
    words = text[text.index("Words:") : text.index("Numbers:")]
    assert re.findall(r"--[a-z]+", words) == ["--word", "--colour", "--several", "--loose"]
    numbers = text[text.index("Numbers:") : text.index("Other:")]
    assert "[default: 0]" in numbers
    assert "A number or none.  [x>=1]" in numbers
    assert "--colour [red|blue]" in words
    assert "--three / --no-three" in numbers
    assert "--no-flag" not in numbers
    assert text.count("[default:") == 2
    assert re.findall(r"--[a-z]+", text[text.index("Other:") :]) == ["--other", "--help"]


def test_a_command_without_groups_looks_like_any_other():
    @click.command("plain", cls=GroupedCommand)
    @click.option("--one")
    def plain(one):
        """Do it."""

    assert "Options:\n  --one TEXT\n" in CliRunner().invoke(plain, ["--help"]).output

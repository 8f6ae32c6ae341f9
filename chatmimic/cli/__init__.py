"""The commands a user types: one module each, loaded when the command is used."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import click

from chatmimic.cli.speaking import let_the_first_speak
from chatmimic.errors import ChatmimicError
from chatmimic.text import visible

# command → (module, the line `--help` shows). The line stands here so that `chatmimic --help`
# loads no command; tests/cli/test_help.py holds it equal to each command's own first sentence.
COMMANDS = {
    "import": ("imports", "Read chat exports into the archive."),
    "imports": ("imported", "List what was imported; remove an import."),
    "people": ("people", "Show who is in the archive; merge names, split them; forget a person."),
    "threads": ("threads", "List the threads of the archive."),
    "search": ("search", "Find messages by their words."),
    "train": ("train", "Train a mimic of one person."),
    "chat": ("chat", "Talk with a mimic."),
    "reply": ("reply", "Print one reply of a mimic, for scripts."),
    "sample": ("sample", "Make up a whole conversation between the people a mimic knows."),
    "pretrain": ("pretrain", "Make a base from public chats, or warm one up on them."),
    "corpora": ("corpora", "List or remove corpora of public talk."),
    "bases": ("bases", "List the bases that can be used here, or remove one made here."),
    "mimics": ("mimics", "List, show, remove or export trained mimics."),
}

INTERRUPTED = 130  # what shells report for Ctrl-C


class Commands(click.Group):
    """A click group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of a user's journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, its module loaded now."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"chatmimic.cli.{COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which ones are near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            ctx.fail(f'No such command "{visible(args[0])}".{hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chatmimic", prog_name="chatmimic")
@click.option(
    "--home",
    metavar="DIR",
    envvar="CHATMIMIC_HOME",
    help="Where the archive and the mimics live. Also CHATMIMIC_HOME.",
)
@click.option("--debug", is_flag=True, help="Show the traceback when something goes wrong.")
@click.pass_context
def cli(ctx: click.Context, home: str | None, debug: bool) -> None:
    """Chat exports in, a model that talks in that person's manner out.

    Everything happens on this machine.

    \b
    Example:
      chatmimic import messenger.zip
      chatmimic train --persona "Ada Lovelace" --base starter
      chatmimic chat
    """
    ctx.ensure_object(dict)
    ctx.obj["home"] = home
    ctx.obj["debug"] = debug


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: exit status 0 done, 1 stopped with a reason, 2 usage, 130 Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    _print_anything()
    sys.exit(_run(arguments, debug))


def _print_anything() -> None:
    """A name that a terminal's encoding does not have is shown as "?", and stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run(arguments: list[str], debug: bool) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="chatmimic", standalone_mode=False)
    except ChatmimicError as error:
        if debug:
            raise
        let_the_first_speak()
        _complain(str(error))
        return error.exit_code
    except click.ClickException as error:
        let_the_first_speak()
        _complain_usage(error)
        return error.exit_code
    except click.Abort as error:
        # At a question nothing was done yet; click makes an Abort of a Ctrl-C in the work too.
        print("" if error.__cause__ else "Nothing was changed.", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # `chatmimic people | head -1`: nobody reads on, which is no fault. Keep the interpreter
        # from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # a fault of ours: still one sentence, and how to see more
        if debug:
            raise
        let_the_first_speak()
        _complain(
            f"chatmimic stumbled over something unforeseen ({type(error).__name__}: {error}). "
            "Run the same command with --debug in front to see where."
        )
        return 1
    return result if isinstance(result, int) else 0


def _complain(sentence: str) -> None:
    print(f"Error: {visible(sentence)}", file=sys.stderr)


def _complain_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        print(error.format_message(), file=sys.stderr)
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        print(error.ctx.get_usage(), file=sys.stderr)
    _complain(error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        print(f"Try `{error.ctx.command_path} --help`.", file=sys.stderr)

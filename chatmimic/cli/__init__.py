"""The command line: a module for each command, imported only when the command is run."""

from __future__ import annotations

import atexit
import contextlib
import errno
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from chatmimic.cli.rank_zero import let_the_first_speak
from chatmimic.cli.standard_streams import ReaderGone, discard, make_usable, noticing_the_reader
from chatmimic.errors import ChatmimicError, is_panic
from chatmimic.text import visible

# command → (module, summary for `--help`). The summaries are repeated here so that `chatmimic
# --help` imports no command; tests/cli/test_help.py compares them with the commands' docstrings.
COMMANDS = {
    "import": ("import_", "Import chat exports into the archive."),
    "imports": ("imports", "List imports, or remove one from the archive."),
    "people": ("people", "List the people in the archive; merge, split or forget them."),
    "threads": ("threads", "List the threads in the archive."),
    "search": ("search", "Search the messages in the archive."),
    "stats": ("stats", "Show statistics of the archive, or a person's habits."),
    "export": ("export", "Export conversations as training data for other programs."),
    "train": ("train", "Train a mimic of one person."),
    "chat": ("chat", "Chat with a mimic."),
    "reply": ("reply", "Print one reply from a mimic, for scripts."),
    "evaluate": ("evaluate", "Judge how well a mimic imitates its person."),
    "compare": (
        "compare",
        "Compare mimics: their settings and the figures of `chatmimic evaluate`, side by side.",
    ),
    "turing": ("turing", "Let people tell a mimic's replies from the real ones."),
    "sample": ("sample", "Generate a conversation between the people a mimic knows."),
    "continue": ("continue_", "Go on with a piece of a chat, as a mimic would."),
    "score": ("score", "Compute the dialogue metrics that papers report, for replies or a mimic."),
    "serve": ("serve", "Serve mimics to a browser, and to chat programs through OpenAI's API."),
    "pretrain": ("pretrain", "Pretrain a base on public chats, or warm up an existing one."),
    "corpora": (
        "corpora",
        "List or remove corpora of public chats, or forget a person in one.",
    ),
    "bases": ("bases", "List the bases on this machine, or remove one made here."),
    "mimics": ("mimics", "List, show, remove or export trained mimics."),
    "runs": ("runs", "List, show or remove trainings and pretrainings."),
    "doctor": ("doctor", "Check the archive, mimics, runs, disk and packages, and mend them."),
}

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP)
INTERRUPTED = 130  # what shells report for Ctrl-C


class Commands(click.Group):
    """A click group that imports a command's module only when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"chatmimic.cli.commands.{COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse the arguments, which prints `--help`. Raises ReaderGone."""
        with noticing_the_reader():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises ReaderGone."""
        with noticing_the_reader():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest a similar one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            ctx.fail(f'No such command "{visible(args[0])}".{hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from `COMMANDS`, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chatmimic", prog_name="chatmimic")
@click.option(
    "--home",
    metavar="DIR",
    envvar="CHATMIMIC_HOME",
    help="Folder of the archive and the mimics (also set by CHATMIMIC_HOME).",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, home: str | None, debug: bool) -> None:
    """Train language models that chat like the people in your chat exports.

    Everything runs on this machine.

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
    """Run the command line and exit: status 0 for success, 1 error, 2 wrong usage, 130 Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    make_usable()
    status = _run(arguments, debug)
    # Libraries take seconds to clean up; a (second) Ctrl-C meanwhile would change the status.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def _run(arguments: list[str], debug: bool) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="chatmimic", standalone_mode=False)
        with noticing_the_reader():
            sys.stdout.flush()  # here, where it can be said that the disk is full
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
        # Nothing has been done when a question is asked; click also turns a Ctrl-C at work into
        # an Abort.
        print("" if error.__cause__ else "Nothing was changed.", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except ReaderGone:  # no error
        discard(1)
        return 0
    except OSError as error:
        if debug or not (sentence := _about_the_disk(error)):
            return _unexpected(error, debug)
        if not error.filename:
            discard(1)
        _complain(sentence)
        return 1
    except Exception as error:  # a bug: one sentence all the same, and how to see more
        return _unexpected(error, debug)
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if debug or not is_panic(error):
            raise
        _complain(
            f"Native code of a library gave up ({error}). If that is the pattern of a tokenizer, "
            "choose another base or mimic."
        )
        return 1
    return result if isinstance(result, int) else 0


def _about_the_disk(error: OSError) -> str:
    """What a full disk or a folder of somebody else means for the user; "" for other errors."""
    what = f"{error.filename}" if error.filename else "the output"
    if error.errno in _FULL:
        return f"Cannot write {what}: {error.strerror}. Free some space there."
    if error.errno in _NOT_OURS and error.filename:
        return (
            f"Cannot use {what}: {error.strerror}. Make it readable and writable for you, or "
            "choose another place (--home is that of the archive and the mimics)."
        )
    return ""


def _unexpected(error: Exception, debug: bool) -> int:
    if debug:
        raise error
    let_the_first_speak()
    _complain(
        f"Unexpected error, a bug in chatmimic ({type(error).__name__}: {error}). "
        "Run the command again as `chatmimic --debug …` for the traceback."
    )
    return 1


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads it, or the disk of a log is full
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

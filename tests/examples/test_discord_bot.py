"""The Discord bot, against an imitation of Discord."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discord_imitation import Discord, imitation, user
from talking_support import write_tiny_mimic

BOT = Path(__file__).parents[2] / "examples" / "discord_bot.py"
# The bot as it is, but for where Discord is, and without its waits.
HERE = """
import runpy, sys, discord, yarl, chatmimic.rhythm
from discord.gateway import DiscordWebSocket
discord.http.Route.BASE = "http://127.0.0.1:{port}/api"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL("ws://127.0.0.1:{port}/gateway")
chatmimic.rhythm.quickened = lambda wait: wait / 1e9
sys.argv = ["discord_bot.py", "ada"]
runpy.run_path({bot!r}, run_name="__main__")
"""
EVE, ROBOT = user(7, "Eve"), user(8, "other", bot=True)


@contextmanager
def running(discord: Discord, home: Path, token: str = "a-token") -> Iterator[subprocess.Popen]:
    code = HERE.format(port=discord.port, bot=str(BOT))
    place = {"CHATMIMIC_HOME": str(home), "DISCORD_TOKEN": token}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def marks(discord: Discord) -> int:
    return sum("Nobody said this" in one["content"] for one in discord.sent)


def test_it_answers_where_it_is_mentioned_and_nowhere_else(tiny_base, tmp_path):
    write_tiny_mimic(tmp_path / "mimics" / "ada", tiny_base, "tokens")
    with imitation() as discord, running(discord, tmp_path) as process:
        until(lambda: discord.ready.is_set() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        assert process.stdout is not None
        assert "answers as Ada Lovelace" in process.stdout.readline()

        discord.say(EVE, "hello everybody", mention_everyone=True)
        discord.mention(ROBOT, "hello bot")
        discord.mention(EVE, "hello @everyone <@7>")
        until(lambda: marks(discord) == 1)
        discord.mention(EVE, "")
        until(lambda: marks(discord) == 2)

        assert discord.typed >= 2
        assert discord.sent[-1]["content"].endswith("Nobody said this.")
        for one in discord.sent:
            assert one["allowed_mentions"] == {"parse": []}
            assert len(one["content"]) <= 2000
        # Messages of servers, and no privileged intent: no words of others, no members.
        assert discord.identified["intents"] == (1 << 0) | (1 << 9)
        assert "not the person" in str(discord.identified["presence"])


def test_a_wrong_token_is_said(tiny_base, tmp_path):
    write_tiny_mimic(tmp_path / "mimics" / "ada", tiny_base, "tokens")
    with imitation() as discord, running(discord, tmp_path, "wrong") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.strip().splitlines()[-1].startswith("Discord does not accept the token")


def test_no_token_is_said():
    environment = {k: v for k, v in os.environ.items() if k != "DISCORD_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(BOT)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "DISCORD_TOKEN" in done.stderr

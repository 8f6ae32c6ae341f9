"""Many clients at once: nobody gets what is another's, nobody waits for all of another's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import openai
import pytest
from serving_support import HELLO, serving

from chatmimic.server.limits import Limits


def ask(client, number, **more):
    text = f"hello {number} " + "tea " * (number % 5)
    messages = [{"role": "user", "content": text}]
    model = ("ada", "cyd")[number % 2]
    asked = {"model": model, "messages": messages, "seed": number, "max_tokens": 5 + number % 9}
    return client.chat.completions.create(**asked, **more)


def test_sixteen_clients_get_what_each_would_get_alone(client, served):
    alone = [ask(client, number).choices[0].message.content for number in range(32)]
    assert len(set(alone)) > 16

    def streamed(number):
        with served.openai() as own, ask(own, number, stream=True) as stream:
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(streamed, range(32))) == alone


def test_one_text_does_not_wait_for_sixteen_of_somebody_else(mimics):
    limits = replace(Limits(), at_once=2)
    with serving(mimics, limits=limits) as found, ThreadPoolExecutor(2) as pool:
        ended = []

        def run(count):
            with found.openai() as client:
                client.chat.completions.create(
                    model="ada",
                    messages=HELLO,
                    n=count,
                    max_tokens=12,
                    seed=1,
                    extra_body={"min_tokens": 12},
                )
            ended.append(count)

        first = pool.submit(run, 16)
        while not found.service.scheduler.running:
            pass
        pool.submit(run, 1).result()
        first.result()
        assert ended == [1, 16]


def test_a_full_line_is_said(mimics):
    limits = replace(Limits(), waiting=3)
    with serving(mimics, limits=limits) as found, found.openai() as client:
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="ada", messages=HELLO, n=4)
        assert caught.value.code == "too_many_requests"
        assert caught.value.response.headers["retry-after"] == "1"
        client.chat.completions.create(model="ada", messages=HELLO, n=3, max_tokens=2)


def test_a_request_that_takes_too_long_is_ended(mimics):
    limits = replace(Limits(), request_seconds=0.0)
    asked = {"model": "ada", "messages": HELLO, "max_tokens": 60}
    with serving(mimics, limits=limits) as found, found.openai() as client:
        with pytest.raises(openai.APIError) as caught:
            list(client.chat.completions.create(**asked, stream=True))
        assert caught.value.code == "timeout"


def test_a_mimic_that_fails_fails_its_own_requests_only(mimics, monkeypatch):
    from chatmimic.generation.batch import BatchGenerator

    advance = BatchGenerator._advance

    def failing(self, row, logits):
        if self.persona == "Cyd":
            raise RuntimeError("secret words")
        advance(self, row, logits)

    monkeypatch.setattr(BatchGenerator, "_advance", failing)
    with serving(mimics) as found:
        asked = {"messages": HELLO, "max_tokens": 3}
        status, said = found.request(
            "POST", "/v1/chat/completions", json.dumps({**asked, "model": "cyd"}).encode()
        )
        assert status == 500
        assert "secret" not in said["error"]["message"]
        with found.openai() as client:
            client.chat.completions.create(model="ada", **asked)

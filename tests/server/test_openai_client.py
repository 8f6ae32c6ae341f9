"""OpenAI's own client, pointed at the server."""

from __future__ import annotations

import openai
import pytest
from serving_support import HELLO, serving

from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.continuing import usual_start
from chatmimic.generation.decoding import decoding_of
from chatmimic.generation.generator import as_message
from chatmimic.mimic import Mimic

MODELS = ["ada", "cyd"]


def said_in_a_chat(mimics, name, history, speaker, **settings):
    """What the mimic says in a chat, with the same settings."""
    mimic = Mimic.open(name, mimics)
    at = usual_start(mimic)
    messages = [as_message(sender, text, at) for sender, text in history]
    generator = BatchGenerator(mimic.load())
    return "".join(generator.stream(messages, speaker, decoding_of(mimic, **settings)))


def test_models_are_mimics(client):
    listed = {model.id: model for model in client.models.list()}
    assert sorted(listed) == MODELS
    assert listed["ada"].persona == "Ada Lovelace"
    assert listed["cyd"].people == ["Cyd", "Bob", "Dee Dee"]
    assert client.models.retrieve("ada/Bob").persona == "Bob"


@pytest.mark.parametrize("name", MODELS)
def test_a_reply_is_that_of_a_chat(client, mimics, name):
    settings = {"seed": 5, "temperature": 1.2, "top_p": 0.9, "presence_penalty": 0.5}
    reply = client.chat.completions.create(model=name, messages=HELLO, max_tokens=20, **settings)
    who, you = Mimic.open(name, mimics).people[:2]
    expected = said_in_a_chat(mimics, name, [(you, "hello there")], who, max_tokens=20, **settings)
    assert reply.choices[0].message.content == expected
    assert reply.model == name
    usage = reply.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


@pytest.mark.parametrize("name", MODELS)
def test_a_streamed_reply_is_the_whole_one(client, name):
    asked = {"model": name, "messages": HELLO, "seed": 9, "n": 3, "max_tokens": 12}
    whole = client.chat.completions.create(**asked)
    texts, ends, usage = ["", "", ""], {}, None
    options = {"include_usage": True}
    with client.chat.completions.create(**asked, stream=True, stream_options=options) as stream:
        for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                if choice.finish_reason:
                    ends[choice.index] = choice.finish_reason
    assert texts == [choice.message.content for choice in whole.choices]
    assert ends == {choice.index: choice.finish_reason for choice in whole.choices}
    assert usage == whole.usage


def test_each_choice_has_the_next_seed(client):
    asked = {"model": "ada", "messages": HELLO, "max_tokens": 8}
    several = client.chat.completions.create(**asked, seed=2**32 - 1, n=2)
    alone = client.chat.completions.create(**asked, seed=0)
    assert several.choices[1].message.content == alone.choices[0].message.content


def test_a_reply_ends_before_a_stop(client):
    asked = {"model": "ada", "messages": HELLO, "seed": 1, "max_tokens": 30, "min_tokens": 20}
    extra = {"min_tokens": asked.pop("min_tokens")}
    whole = client.chat.completions.create(**asked, extra_body=extra).choices[0]
    stop = whole.message.content[4:6]
    cut = client.chat.completions.create(**asked, extra_body=extra, stop=[stop]).choices[0]
    assert cut.message.content == whole.message.content[: whole.message.content.index(stop)]
    assert cut.finish_reason == "stop"


def test_a_reply_as_long_as_it_may_be_is_cut(client):
    asked = {"model": "ada", "messages": HELLO, "seed": 1, "max_tokens": 3}
    reply = client.chat.completions.create(**asked, extra_body={"min_tokens": 3})
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 3


def test_probabilities_are_those_of_the_model(client):
    asked = {"model": "cyd", "messages": HELLO, "seed": 3, "max_tokens": 6, "temperature": 0}
    reply = client.chat.completions.create(**asked, logprobs=True, top_logprobs=4)
    tokens = reply.choices[0].logprobs.content
    assert len(tokens) == reply.usage.completion_tokens
    for token in tokens:
        logs = [one.logprob for one in token.top_logprobs]
        assert len(logs) == 4
        assert logs == sorted(logs, reverse=True)
        assert token.logprob <= logs[0] <= 0


NAMED = [
    {"role": "system", "content": "You are Bob, talking to Dee Dee."},
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "tea?"},
    {"role": "user", "name": "Cyd", "content": "ok"},
]
SAID = [("Dee Dee", "hello"), ("Bob", "tea?"), ("Cyd", "ok")]


def test_names_and_the_system_message_say_who_speaks(client, mimics):
    asked = {"seed": 4, "max_tokens": 12}
    reply = client.chat.completions.create(model="cyd", messages=NAMED, **asked)
    expected = said_in_a_chat(mimics, "cyd", SAID, "Bob", **asked)
    assert reply.choices[0].message.content == expected


def test_a_fact_changes_the_reply_and_is_read(client):
    asked = {"model": "ada", "seed": 6, "max_tokens": 12}
    plain = client.chat.completions.create(messages=HELLO, **asked)
    fact = {"role": "system", "content": "I have two cats and a garden."}
    told = client.chat.completions.create(messages=[fact, *HELLO], **asked)
    assert told.usage.prompt_tokens > plain.usage.prompt_tokens + 8


def test_a_text_goes_on(client):
    asked = {"model": "cyd", "seed": 4, "max_tokens": 12, "n": 2}
    prompts = ["Bob: hello\nCyd:", "Cyd: tea\nBob:"]
    done = client.completions.create(prompt=prompts, logprobs=2, **asked)
    assert [choice.index for choice in done.choices] == [0, 1, 2, 3]
    alone = client.completions.create(prompt=prompts[0], **asked)
    assert [one.text for one in alone.choices] == [one.text for one in done.choices[:2]]
    probabilities = done.choices[0].logprobs
    assert len(probabilities.tokens) == len(probabilities.text_offset) == 12
    streamed = ["", "", "", ""]
    with client.completions.create(prompt=prompts, stream=True, **asked) as stream:
        for chunk in stream:
            streamed[chunk.choices[0].index] += chunk.choices[0].text
    assert streamed == [one.text for one in done.choices]


WRONG = [
    ({"temperature": 9}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"top_p": "high"}, "top_p"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"n": 17}, "n"),
    ({"n": 0}, "n"),
    ({"stop": [""]}, "stop"),
    ({"stop": ["a"] * 5}, "stop"),
    ({"seed": 1.5}, "seed"),
    ({"stream": 1}, "stream"),
    ({"top_logprobs": 3}, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"tools": [{"type": "function"}]}, "tools"),
    ({"logit_bias": {"5": 1}}, "logit_bias"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"messages": []}, "messages"),
    ({"messages": ["hi"]}, "messages[0]"),
    ({"messages": [{"role": "tool", "content": "hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0]"),
    ({"messages": [{"role": "user", "content": "a", "name": 5}]}, "messages[0].name"),
    ({"messages": [{"role": "system", "content": "a\n" * 33}]}, "messages"),
    ({"model": ""}, "model"),
]


@pytest.mark.parametrize(("fields", "param"), WRONG)
def test_a_value_that_cannot_be_used_is_named(client, fields, param):
    asked = {"model": "ada", "messages": HELLO}
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(**asked, extra_body=fields)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert caught.value.body["message"]


@pytest.mark.parametrize("name", ["nobody", "ada/Nobody", "../ada", "/etc", "ada/../cyd"])
def test_only_what_is_served_is_a_model(client, mimics, name):
    for wanted in (name, str(mimics.mimics / "ada")):
        with pytest.raises(openai.NotFoundError) as caught:
            client.chat.completions.create(model=wanted, messages=HELLO)
        assert caught.value.code == "model_not_found"


def test_only_the_mimics_that_were_named_are_served(mimics):
    with serving(mimics, only=["cyd"]) as found, found.openai() as client:
        assert [model.id for model in client.models.list()] == ["cyd"]
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="ada", messages=HELLO)


def test_a_key_is_asked_for(mimics):
    with serving(mimics, key="long-enough-to-be-one") as found:
        for key in ("wrong", "long-enough-to-be-on", "lång-enough-to-be-one"):
            with (
                pytest.raises((openai.AuthenticationError, UnicodeEncodeError)),
                found.openai(api_key=key) as client,
            ):
                client.models.list()
        with found.openai(api_key="long-enough-to-be-one") as client:
            assert len(client.models.list().data) == 2
        status, said = found.request("GET", "/metrics")
        assert (status, said["error"]["code"]) == (401, "invalid_api_key")
        assert found.request("GET", "/health") == (200, {"status": "ok"})

"""`chatmimic train --plan`: estimates of memory and time, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatmimic import bases
from chatmimic.archive import Archive
from chatmimic.bases import hub
from chatmimic.bases.folder import read_json
from chatmimic.bases.loading import explained, quiet
from chatmimic.conversations import parse_gap
from chatmimic.machine import free_threads, threads_kept, use_threads
from chatmimic.records import Conversation
from chatmimic.training.data.dataset import in_order, trained_on
from chatmimic.training.data.selection import choose
from chatmimic.training.data.split import Material, gather
from chatmimic.training.inputs import Request
from chatmimic.training.plan import batches, make_plan, passes_of
from chatmimic.training.planning.duration import evaluations_cost
from chatmimic.training.planning.memory_available import find_room
from chatmimic.training.planning.newest_that_fit import may_be_shortened, newest_that_fit
from chatmimic.training.planning.probe import shape_of
from chatmimic.training.planning.ways import Fit, plan_fit
from chatmimic.training.settings import TrainSettings
from chatmimic.windows import excerpts

# Bases that everybody knows are planned without a download: layers, width and heads of GPT-2's, and
# what a configuration of Llama's says of SmolLM2.
_GPT2 = {
    "gpt2": (12, 768, 12),
    "gpt2-medium": (24, 1024, 16),
    "gpt2-large": (36, 1280, 20),
    "gpt2-xl": (48, 1600, 25),
}
_SMOLLM2 = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}
CHARACTERS = 3.6  # a token, in chats; a message has some more for who speaks
HEADER = 5  # tokens: 3 in the tokens form, some more with names
SAMPLED = 20_000  # of the persona's newest messages, from which the others' length is estimated


def plan_training(archive: Archive, request: Request, requested: Mapping[str, Any]) -> Fit:
    """The configurations for training on this machine, and the best one.

    `requested` are the settings that were given, which are kept. The number of windows is estimated
    from the text. Raises ArchiveError, BaseError and TooLittleData.
    """
    (fit,) = plan_bases(archive, request, requested, (request.settings.base,))
    return fit


def plan_bases(
    archive: Archive, request: Request, requested: Mapping[str, Any], names: Sequence[str]
) -> list[Fit]:
    """The same for each of these bases instead of that of the settings."""
    settings = request.settings
    gap_ms = parse_gap(settings.gap) if settings.gap else None
    with quiet(), threads_kept():
        use_threads(settings.threads or free_threads())
        wanted = choose(archive, settings)
        most = SAMPLED if wanted.newest is None else min(SAMPLED, wanted.newest)
        # How conversations are told apart changes their number of tokens by a little only.
        material = gather(
            archive,
            settings.persona,
            gap_ms,
            settings.held_out,
            selection=replace(wanted, newest=most),
            force=settings.force,
            disentangle=False,
            brief=True,
        )
        messages = material.selection.get("of_messages", sum(material.messages))
        messages = messages if wanted.newest is None else min(messages, wanted.newest)
        return [_plan(base_config(name), material, messages, settings, requested) for name in names]


def _plan(
    config: Any,
    material: Material,
    messages: int,
    settings: TrainSettings,
    requested: Mapping[str, Any],
) -> Fit:
    """The configurations for training a base with this config on so many messages like these."""
    window = min(settings.window, getattr(config, "max_position_embeddings", settings.window))
    share = messages / max(1, sum(material.messages))
    windows = max(1, round(share * tokens_of(material, settings) / window))
    held_out = max(1, round(tokens_of(material, settings, material.tested) / window))
    parameters = shape_of(config).parameters
    batch, accumulate = batches(settings, parameters, windows)
    room = find_room()
    fit = plan_fit(
        config,
        window=window,
        batch=batch,
        accumulate=accumulate,
        windows=windows,
        room=room,
        requested=requested,
    )
    passes = _passes(settings, fit.shape.parameters, batch * accumulate / windows)
    plan = make_plan(
        settings,
        parameters=parameters,
        windows=windows,
        on_cpu=room.device == "cpu",
        step_seconds=fit.picked.need.seconds if fit.picked else 0.0,
    )
    fit = replace(
        fit,
        passes=passes,
        evaluations=evaluations_cost(plan, held_out),
        messages=messages,
        newest=messages,
    )
    if fit.seconds and may_be_shortened(settings, room.device):
        return replace(fit, newest=newest_that_fit(messages, fit.seconds))
    return fit


def _passes(settings: TrainSettings, parameters: int, of_a_step: float) -> float | None:
    """The number of passes over the data, if a step reads that share of it."""
    if settings.minutes is not None:
        return None
    if settings.steps is not None:
        return settings.steps * of_a_step
    return passes_of(settings, parameters)


def base_config(name: str) -> Any:
    """The config of a base that is well known, on this machine, or has to be downloaded first."""
    from transformers import AutoConfig, GPT2Config, LlamaConfig

    if name == bases.SMOLLM2:
        return LlamaConfig(**_SMOLLM2)
    here = bases.local_base(name) or hub.cached(name, with_tokenizer=False)
    if here is None and (known := _GPT2.get(name.rpartition("/")[2])):
        layers, width, heads = known
        return GPT2Config(n_layer=layers, n_embd=width, n_head=heads)
    folder = bases.weights_folder(here or bases.find_base(name))
    read_json(folder / "config.json")  # whose errors are sentences
    with explained(folder, "opened"):
        return AutoConfig.from_pretrained(folder, local_files_only=True)


def tokens_of(
    material: Material, settings: TrainSettings, part: Sequence[Conversation] | None = None
) -> int:
    """About how many tokens one pass reads; of another part than the training data, if given."""
    part = material.train if part is None else part
    near = None if settings.others_weight == 1 else trained_on(material, settings)
    found = (
        excerpt
        for conversation in in_order(part, reverse=settings.reverse)
        for excerpt in excerpts(conversation, near, settings.context)
    )
    return round(sum(len(m.text) / CHARACTERS + HEADER for e in found for m in e.messages))

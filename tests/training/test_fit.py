"""The fit planner: what two blocks tell of all, what a way needs, and which one is picked."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from rich.console import Console
from transformers import GPT2Config, GPTNeoXConfig, LlamaConfig

from chatmimic.bases.loading import empty_model
from chatmimic.cli.display.plan import show_fit, to_json
from chatmimic.training.objective.loss import LossModule
from chatmimic.training.optim.trainable import blocks_of, choose_learning
from chatmimic.training.planning import memory_available, ways
from chatmimic.training.planning.estimate import Need, Way, need_of
from chatmimic.training.planning.memory_available import Room, find_room
from chatmimic.training.planning.probe import (
    Shape,
    Trial,
    Watch,
    made_up_windows,
    shape_of,
    try_out,
)
from chatmimic.training.planning.ways import Fit, Row, plan_fit

GB = 10**9
SMALL = {"vocab_size": 400, "bos_token_id": 0, "eos_token_id": 0}
GPT2 = GPT2Config(**SMALL, n_layer=6, n_embd=32, n_head=2, n_positions=128)
NEOX = GPTNeoXConfig(
    **SMALL, num_hidden_layers=5, hidden_size=32, num_attention_heads=2, intermediate_size=64
)
LLAMA = LlamaConfig(
    **SMALL,
    num_hidden_layers=4,
    hidden_size=32,
    num_attention_heads=2,
    intermediate_size=64,
    tie_word_embeddings=False,
)
ANY = pytest.mark.parametrize("config", [GPT2, NEOX, LLAMA], ids=lambda c: c.model_type)
# gpt2-medium in round numbers: 24 blocks of 12.6 M, a tied table of 51.5 M; 512 tokens a window.
MEDIUM = Shape(24, 354_823_168, 12_582_912, 50_257, 51_463_168, tied=True)
TRIAL = Trial(
    tokens=512,
    forward=0.16,
    backward=0.29,
    around=1.1,
    kept=60_000_000,
    read=2_097_152,
    shared=8_192,
    trainable=12_596_224,
    others=52_513_792,
    update=2e-9,
)
MACHINE = Room("cpu", free=8 * GB, total=16 * GB, held=GB // 3)
PINNED = {"lora_rank": 1, "precision": "fp32"}  # `auto` depends on the processor
TWICE = Way(gradient_checkpointing=True, batch=1, accumulate=1)


# -- trying out two blocks -----------------------------------------------------------------------


@ANY
def test_the_shape_of_a_base_is_counted_without_its_weights(config: Any):
    model = empty_model(config)
    shape = shape_of(config)
    assert shape.parameters == sum(p.numel() for p in model.parameters())
    assert shape.blocks == len(blocks_of(model)) == config.num_hidden_layers
    assert (shape.entries, shape.table) == (400, 400 * 32)
    assert shape.tied is (config.model_type == "gpt2")


@ANY
@pytest.mark.parametrize("train", ["all", "transformer", "lora"])
def test_two_blocks_tell_what_is_learnt_of_all(config: Any, train: str):
    model = empty_model(config)
    learning = choose_learning(model, train, rank=16)
    trial = try_out(config, window=32, batch=1, precision="fp32", train=train)
    assert trial.others + config.num_hidden_layers * trial.trainable == learning.parameters


@ANY
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_two_blocks_tell_what_all_keep_for_the_way_back(config: Any, precision: str):
    model = empty_model(config).eval()  # without dropout
    watch = Watch(model, "cpu")
    with watch.forward(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        LossModule(model)(**made_up_windows(2, 64, 400, 0.5))
    trial = try_out(config, window=64, batch=2, precision=precision)
    assert trial.shared + config.num_hidden_layers * trial.kept == watch.kept["out"]
    assert trial.read == 2 * 64 * 32 * 4


def test_what_a_trial_measures_is_time_and_all_of_it():
    trial = try_out(GPT2, window=64, batch=2, precision="fp32")
    assert trial.tokens == 128
    assert min(trial.forward, trial.backward, trial.around, trial.update) > 0


def test_a_trial_leaves_the_chance_of_others_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    try_out(GPT2, window=32, batch=1, precision="fp32")
    assert torch.equal(before, torch.get_rng_state())


def test_where_only_the_last_blocks_learn_the_others_keep_nothing():
    every, last = (
        try_out(GPT2, window=64, batch=1, precision="fp32", train=train)
        for train in ("all", "last-3")
    )
    assert last.shared < every.kept
    assert (last.trainable, last.others) == (every.trainable, 64)  # the final norm


# -- what a way needs ----------------------------------------------------------------------------


def needed(**change: Any) -> Need:
    way = replace(TWICE, **{k: v for k, v in change.items() if k in Way.__dataclass_fields__})
    trial = replace(TRIAL, **{k: v for k, v in change.items() if k in Trial.__dataclass_fields__})
    return need_of(MEDIUM, trial, way, change.get("window", 512), MACHINE)


def test_weights_moments_and_time_are_plain_sums():
    need = needed(accumulate=8)
    assert need.weights == 4 * MEDIUM.parameters
    assert need.moments == 8 * MEDIUM.parameters
    passes = 8 * (24 * (2 * 0.16 + 0.29) + 1.1)
    assert need.seconds == pytest.approx(passes + 2e-9 * MEDIUM.parameters)
    assert need.total == sum(
        (need.weights, need.gradients, need.moments, need.activations, need.logits, need.rest)
    )


def test_small_activations_of_a_large_base_leave_holes():
    # A base of SmolLM2's shape with LoRA, whose steps take 1.65 to 1.8 GB, 0.4 of them before.
    shape = Shape(30, 134_515_008, 3_538_944, 49_152, 28_311_552, tied=True)
    trial = replace(TRIAL, kept=13_000_000, read=589_824, trainable=162_816, others=0)
    way = Way(gradient_checkpointing=False, batch=1, accumulate=8, precision="bf16", train="lora")
    room = replace(MACHINE, held=400_000_000)
    total = need_of(shape, trial, way, 512, room).total
    assert 1_650_000_000 < total < 1_950_000_000
    wide = need_of(shape, replace(trial, read=2_097_152), way, 512, room).total
    assert total - wide == pytest.approx(0.75 * 30 * 13_000_000)
    few = need_of(replace(shape, parameters=40_000_000), trial, way, 512, room)
    assert few.rest < need_of(shape, trial, way, 512, room).rest  # nothing is given back of these


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({}, {"gradient_checkpointing": False}),
        ({"step_in_backward": True}, {}),
        ({}, {"accumulate": 8}),
        ({}, {"batch": 8}),
        ({}, {"window": 4096}),
        ({"optimizer": "adamw8bit"}, {}),
        ({"train": "last-2", "others": 2048}, {}),
        ({"train": "lora", "trainable": 100_000, "others": 0}, {}),
    ],
    ids=str,
)
def test_what_saves_memory(less: dict[str, Any], more: dict[str, Any]):
    assert needed(**less).total < needed(**more).total


def test_steps_in_the_backward_pass_save_nearly_all_gradients():
    whole, within = needed(), needed(step_in_backward=True)
    table = 4 * MEDIUM.table
    assert whole.gradients - within.gradients == 4 * MEDIUM.parameters - table
    assert within.seconds == whole.seconds


def test_activations_computed_twice_cost_time_and_save_what_blocks_keep():
    once, twice = needed(gradient_checkpointing=False, batch=4), needed(batch=4)
    assert once.activations >= 4 * 24 * TRIAL.kept
    assert twice.activations < once.activations / 10
    assert twice.seconds > 1.2 * once.seconds


def test_a_gpu_has_no_libraries_in_it_but_some_slack():
    gpu = Room("cuda", free=12 * GB, total=12 * GB)
    need = need_of(MEDIUM, TRIAL, TWICE, 512, gpu)
    assert need.rest == pytest.approx(0.05 * (need.total - need.rest), rel=0.01)


# -- which one is picked -------------------------------------------------------------------------


def planned(free: int, **requested: Any) -> Fit:
    """A plan for the small GPT-2 on a machine that has so much to give beside what is held."""
    here = Room("cpu", free, free)
    sizes = {"window": 64, "batch": requested.get("batch") or 4, "accumulate": 2, "windows": 80}
    return plan_fit(GPT2, **sizes, room=here, requested={**PINNED, **requested})


@pytest.fixture(scope="module")
def needs() -> dict[Way, int]:
    """What each way needs of the small GPT-2."""
    rows = [*planned(GB).rows, *planned(GB, train="lora").rows, *planned(GB, batch=1).rows]
    return {row.way: row.need.total for row in rows}


def enough(needs: dict[Way, int], **sought: Any) -> int:
    """Just enough free memory for the way that is meant."""
    found = [b for w, b in needs.items() if all(getattr(w, k) == v for k, v in sought.items())]
    return int(min(found) / ways.FREE_SHARE) + 1


def test_the_fastest_that_fits_is_picked_and_all_are_shown():
    plan = planned(GB)
    assert len(plan.rows) == 4
    assert all(row.fits for row in plan.rows)
    assert plan.picked is not None
    assert plan.picked.way == Way(gradient_checkpointing=False, batch=4, accumulate=2)
    row = plan.picked
    assert row.tokens_per_second == pytest.approx(8 * 64 / row.need.seconds)
    assert row.pass_seconds == pytest.approx(10 * row.need.seconds)


@pytest.mark.parametrize(
    ("requested", "ways"),
    [
        ({"gradient_checkpointing": True}, {(True, False), (True, True)}),
        ({"step_in_backward": True}, {(False, True), (True, True)}),
        ({"accumulate": 2}, {(False, False), (True, False)}),
        ({"optimizer": "muon"}, {(False, False), (True, False)}),
        ({"train": None, "batch": None}, {(t, b) for t in (True, False) for b in (True, False)}),
    ],
    ids=str,
)
def test_what_was_asked_for_stays(requested: dict[str, Any], ways: set[tuple[bool, bool]]):
    rows = planned(GB, **requested).rows
    assert {(r.way.gradient_checkpointing, r.way.step_in_backward) for r in rows} == ways


def test_with_less_memory_less_is_picked(needs: dict[Way, int]):
    sought: list[dict[str, Any]] = [
        {"batch": 4, "gradient_checkpointing": False, "step_in_backward": False},
        {"batch": 4, "gradient_checkpointing": True, "step_in_backward": False},
        {"batch": 1, "gradient_checkpointing": True, "step_in_backward": False},
    ]
    for one in sought:
        picked = planned(enough(needs, train="all", **one)).picked
        assert picked is not None
        assert one.items() <= vars(picked.way).items()
        assert picked.way.windows == 8


ONCE = Way(gradient_checkpointing=False, batch=1, accumulate=8)
CHECKED = replace(ONCE, gradient_checkpointing=True)
WITHIN = replace(ONCE, accumulate=1, step_in_backward=True)
WITH_LORA = replace(ONCE, train="lora")


@pytest.mark.parametrize(
    ("seconds", "fitting", "picked"),
    [
        # Of a pass in each of the four ways; which of them fit; which is picked.
        ((10, 12, 14, 16), "1111", ONCE),
        ((10, 12, 14, 16), "0111", CHECKED),
        ((10, 12, 14, 16), "0011", WITHIN),
        ((10, 12, 14, 16), "0001", WITH_LORA),
        ((10, 12, 14, 16), "0000", None),
        ((10, 12, 8, 16), "1111", WITHIN),
        ((10, 12, 8, 5), "1111", WITH_LORA),
        ((10, 9, 14, 16), "1111", CHECKED),
        ((10, 9, 14, 16), "1011", ONCE),
        ((10, 10, 10, 10), "1111", ONCE),
        ((10, 10, 10, 10), "0111", CHECKED),
    ],
)
def test_the_fastest_that_fits_is_picked_whatever_kind_it_is(
    seconds: tuple[int, ...], fitting: str, picked: Way | None
):
    four = (ONCE, CHECKED, WITHIN, WITH_LORA)
    rows = [
        Row(way, needed(), fits == "1", 1.0, float(taken))
        for way, taken, fits in zip(four, seconds, fitting, strict=True)
    ]
    found = ways._picked(rows)
    assert (found.way if found else None) == picked


@pytest.mark.parametrize("parameters", [10**6, 3 * 10**8, 10**10])
def test_how_large_a_base_is_does_not_change_what_is_picked(
    parameters: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ways, "shape_of", lambda _: replace(MEDIUM, parameters=parameters))
    monkeypatch.setattr(ways, "try_out", lambda *_, **__: TRIAL)
    here = Room("cpu", 10**14, 10**14)
    sizes = {"window": 512, "batch": 1, "accumulate": 8, "windows": 80}
    plan = plan_fit(GPT2, **sizes, room=here, requested={**PINNED, "train": "all"})
    assert plan.picked is not None
    assert plan.picked.pass_seconds == min(row.pass_seconds for row in plan.rows)
    assert plan.picked.way == replace(ONCE, precision="fp32")


@pytest.mark.parametrize(("parameters", "train"), [(10**6, "all"), (3 * 10**8, "lora")])
def test_a_large_base_is_planned_with_lora_on_a_processor(
    parameters: int, train: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ways, "shape_of", lambda _: replace(MEDIUM, parameters=parameters))
    monkeypatch.setattr(ways, "try_out", lambda *_, **__: TRIAL)
    sizes = {"window": 512, "batch": 1, "accumulate": 8, "windows": 80}
    for requested in (PINNED, {**PINNED, "train": "auto"}):
        plan = plan_fit(GPT2, **sizes, room=Room("cpu", 10**14, 10**14), requested=requested)
        assert {row.way.train for row in plan.rows} == {train}


@pytest.mark.parametrize(
    ("train", "short_of", "hint"),
    [
        ("all", 0, "With --train lora it fits."),
        ("lora", 1, "With --window 32 it fits."),
        ("lora", 10**7, "Choose a smaller --base"),
        ("all", 10**8, "Choose a smaller --base"),
    ],
)
def test_where_nothing_fits_there_is_a_remedy(
    train: str, short_of: int, hint: str, needs: dict[Way, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ways, "SHORTEST", 32)
    fixed = {"gradient_checkpointing": False, "step_in_backward": False, "batch": 4}
    free = enough(needs, train="lora", **fixed) - 2 * short_of
    plan = planned(max(0, free), train=train, **fixed)
    assert plan.picked is None
    assert plan.remedy.startswith(hint)
    assert bool(plan.rows) is (free > 0)


# -- the machine ---------------------------------------------------------------------------------


def test_a_process_may_take_what_the_machine_has_to_give():
    here = find_room()
    assert 0 < here.free <= here.total <= psutil.virtual_memory().total
    assert here.held > 10_000_000
    assert "of memory" not in str(here)
    assert f"{here.total / 1e9:.1f} GB" in str(here)


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


V2 = {"memory__max": "4000000\n", "memory__current": "3000000\n", "memory__stat": "anon 5\n"}
V1 = {
    "memory__limit_in_bytes": "5000000\n",
    "memory__usage_in_bytes": "1000000\n",
    "memory__stat": "cache 9\ntotal_inactive_file 400000\n",
}


@pytest.mark.parametrize(
    ("own", "groups", "limits"),
    [
        ("0::/user/me\n", {"user": V2}, {(4_000_000, 3_000_000)}),
        ("0::/user/me\n", {"user/me": V2 | {"memory__max": "max\n"}}, set()),
        ("0::/\n", {".": V2 | {"memory__stat": "inactive_file 7\n"}}, {(4_000_000, 2_999_993)}),
        ("0::/elsewhere\n", {".": V2}, {(4_000_000, 3_000_000)}),
        ("9:cpu:/\n4:cpu,memory:/job\n0::/\n", {"memory/job": V1}, {(5_000_000, 600_000)}),
        ("4:memory:/job\n", {"memory": V1 | {"memory__limit_in_bytes": f"{2**63 - 4096}"}}, set()),
        ("4:cpu:/job\n", {"memory/job": V1}, set()),
        ("0::/user\n", {"user": {"memory__max": "4000000\n"}}, set()),
    ],
)
def test_a_control_group_limits_what_may_be_taken(
    own: str, groups: dict[str, dict[str, str]], limits: set[tuple[int, int]], tmp_path: Path
):
    for name, files in groups.items():
        write(tmp_path / "mounted" / name, **files)
    write(tmp_path, own=own)
    assert set(memory_available._cgroup_limits(tmp_path / "own", tmp_path / "mounted")) == limits


def test_the_tightest_limit_counts(tmp_path: Path):
    write(tmp_path / "mounted", **V2)
    write(tmp_path, own="0::/\n")
    here = memory_available._beside_the_processor(tmp_path / "own", tmp_path / "mounted")
    assert (here.device, here.free, here.total) == ("cpu", 1_000_000, 4_000_000)
    nowhere = memory_available._beside_the_processor(tmp_path / "none", tmp_path / "nowhere")
    assert nowhere.total <= psutil.virtual_memory().total


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of this kind there")
def test_a_limit_on_the_address_space_counts():
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + 2 * GB
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        here = find_room()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert here.total <= limit
    assert here.free <= 2 * GB


# -- what is shown -------------------------------------------------------------------------------


def test_the_plan_is_shown_and_told_as_facts():
    plan = planned(GB)
    out = io.StringIO()
    show_fit(Console(file=out, width=120), plan, "starter")
    text = " ".join(out.getvalue().split())
    assert "0.1 M parameters in 6 blocks, 80 windows of 64 tokens" in text
    assert "> all, batch 4 x 2" in text
    assert text.count("yes") == 4
    assert "Picked: all, batch 4 x 2" in text
    told = json.loads(json.dumps(to_json(plan, "starter")))
    assert told["picked"] == told["rows"][0]
    assert told["picked"]["bytes"]["total"] == plan.rows[0].need.total
    assert told["rows"][1]["gradient_checkpointing"] is True


def test_a_plan_that_fits_nowhere_says_so():
    plan = planned(10)
    out = io.StringIO()
    show_fit(Console(file=out, width=120), plan, "starter")
    assert "None of these fits into memory. Choose a smaller --base" in " ".join(
        out.getvalue().split()
    )
    assert to_json(plan, "starter")["picked"] is None


@pytest.mark.parametrize(
    ("passes", "newest", "told"),
    [
        (3.0, 9_000, "3 passes over 9,000 messages: about 2 h 40 min."),
        (1.0, 9_000, "1 pass over 9,000 messages: about 53 minutes."),
        (0.125, 9_000, "0.125 passes over 9,000 messages: about 7 minutes."),
        (
            3.0,
            4_500,
            "3 passes over 9,000 messages: about 2 h 40 min. Without --newest all, only the "
            "newest are used, some 4,500: about 1 h 20 min.",
        ),
        (None, 9_000, ""),
    ],
)
def test_a_plan_says_how_long_a_training_takes(passes: float | None, newest: int, told: str):
    plan = planned(GB)
    assert plan.picked is not None
    picked = replace(plan.picked, pass_seconds=3_200.0)
    requested = {"passes": passes, "messages": 9_000, "newest": newest}
    plan = replace(plan, rows=(picked,), picked=picked, **requested)
    out = io.StringIO()
    show_fit(Console(file=out, width=200), plan, "starter")
    said = out.getvalue().splitlines()
    assert (said[-1] if told else "") == told
    assert said[-2 if told else -1].startswith("Options: ")
    assert {key: to_json(plan, "starter")[key] for key in requested} == requested
    assert to_json(plan, "starter")["seconds"] == (None if passes is None else passes * 3_200)

"""What an older chatmimic wrote is read under the names of today."""

import json

import pytest
from training_support import fill, resume, stop_after, train

from chatmimic.files import file_digest, write_atomically
from chatmimic.training import TrainSettings
from chatmimic.training.checkpointing.checkpoints import MANIFEST
from chatmimic.training.plan import Plan
from chatmimic.training.state import State

PLAN = {
    "steps": 9, "batch": 1, "accumulate": 1, "learning_rate": 1e-3, "warmup": 0,
    "evaluate_every": 3, "gradient_checkpointing": False,
}  # fmt: skip


def test_settings_plan_and_state_know_their_old_names():
    assert TrainSettings.from_dict({"corpus_spells": 2}).corpus_phases == 2
    plan = Plan.from_dict({**PLAN, "look": 4, "final": 5, "corpus_spells": 6})
    assert (plan.eval_windows, plan.final_eval_windows, plan.corpus_phases) == (4, 5, 6)
    assert Plan.from_dict(plan.as_dict()) == plan
    state = State.from_dict({"spell_left": 1, "spells": [{"step": 3}]})
    assert (state.phase_left, state.phases) == (1, [{"step": 3}])


OLD = {
    "eval_windows": "look", "final_eval_windows": "final", "corpus_phases": "corpus_spells",
    "phase_left": "spell_left", "phases": "spells",
}  # fmt: skip


def as_of_old(value):
    """A JSON value with the names that an older chatmimic wrote."""
    if isinstance(value, dict):
        return {OLD.get(key, key): as_of_old(inner) for key, inner in value.items()}
    return [as_of_old(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("at", [0, 3])
def test_a_run_that_an_older_chatmimic_began_goes_on(home, tiny_base, at):
    made = fill(home)
    train(made, tiny_base, callbacks=stop_after(at), evaluate_every=2)
    run = made.runs / "ada"
    for file in [run / "ready.json", *run.glob("checkpoints/*/state.json")]:
        said = json.loads(file.read_text("utf-8"))
        write_atomically(file, json.dumps(as_of_old(said)))
    for checkpoint in run.glob("checkpoints/*"):
        digests = json.loads((checkpoint / MANIFEST).read_text("utf-8"))
        digests = {name: file_digest(checkpoint / name) for name in digests}
        write_atomically(checkpoint / MANIFEST, json.dumps(digests))
    mimic = resume(made).mimic
    train(made, tiny_base, name="whole", evaluate_every=2)
    assert mimic.manifest["best_step"] > 0
    weights = [(made.mimics / n / "model.safetensors").read_bytes() for n in ("ada", "whole")]
    assert weights[0] == weights[1]

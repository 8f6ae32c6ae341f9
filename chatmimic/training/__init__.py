"""Training: from conversations to a mimic.

In the order a reader needs them: `settings.py` (the options), `data/split.py` (training data and
held-out data), `loop.py` (the loop), `objective/loss.py` (the loss), `checkpointing/checkpoints.py`
(checkpoints), `run.py` (a run from start to mimic).
"""

from chatmimic.training.settings import TrainSettings

__all__ = ["TrainSettings"]

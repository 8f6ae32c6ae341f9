"""From conversations to a mimic.

In the order a reader needs them: `settings.py` (what can be asked), `material.py` (whose words are
learnt and which are held out), `loop.py` (the loop), `loss.py` (what it minimises),
`checkpoints.py` (what survives a kill), `run.py` (one training from start to mimic).
"""

from chatmimic.training.settings import Settings

__all__ = ["Settings"]

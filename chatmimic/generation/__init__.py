"""Text generation: decoding settings, the token loop, and whole conversations.

`Decoding` and `Generator` are cheap to import; `TorchGenerator` is in `generation.engine`, which
imports torch.
"""

from chatmimic.generation.conversation import made_up
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message, as_text

__all__ = ["Decoding", "Generator", "as_message", "as_text", "made_up"]

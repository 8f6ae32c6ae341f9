"""A mimic speaks: decoding options, the token loop, and made-up conversations.

`Decoding` and `Generator` cost nothing to import; `TorchGenerator` is in `generation.engine`,
which imports torch.
"""

from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message, as_text
from chatmimic.generation.invention import made_up

__all__ = ["Decoding", "Generator", "as_message", "as_text", "made_up"]

"""Conversation ⇄ token ids, with the mask of tokens in the loss.

Three written forms share one interface, `Form`:

- `named` (`named.py`): a line `[time] Name: text` per message, `<|endoftext|>` between
  conversations. Plain text, so any causal model reads it with its own tokeniser.
- `short` (`short.py`): the same with first names, and a time only after a silence.
- `tokens` (`tokens.py`): a token for each speaker, a token that ends a message. Shorter, and
  nothing in a message can look like structure.
"""

from chatmimic.transcript.form import Cast, Form, Mark, Transcript, Weigh
from chatmimic.transcript.named import NamedForm
from chatmimic.transcript.registry import FORMS, make_form, natural_form, prepare
from chatmimic.transcript.short import ShortForm
from chatmimic.transcript.tokens import SPECIAL_TOKENS, TokenForm

__all__ = [
    "FORMS",
    "SPECIAL_TOKENS",
    "Cast",
    "Form",
    "Mark",
    "NamedForm",
    "ShortForm",
    "TokenForm",
    "Transcript",
    "Weigh",
    "make_form",
    "natural_form",
    "prepare",
]

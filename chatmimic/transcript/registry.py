"""The transcript form of a base, and the tokens it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatmimic.transcript.form import Cast, Form
from chatmimic.transcript.named import NamedForm
from chatmimic.transcript.short import ShortForm
from chatmimic.transcript.tokens import END, SPECIAL_TOKENS, TokenForm

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FORMS: dict[str, type[Form]] = {form.name: form for form in (ShortForm, NamedForm, TokenForm)}


def make_form(name: str, tokenizer: Any, cast: Cast) -> Form:
    """The form of that name for a tokeniser and a cast. Raises ValueError for an unknown name."""
    if name not in FORMS:
        raise ValueError(f"no transcript form {name!r}; there are {', '.join(FORMS)}")
    return FORMS[name](tokenizer, cast)


def natural_form(tokenizer: Any) -> str:
    """`tokens` for a base with speaker tokens (the starter), else `short`.

    Also `tokens` for tokenisers that prepend a mark to each text, as the first Llamas', because
    lines would not round-trip.
    """
    newline = tokenizer.encode("\n", add_special_tokens=False)
    return "short" if END not in tokenizer.get_vocab() and len(newline) == 1 else "tokens"


def prepare(name: str, tokenizer: Any, model: PreTrainedModel | None) -> None:
    """Add to a base what a form needs: for `tokens`, special tokens and embeddings.

    New rows start at the mean of the old ones, so that a new token is initially as likely as an
    average one and the odds of the old ones do not change.
    """
    if name != "tokens":
        return
    missing = [token for token in SPECIAL_TOKENS if token not in tokenizer.get_vocab()]
    if not missing:
        return
    tokenizer.add_special_tokens({"additional_special_tokens": missing})
    if model is not None and len(tokenizer) > model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        _start_at_mean(model, len(missing))


def _start_at_mean(model: PreTrainedModel, new: int) -> None:
    import torch

    with torch.no_grad():
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            if layer is not None:
                weight = layer.weight
                weight[-new:] = weight[:-new].mean(dim=0, keepdim=True)

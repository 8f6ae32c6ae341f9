"""The untuned base of a mimic, in its place: what training has changed is seen beside it."""

from __future__ import annotations

from chatmimic.bases import open_base
from chatmimic.errors import BaseError
from chatmimic.evaluation.manifest import settings_of
from chatmimic.mimic import LoadedMimic, Mimic
from chatmimic.transcript import Cast, make_form, prepare


def load_base(mimic: Mimic) -> LoadedMimic:
    """Load the base of a mimic, with its form and cast. Raises BaseError if it is not here."""
    name = str(mimic.manifest.get("base") or "")
    if not name:
        raise BaseError("The mimic does not say what its base was.")
    base = open_base(name, tokenizer=settings_of(mimic).tokenizer)
    form = str(mimic.manifest["form"])
    prepare(form, base.tokenizer, base.model)
    made = make_form(form, base.tokenizer, Cast(mimic.people))
    return LoadedMimic(base.model.eval(), base.tokenizer, made, mimic)

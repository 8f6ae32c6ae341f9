"""What a training run uses of evaluation: a judge of style, and the fitting of the decoding."""

from __future__ import annotations

import dataclasses

from chatmimic.home import Home
from chatmimic.mimic import Mimic, write_manifest
from chatmimic.training.base_run import Callbacks
from chatmimic.training.judged import Judge


def with_evaluation(callbacks: Callbacks, home: Home) -> Callbacks:
    """The callbacks of a run in this home, with a judge and a fitting where they have none."""
    from chatmimic.archive import Archive

    def judge(mimic: Mimic) -> Judge:
        from chatmimic.evaluation.short_form import ShortForm

        with Archive.open(home.archive, create=False) as archive:
            return ShortForm(archive, mimic)

    def fit(mimic: Mimic) -> None:
        from chatmimic.evaluation.fitting import fit_decoding

        with Archive.open(home.archive, create=False) as archive:
            fitted = fit_decoding(archive, mimic)
        if fitted is not None:
            write_manifest(mimic.path, {**mimic.manifest, "decoding": fitted.as_dict()})

    return dataclasses.replace(callbacks, judge=callbacks.judge or judge, fit=callbacks.fit or fit)

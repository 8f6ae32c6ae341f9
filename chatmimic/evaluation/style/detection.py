"""Detection: how well a classifier tells generated replies from the person's later real ones.

A classifier two-sample test (Lopez-Paz and Oquab 2017): logistic regression on TF-IDF weighted
character 1- to 3-grams, five-fold cross-validated. Real replies are told from later real replies,
too, because topics change; so what counts is the excess over that, and 0 is perfect::

    excess = accuracy(generated, later) - accuracy(real, later)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation.style.convergence import not_converged_is_fine

FOLDS = 5


def hits(some: Sequence[str], later: Sequence[str], seed: int) -> NDArray[np.float64]:
    """For each text, whether a classifier that had not seen it told which of the two it is from.

    Shape `(len(some) + len(later),)`, 1 for a hit; NaN everywhere if there are too few texts. Sets
    of different sizes weigh the same.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    texts = [*some, *later]
    if min(len(some), len(later)) < 2 * FOLDS:
        return np.full(len(texts), np.nan)
    labels = np.array([1] * len(some) + [0] * len(later))
    vectors = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True, dtype=np.float32
    )
    model = make_pipeline(vectors, LogisticRegression(C=10, class_weight="balanced"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with not_converged_is_fine():
        told = cross_val_predict(model, texts, labels, cv=folds)
    return (told == labels).astype(np.float64)


def accuracy(found: NDArray[np.float64], some: NDArray[np.bool_]) -> float:
    """The balanced accuracy: the mean of the hit rates of both sets; `some` marks the first."""
    rates = [found[part].mean() if part.any() else np.nan for part in (some, ~some)]
    return float(np.mean(rates))

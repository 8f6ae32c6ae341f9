"""Judges that are stopped before they have converged, without a warning on a user's screen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_converged_is_fine() -> Iterator[None]:
    """Ignore scikit-learn's warning that a fit was stopped after 100 iterations.

    A judge of eight people that went on for 400 took half as long again, and was as often right
    (66 and 67 % of single messages).
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield

"""A stop is found wherever the pieces of a text are cut, and nothing of it gets out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatmimic.server.stops import UntilStop

LETTERS = st.text("abc", max_size=12)
STOPS = st.lists(st.text("abc", min_size=1, max_size=4), max_size=4)


@given(st.lists(LETTERS), STOPS)
def test_what_gets_out_is_the_text_before_the_first_stop(pieces, stops):
    until = UntilStop(stops)
    given_out = "".join(until.grow(piece) for piece in pieces)
    given_out += until.finish()
    text = "".join(pieces)
    ends = [end for end in range(len(text) + 1) if any(text[:end].endswith(s) for s in stops)]
    if not ends:
        assert not until.found
        assert given_out == text
        return
    assert until.found
    # The first to be complete may have begun after another one, which is then not in the text.
    assert not any(stop in given_out for stop in stops)
    assert text.startswith(given_out)
    assert any(text[len(given_out) :].startswith(stop) for stop in stops)

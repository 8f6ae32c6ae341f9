"""A piece of a chat that is to be continued: read, and written on in its own shape."""

from chatmimic.fragment.people import matched
from chatmimic.fragment.reading import Fragment, read_fragment, read_pasted

__all__ = ["Fragment", "matched", "read_fragment", "read_pasted"]

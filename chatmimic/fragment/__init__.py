"""A piece of a chat that is to be continued: read, and written on in its own shape."""

from chatmimic.fragment.people import matched, person_meant
from chatmimic.fragment.reading import Fragment, read_fragment, read_pasted

__all__ = ["Fragment", "matched", "person_meant", "read_fragment", "read_pasted"]

"""Generated conversations written as chat exports, each marked as generated.

A module for each shape. What a shape cannot hold (a newline on IRC) is changed by its `holds`;
reading a file back with the importers gives exactly that.
"""

from chatmimic.writing.files import check_place, write_conversation
from chatmimic.writing.shapes import SHAPES, Shape, shape_for, shape_named

__all__ = [
    "SHAPES",
    "Shape",
    "check_place",
    "shape_for",
    "shape_named",
    "write_conversation",
]

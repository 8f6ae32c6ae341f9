"""Detecting the encoding of each file of an export; readers always get UTF-8.

Most files are UTF-8. Others are examined entirely: if only some lines are UTF-8 (as in the log of a
channel), each line is decoded by itself.
"""

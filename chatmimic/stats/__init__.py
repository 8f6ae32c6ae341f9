"""Statistics of an archive, and of a person's habits in it: computed, drawn, written as a page.

Its modules load numpy and pandas: a command imports them when it runs.
"""

"""In which encoding each file of an export is read; every reader is given UTF-8.

Most files are UTF-8 already. Of one that is not, the whole is looked through: where some lines
are UTF-8 and some are not (the log of a channel), each line is read as what it is.
"""

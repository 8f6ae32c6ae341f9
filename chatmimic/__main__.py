"""`python -m chatmimic` is `chatmimic`."""

from chatmimic.cli import main

if __name__ == "__main__":
    main()

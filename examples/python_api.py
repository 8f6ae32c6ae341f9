"""The whole road from Python: import, train, talk.

python examples/python_api.py
"""

import tempfile
from pathlib import Path

import chatmimic

EXPORTS = Path(__file__).parent / "exports"


def main() -> None:
    """Import the example exports into a home of their own, train a mimic, say something to it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        (imported,) = chatmimic.import_exports(EXPORTS, home=home)
        print(f"{imported.new} new messages; left out {dict(imported.report.left_out)}")

        trained = chatmimic.train("Teodor Lindqvist", base="starter", steps=20, home=home)
        print(f"perplexity {trained.base.perplexity:.0f} → {trained.figures.perplexity:.0f}")

        talk = chatmimic.talk(trained.mimic.path, home=home)
        for line in ("Good morning!", "Did you see the robin?"):
            print(f"You: {line}\nTeodor: {' / '.join(talk.turn(line))}")


if __name__ == "__main__":
    main()

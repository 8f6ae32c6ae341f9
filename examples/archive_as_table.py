"""The archive as a pandas table: who says how much, at what hour, in how many words.

python examples/archive_as_table.py
"""

import tempfile
from pathlib import Path

import chatmimic

EXPORTS = Path(__file__).parent / "exports"


def main() -> None:
    """Import the example exports and print a few figures of everybody in them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        chatmimic.import_exports(EXPORTS, home=home)
        with chatmimic.open_archive(home) as archive:
            table = archive.messages()
    said = table[table["kind"].isin(["text", "action"])].assign(
        words=lambda t: t["text"].str.split().str.len(),
        hour=lambda t: t["sent_at"].dt.hour,
    )
    grouped = said.groupby("sender")
    print(grouped.agg(messages=("text", "size"), words=("words", "mean"), hour=("hour", "median")))


if __name__ == "__main__":
    main()

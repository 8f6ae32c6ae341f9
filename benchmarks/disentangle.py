"""How well the conversations of a busy channel are told apart, on the Ubuntu logs with gold links.

    python benchmarks/disentangle.py --corpus DIR [--part dev]

DIR holds the data of Kummerfeld et al. 2019 (see irc_links.py). The networks were fitted to the
part `train` and chosen on `dev` (train_linker.py); `test` is the default here.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from irc_links import as_links, read_part, scores
from machine import machine

from chatmimic.conversations.linking.linker import Linker
from chatmimic.conversations.linking.rule import links_by_rule
from chatmimic.conversations.linking.thread_arrays import read_talk

# From the paper's tables 3 and 4: link F, VI, one-to-one, exact F on the test part.
PAPER = {
    "linear": (63.5, 88.9, 69.5, 21.8),
    "feed-forward": (72.3, 91.3, 75.6, 36.2),
    "ten of them, vote": (73.5, 91.5, 76.0, 38.0),
}
SHOWN = ("link_f", "vi", "one_to_one", "exact_f")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--part", default="test", choices=["train", "dev", "test"])
    options = parser.parse_args()
    logs = read_part(options.corpus, options.part)
    linker, ours, rule = Linker(), {}, {}
    messages = sum(len(log.messages) for log in logs)
    begin = time.perf_counter()
    for log in logs:
        ours[log.name] = as_links(log, linker.links(log.messages))
    taken = time.perf_counter() - begin
    for log in logs:
        rule[log.name] = as_links(log, links_by_rule(read_talk(log.messages)))
    rows = {"rule": scores(logs, rule), "ours": scores(logs, ours)}
    print(f"{options.part}: {len(logs)} logs, {sum(len(log.gold) for log in logs):,} gold lines")
    print(f"{'':20}{'link F':>9}{'VI':>9}{'1-1':>9}{'exact F':>9}")
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{row[key]:9.1f}" for key in SHOWN))
    if options.part == "test":
        for name, values in PAPER.items():
            print(f"{'paper: ' + name:20}" + "".join(f"{value:9.1f}" for value in values))
    result = {**rows["ours"], "messages_per_s": round(messages / taken, 1)}
    print(json.dumps({**result, "rule": rows["rule"], "machine": machine()}))


if __name__ == "__main__":
    main()

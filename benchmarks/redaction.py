"""How well does `--redact` tell secrets from other numbers and words, and how fast is it?

    python benchmarks/redaction.py
    python benchmarks/redaction.py --corpus irclogs/ --show 100

Sentences are made up: templates of several languages, filled with invented phone numbers, cards,
addresses … of many countries, and with what only looks like them (dates, prices, versions, bug
numbers, hashes, long numbers). Precision is the share of replacements that hit a secret of their
type, recall the share of secrets that were replaced whole. With `--corpus`, real logs are redacted
as well: how often, how fast, and `--show` so many of the hits in their lines, to be judged by eye.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from machine import machine

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.privacy.redactor import TYPES, redact

SENTENCES = 20_000
TALK = (
    "{} thanks", "ok so {}", "did you get {}?", "it was {}, wasn't it", "({})", "{}", "see {}!",
    "no idea about {} sorry", "hm, {} and then nothing", "das ist {} oder", "c'est {} je crois",
    "{}: really?", "sent you {} yesterday", "try {} instead",
)  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A line of talk, and the secret in it ("" for none) with its type."""

    text: str
    secret: str = ""
    type: str = ""


class Fakers:
    """Invented secrets, and what looks like them; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def digits(self, shape: str) -> str:
        """The shape with a digit for each "#", and one from 2 to 9 for each "N"."""
        return "".join(
            self.chance.choice("0123456789" if sign == "#" else "23456789")
            if sign in "#N"
            else sign
            for sign in shape
        )

    def signs(self, count: int, some: str = string.ascii_letters + string.digits) -> str:
        """So many signs by lot, a digit, a capital and a small letter among them."""
        return "".join(self.chance.choices(some, k=count - 3)) + "7Kq"

    def phone(self) -> str:
        """A number as it is written in some country, at home or from abroad."""
        return self.digits(self.chance.choice(PHONES))

    def email(self) -> str:
        """An address at an example domain."""
        name = self.word() + self.chance.choice(("", ".", "_", "+")) + self.word()
        return f"{name}@{self.word()}.{self.chance.choice(('org', 'com', 'co.uk', 'de', 'fr'))}"

    def word(self) -> str:
        """Two syllables."""
        return "".join(self.chance.choice(SYLLABLES) for _ in range(2))

    def card(self) -> str:
        """A number with its check digit, in one, or in groups."""
        begin, length = self.chance.choice((("4", 16), ("51", 16), ("2221", 16), ("37", 15)))
        digits = begin + self.digits("#" * (length - 1 - len(begin)))
        digits += next(d for d in "0123456789" if checks(digits + d))
        if length == 15:
            groups = [digits[:4], digits[4:10], digits[10:]]
        else:
            groups = [digits[n : n + 4] for n in range(0, 16, 4)]
        return self.chance.choice(("", " ", "-")).join(groups)

    def iban(self) -> str:
        """An account of one of seven countries."""
        shape = self.chance.choice(IBANS)
        country, rest = shape[:2], self.digits(shape[2:])
        number = "".join(str(int(sign, 36)) for sign in rest + country)
        plain = f"{country}{98 - int(number + '00') % 97:02}{rest}"
        if self.chance.random() < 0.5:
            return plain
        return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))

    def key(self) -> str:
        """A key of some service, or a long string without any beginning."""
        begin, count = self.chance.choice(KEYS)
        return begin + self.signs(count)

    def password(self) -> str:
        """A password that is no word."""
        return self.word() + self.digits("##") + self.chance.choice(("", "!", "$"))

    def address(self) -> str:
        """A street and a number as some country writes them."""
        street, number = self.word().capitalize(), self.chance.randint(1, 199)
        return self.chance.choice(ADDRESSES).format(street=street, n=number)

    def ip(self) -> str:
        """An address of version 4 outside what versions look like, or of version 6."""
        if self.chance.random() < 0.2:
            return "2001:db8:" + ":".join(f"{self.chance.randint(1, 65535):x}" for _ in range(6))
        return f"{self.chance.randint(31, 223)}." + ".".join(
            str(self.chance.randint(0, 255)) for _ in range(3)
        )

    def mac(self) -> str:
        """An address of a network card."""
        return ":".join(f"{self.chance.randint(0, 255):02x}" for _ in range(6))

    def coordinates(self) -> str:
        """Latitude and longitude."""
        latitude, longitude = self.chance.uniform(-90, 90), self.chance.uniform(-180, 180)
        return f"{latitude:.5f}, {longitude:.5f}"

    def id(self) -> str:
        """An American social security number."""
        return f"{self.chance.randint(100, 665)}-{self.digits('1#')}-{self.digits('1###')}"

    def other(self) -> str:
        """What is no secret, and looks like one."""
        return self.digits(self.chance.choice(OTHERS)).replace("~", self.hexadecimal())

    def hexadecimal(self) -> str:
        """A hash, as long as MD5 or SHA-1."""
        return "".join(self.chance.choices("0123456789abcdef", k=self.chance.choice((32, 40))))


SYLLABLES = ("ka", "lo", "mi", "ra", "te", "vu", "sa", "no", "di", "be", "mar", "tel", "dan", "vis")
PHONES = (
    "+49 1N# #######", "+491N########", "+49 (0) 30 ########", "0171 #######", "030/########",
    "0171-#######", "+44 7### ######", "07### ######", "020 7### ####", "+1 NN#-N##-####",
    "(NN#) N##-####", "NN#-N##-####", "NN#.N##.####", "1-800-N##-####", "+33 6 ## ## ## ##",
    "06 ## ## ## ##", "06.##.##.##.##", "+34 6## ### ###", "+39 3## ### ####", "+31 6 ########",
    "06-########", "+43 664 #######", "+41 79 ### ## ##", "079 ### ## ##", "+46 70 ### ## ##",
    "+48 5## ### ###", "+7 9## ###-##-##", "8 (9##) ###-##-##", "+91 9#### #####",
    "+86 13# #### ####", "138 #### ####", "090-####-####", "+81 90-####-####", "010-####-####",
    "+82 10-####-####", "(11) 9####-####", "+55 11 9####-####", "+61 4## ### ###",
    "04## ### ###", "050-#######",
)  # fmt: skip
IBANS = (
    "DE##################", "NL" + "ABNA##########", "GB" + "NWBK##############", "NO###########",
    "FR#######################", "ES####################", "AT################",
)  # fmt: skip
KEYS = (
    ("sk-", 40), ("sk-proj-", 48), ("ghp_", 36), ("glpat-", 20), ("xoxb-123456789012-", 24),
    ("AIza", 35), ("hf_", 34), ("npm_", 36), ("", 40), ("", 64),
)  # fmt: skip
ADDRESSES = (
    "{n} {street} Street", "{n} {street} Road", "{n} {street} Ave",
    "{n} {street} Lane, London NW1 6XE", "{street}straße {n}", "{street}str. {n}",
    "{street}weg {n}, 12345 Berlin", "{street}er Straße {n}", "{n} rue de {street}",
    "{n} avenue {street}", "Calle {street}, {n}", "Via {street} {n}", "{street}straat {n}",
    "{street}gatan {n}",
)  # fmt: skip
PASSWORDS = (
    "password: {}", "the password is {}", "wifi pw = {}", "/msg NickServ identify {}",
    "Passwort: {}", "mot de passe : {}", "passwd={}",
)  # fmt: skip
OTHERS = (
    "1#.0N.20##", "20##-0N-1#", "0N/1#/20##", "1#:##:##", "0N.0N.20## 1#:##", "$#,###.##",
    "N##,## €", "1.###.###,00", "version N.#.#.##", "2.6.1#.##-1#ubuntu#", "#.#.#", "v1#.#.#.#",
    "bug ######", "#######", "bug #1N#####", "LP: #########", "~", "1N########",
    "1N###########", "##########", "########", "1N ### ###", "port ####", "0x########",
    "N##x###", "##%", "127.0.0.1", "255.255.0.0", "<@1N################>", "N.####", "1N#-N##",
    "chapter # page ##", "+1", "+###", "1##.### km", "######## bytes", "uid=####(ada) gid=####",
    "[ ####.######] usb 1-1", "/dev/sda# ########", "https://example.org/t/##########",
    "icon@2x.png", "std::vector<a::b>", "1 Hard Drive", "N minutes down the road",
    "the password is wrong", "4### #### #### ###", "N### N###",
)  # fmt: skip


def checks(digits: str) -> bool:
    """Luhn's rule, written apart from the one that is tested."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def sentences(seed: int, count: int) -> Iterator[Sentence]:
    """Labelled lines: half of them hold a secret, the others what looks like one."""
    fake = Fakers(seed)
    kinds: dict[str, Callable[[], str]] = {type_: getattr(fake, type_) for type_ in TYPES}
    for number in range(count):
        frame = fake.chance.choice(TALK)
        if number % 2:
            yield Sentence(frame.format(fake.other()))
            continue
        type_ = fake.chance.choice(TYPES)
        secret = kinds[type_]()
        said = fake.chance.choice(PASSWORDS).format(secret) if type_ == "password" else secret
        # Passwords end the line: nobody can tell where one ends and the talk goes on.
        text = said if type_ == "password" else frame.format(said)
        yield Sentence(text, secret, type_)


def _note(hits: list[tuple[str, str]], type_: str, said: str) -> None:
    hits.append((type_, said))


def classified(some: list[Sentence]) -> dict[str, dict[str, float]]:
    """For each type precision and recall, and how many there were."""
    there, right, told = Counter[str](), Counter[str](), Counter[str]()
    for sentence in some:
        hits: list[tuple[str, str]] = []
        safe = redact(sentence.text, partial(_note, hits))
        told.update(type_ for type_, _ in hits)
        if sentence.secret:
            there[sentence.type] += 1
            gone = sentence.secret not in safe and len(hits) == 1
            right[sentence.type] += gone and hits[0][0] == sentence.type
    return {type_: _figures(there[type_], right[type_], told[type_]) for type_ in TYPES} | {
        "all": _figures(there.total(), right.total(), told.total())
    }


def _figures(there: int, right: int, told: int) -> dict[str, float]:
    return {
        "secrets": there,
        "precision": round(right / max(1, told), 4),
        "recall": round(right / max(1, there), 4),
    }


def speed(texts: list[str]) -> float:
    """Messages redacted in a second."""
    began = time.perf_counter()
    for text in texts:
        redact(text)
    return round(len(texts) / (time.perf_counter() - began))


def of_corpus(folder: Path, show: int, seed: int) -> dict[str, object]:
    """What is found in real talk, and so many of the hits on the screen."""
    messages = read_exports(folder, ImportOptions(), ImportReport())
    texts = [message.text for message in messages if message.kind.has_words]
    hits: list[tuple[str, str, str]] = []
    with_hits = 0
    for text in texts:
        here: list[tuple[str, str]] = []
        redact(text, partial(_note, here))
        hits += [(type_, said, text) for type_, said in here]
        with_hits += bool(here)
    for type_, said, text in random.Random(seed).sample(hits, min(show, len(hits))):
        print(f"{type_:12} {said!r:50} {text[:120]}")
    return {
        "messages": len(texts),
        "with_hits": with_hits,
        "share_with_hits": round(with_hits / max(1, len(texts)), 5),
        "hits": dict(Counter(type_ for type_, _, _ in hits).most_common()),
        "messages_per_second": speed(texts),
    }


def main() -> None:
    """Judge, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=SENTENCES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="IRC logs to redact as well")
    parser.add_argument("--show", type=int, default=0, help="how many hits in them to print")
    parser.add_argument("--misses", type=int, default=0, help="how many wrong lines to print")
    given = parser.parse_args()
    some = list(sentences(given.seed, given.sentences))
    rows = classified(some)
    for sentence in wrong(some)[: given.misses]:
        print(f"{sentence.type or 'none':12} {sentence.text}   →   {redact(sentence.text)}")
    print(f"{'':12}{'secrets':>10}{'precision':>12}{'recall':>10}")
    for type_, row in rows.items():
        print(f"{type_:12}{row['secrets']:10}{row['precision']:12.3f}{row['recall']:10.3f}")
    result = {
        "machine": machine(),
        "sentences": len(some),
        "rows": rows,
        "messages_per_second": speed([sentence.text for sentence in some]),
    }
    if given.corpus:
        result["corpus"] = of_corpus(given.corpus, given.show, given.seed)
    print(json.dumps(result))


def wrong(some: list[Sentence]) -> list[Sentence]:
    """The sentences where something was missed, or taken for a secret that is none."""
    return [
        s
        for s in some
        if (not s.secret and redact(s.text) != s.text)
        or (s.secret and redact(s.text) != s.text.replace(s.secret, f"[{s.type}]"))
    ]


if __name__ == "__main__":
    main()

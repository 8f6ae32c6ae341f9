"""What is taken for a secret and what is not, type by type; and that it stays fast."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.importers.irc.passwords import without_passwords
from chatmimic.privacy.redactor import RULES, TYPES, redact


def check(text: str) -> None:
    """`text` has its secret between ⟦ and ⟧, or none."""
    begin, found, rest = text.partition("⟦")
    secret, _, end = rest.partition("⟧")
    plain = begin + secret + end
    told: list[tuple[str, str]] = []
    safe = redact(plain, lambda type_, said: told.append((type_, said)))
    if found:
        assert told, "nothing was found"
        assert safe == f"{begin}[{told[0][0]}]{end}"
    else:
        assert told == []
        assert safe == plain


def types(text: str) -> list[str]:
    told: list[str] = []
    redact(text.replace("⟦", "").replace("⟧", ""), lambda type_, _: told.append(type_))
    return told


FOUND = {
    "phone": [
        "call ⟦+49 171 1234567⟧ tonight",
        "⟦+491711234567⟧",
        "⟦+49 (0) 171 1234567⟧",
        "⟦+1 (415) 555-2671⟧.",
        "\u202a⟦+44 20 7946 0018⟧\u202c",
        "⟦+33 6 12 34 56 78⟧, ok?",
        "⟦0049 171 1234567⟧",
        "it is ⟦415-555-2671⟧",
        "⟦(415) 555-2671⟧",
        "⟦415.555.2671⟧",
        "⟦1-800-555-0199⟧",
        "⟦020 7946 0018⟧",
        "⟦07700 900123⟧",
        "⟦07700900123⟧",
        "⟦0171/1234567⟧",
        "⟦(030) 1234567⟧",
        "⟦06 12 34 56 78⟧",
        "⟦06.12.34.56.78⟧",
        "⟦06-12345678⟧",
        "⟦090-1234-5678⟧",
        "⟦138 1234 5678⟧",
        "⟦8 (912) 345-67-89⟧",
        "⟦(11) 91234-5678⟧",
        "my number is ⟦612 345 678⟧",
        "call me at ⟦555-1234⟧",
        "Tel.: ⟦98765 43210⟧",
        "@⟦491711234567⟧ look",
        "wa.me/⟦491711234567⟧",
    ],
    "email": [
        "write to ⟦ada@example.org⟧.",
        "<⟦ada.lovelace+tea@mail.example.co.uk⟧>",
        "mailto:⟦ada@example.org⟧",
        "⟦grüße@bücher.example⟧",
        "⟦ada at example dot org⟧",
        "⟦ada [at] example [dot] org⟧",
    ],
    "card": [
        "⟦4111 1111 1111 1111⟧",
        "card ⟦5555555555554444⟧!",
        "⟦3782-822463-10005⟧",
        "⟦6011111111111117⟧",
        "⟦30569309025904⟧",
    ],
    "iban": [
        "⟦DE89 3704 0044 0532 0130 00⟧ thanks",
        "⟦GB29NWBK60161331926819⟧",
        "⟦NL91 ABNA 0417 1643 00⟧",
        "⟦fr14 2004 1010 0505 0001 3m02 606⟧",
        "⟦NO93 8601 1117 947⟧",
    ],
    "key": [
        "⟦sk-abcDEF1234567890abcDEF12345⟧",
        "⟦sk-proj-aB3_aB3-aB3aB3aB3aB3aB3aB3⟧",
        "⟦ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8⟧",
        "⟦github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoP⟧",
        "token ⟦xoxb-123456789012-abcdefGHIJKL⟧",
        "⟦AKIAIOSFODNN7EXAMPLE⟧",
        "⟦AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q⟧",
        "⟦glpat-aB3dE6gH9jK2mN5pQ8sT⟧",
        "⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P⟧",
        "⟦MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs⟧",
        "⟦123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw9⟧",
        "Authorization: Bearer ⟦a1b2c3d4e5f6g7h8⟧",
        "https://x.example/?token=⟦abcdef12345⟧&n=1",
        "https://x.example/?a=1&key=⟦a1b2c3d4e5f6g7h8i9⟧",
        "https://chat.whatsapp.com/⟦A1b2C3d4E5f6G7h8I9j0⟧",
        "https://discord.com/api/webhooks/123456789012345678/⟦a-b_c1d2e3f4g5h6i7j8k9l0⟧",
        "⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
        "⟦Kx3hT9vQ2mLpZ8rWbN4cYfD7sGjA1eUo6iXt⟧",
        "my key\n⟦-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj3\n"
        "a-b c\n-----END RSA PRIVATE KEY-----⟧\nsee",
    ],
    "password": [
        "password: ⟦hunter2⟧",
        "password: ⟦swordfish⟧",
        "Passwort: ⟦Geheim99!⟧",
        "wifi pw = ⟦correcthorse⟧",
        "--password=⟦foo⟧",
        "passwd=⟦foobar⟧",
        "the password is ⟦hunter2⟧",
        "mot de passe : ⟦azerty123⟧",
        "api_key=⟦a1b2c3d4e5⟧",
        "my PIN is ⟦1234⟧",
        "verification code: ⟦123456⟧",
        "⟦G-123456⟧ is your Google verification code",
        "/msg NickServ identify ⟦hunter2⟧",
        "/msg NickServ IDENTIFY ⟦ada hunter2⟧",
        "/ns id ⟦hunter2⟧",
        "/quote pass ⟦ada:hunter2⟧",
        "/oper ⟦ada hunter2⟧",
        "msg nickserv register ⟦hunter2 ada@example.org⟧",
        "sg NickServ identify ⟦hunter2⟧",
        "/msg Q@cserve AUTH ⟦ada hunter2⟧",
        "/msg NickServ ghost ada ⟦hunter2⟧ and then come back in",
        "ftp://⟦ada:hunter2⟧@example.org/",
    ],
    "ip": [
        "ping ⟦84.56.12.1⟧ now",
        "http://⟦84.56.12.1⟧:8080/x",
        "inet addr:⟦192.168.1.17⟧",
        "on ⟦10.0.0.5⟧.",
        "⟦fe80::21a:2bff:fe3c:4d5e⟧/64",
        "⟦2001:db8:85a3::8a2e:370:7334⟧",
    ],
    "mac": ["HWaddr ⟦00:1a:2b:3c:4d:5e⟧", "⟦00-1A-2B-3C-4D-5E⟧", "⟦001a.2b3c.4d5e⟧"],
    "address": [
        "I live at ⟦12 Baker Street⟧, come",
        "⟦12 Baker Street, London NW1 6XE⟧, come",
        "⟦1600 Pennsylvania Avenue⟧",
        "⟦350 W 5th Ave, New York, NY 10118⟧",
        "⟦7 Rose Gardens, Leeds LS1 4AP⟧",
        "at ⟦21 jump street⟧",
        "⟦Hauptstraße 5, 12345 Berlin⟧",
        "⟦hauptstr. 5⟧",
        "⟦Alte Straße 17b⟧",
        "⟦Kirchweg 3⟧ um acht",
        "⟦5 rue de la Paix, 75002 Paris⟧",
        "⟦12 bis avenue Victor Hugo⟧",
        "⟦Calle de Alcalá, 50⟧",
        "⟦Via Roma 5⟧",
        "⟦Keizersgracht 123⟧",
    ],
    "coordinates": [
        "⟦52.5200, 13.4050⟧",
        "we are at ⟦-33.85678,151.21530⟧!",
        "⟦52°31'12\"N 13°24'18\"E⟧",
        "https://maps.example/@⟦52.5200,13.4050⟧,15z",
    ],
    "id": [
        "ssn ⟦123-45-6789⟧",
        "⟦AB 12 34 56 C⟧",
        "cpf ⟦529.982.247-25⟧",
        "⟦12345678Z⟧",
        "⟦RSSMRA85T10A562S⟧",
        "⟦131052-308T⟧",
        "⟦255081416802538⟧",
        "Steuer-ID: ⟦86 095 742 719⟧",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "text"), [(type_, text) for type_, texts in FOUND.items() for text in texts]
)
def test_a_secret_becomes_a_placeholder(type_: str, text: str) -> None:
    check(text)
    assert types(text) == [type_]


def test_there_is_a_table_for_every_type() -> None:
    assert FOUND.keys() == set(TYPES)


@pytest.mark.parametrize(
    "text",
    [
        # dates, times, prices, counts
        "on 05.07.2006 12:30 we met",
        "2006-07-05 12:00:11",
        "02-03-2006 04-05-2007",
        "[12:30:45] hi",
        "1996-2003, 10.000.000,00 €",
        "it costs 1,234,567.89 or 12 000 000",
        "in 1720000000 or 1720000000000",
        "karma +10000000",
        "0.171 1234567",
        "10110110 0100100110 1101",
        # bugs, versions, builds, hashes, ids
        "bug 0123456, LP #1234567",
        "https://bugs.example/ubuntu/+bug/1234567890",
        "id422663827",
        "1:2.6.15.23-0ubuntu1",
        "version 1.2.3.4 of it",
        "Firefox 1.5.0.4, then 3.0.19",
        "linux-image-2.6.15.23, Flash 9.0.115.0",
        "0.0.0.0 127.0.0.1 255.255.255.0",
        "1.2.3.4.5 and 300.1.1.1",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "550e8400-e29b-41d4-a716-446655440000",
        "<@123456789012345678>",
        "4111 1111 1111 1112",
        "4111 11 1111 1111 11",
        "DE89370400440532013001",
        "123456789012345",
        "ST320413A",
        "000-12-3456 or 123-00-4567",
        "12345678A",
        # code and addresses that are none
        "std::vector<a::b>",
        "ab::cd and ::1",
        "git@github.com:ada/tea.git",
        "icon@2x.png, getty@tty1.service",
        "chacha20-poly1305@openssh.com",
        "look at example dot",
        "sk-learn-is-a-very-long-library-name",
        "AVeryLongClassNameThatNobodyCouldEverWantToReadTwice",
        "/usr/share/doc/some-package/Examples/README2.txt.gz",
        "https://x.example/?key=hello&page=2",
        "sid=05/05/09/1846213",
        "https://example.org/path/2024",
        # talk about passwords
        "password: I forgot it",
        "the password is wrong",
        "what is the password?",
        "password: <yours>",
        "passwd: compat",
        "pass: no",
        "token: see the docs",
        "/msg nickserv identify <password>",
        "/msg nickserv identify your_password",
        "/msg nickserv register PASSWORD EMAIL",
        "you need to identify with nickserv first",
        "/msg nickserv help register",
        "my python script, every time I'm login ?",
        "pin 4 and pin 13",
        # no streets
        "1 Hard Drive",
        "2 hours down the road",
        "Platz 3, Arbeitsplatz 5",
        "I kept hearing 2048, sharing 2 files, string 1",
        "5 minutes per street",
        "1.2345, 6.78",
        "123.4567, 12.3456",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "order", ["/msg NickServ identify", "/ns id", "/oper ada", "nickserv auth"]
)
def test_what_the_importer_of_irc_hides_is_the_same(order: str) -> None:
    text = f"{order} hunter2"
    assert without_passwords(text) == redact(text) != text
    assert without_passwords(redact(text)) == redact(text)


def test_several_in_one_text_each_get_their_own() -> None:
    text = "Bo: 415-555-2671, 415-555-2672 or bo@example.org (84.56.12.1)"
    assert redact(text) == "Bo: [phone], [phone] or [email] ([ip])"


# --- whatever the text ----------------------------------------------------------------------------

secrets = st.sampled_from(
    [t.replace("⟦", "").replace("⟧", "") for texts in FOUND.values() for t in texts]
)
placeholders = st.sampled_from([f"[{type_}]" for type_ in TYPES])
pieces = st.one_of(
    secrets,
    placeholders,
    st.text(max_size=12),
    st.text("0123456789 .-:/+()@=", max_size=25),
    st.sampled_from([" ", "\n", ", ", "-", "password: ", "call ", "is ", "/ns id ", "?token="]),
)
texts = st.lists(pieces, max_size=8).map("".join)


@settings(deadline=None, max_examples=400)
@given(texts)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@settings(deadline=None, max_examples=200)
@given(st.lists(placeholders | st.text("abcdxyz,.!?", max_size=8), max_size=8).map(" ".join))
def test_placeholders_survive(text: str) -> None:
    assert redact(text) == text
    assert redact(f"{text} ada@example.org") == f"{text} [email]"


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=["Nd"], exclude_characters="@=:>"), max_size=80))
def test_a_text_without_digits_and_signs_is_unchanged(text: str) -> None:
    assert redact(f"so {text}") == f"so {text}"


HOSTILE = (
    *("1", "1 ", "1-", "1.", "1.2.3.4 ", "84.56.12.1 ", "a@", "@", "a@b.", "+1", "+1 "),
    *("+491 ", "(", "(0)", "00 1", "01 ", "0", "ab:", "::", ":1", "aa:bb:cc:", "12 Aa "),
    *("1 Aa Street ", "Aa Str. ", "aastra\xdfe", "Stra\xdfe 1 ", "rue ", "1 rue de "),
    *("Via Aa ", "C/", "-", "----", "eyJ", "eyJ-", "sk-", "-----BEGIN PRIVATE KEY-----"),
    *("-----END PRIVATE KEY----- -----BEGIN PRIVATE KEY-----a", "eyJaaaaaaaa1.", "ghp_1"),
    *("xoxb-1", "/msg nickserv identify ", "/msg ", "nickserv ", "/ns id ", "password: "),
    *("password is 1 ", "pass=", "pw:'1", "secret = 1", "?token=", "?key=1", "a://a:"),
    *("1.2345,", "1°1'", "DE89", "DE89 3704 ", "AB12", "4111 ", "123-45-", "tel 1"),
    *("call me at 1 ", " dot ", "a at b dot ", "[at]", "bearer 1"),
    *("discord.com/api/webhooks/1", "aB3", "aB3/", "\u0660", "pin: 1", "tax 1", "X1", "1\n"),
    *(" ", "[phone]", "é", "田中1"),
)  # fmt: skip


@pytest.mark.parametrize("seed", HOSTILE, ids=repr)
def test_a_long_text_made_to_be_slow_is_not(seed: str) -> None:
    """100,000 characters, each rule by itself, in processor time: a busy machine is no fault."""
    text = (seed * 100_000)[:100_000] + "!"
    for rule in RULES:
        began = time.process_time()
        if rule.may(text):
            for found in rule.pattern.finditer(text):
                rule.check(found)
        assert time.process_time() - began < 0.2, rule.pattern.pattern

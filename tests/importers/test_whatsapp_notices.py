"""WhatsApp's notices: with a colon, under a group's name, in any language."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import read

from chatmimic.records import Kind

CHAT = """\
22/08/23, 14:42 - Tove: kettle
22/08/23, 14:43 - ~ Mira: on
22/08/23, 14:43 - Ann: so it is
23/08/23, 14:44 - {}
31/08/23, 14:45 - Tove: fine
"""


@pytest.mark.parametrize(
    "notice",
    [
        "+44 7700 900123 added you to a group in the community: Harbour Folk",
        "Ingrid added you to a group in the community: Harbour Folk",
        "You joined a group via invite in the community: Harbour Folk",
        "Tove requested to add: Nils",
        "Mira added the event: tea at five",
        "Group created by Ingrid: welcome",
        "\u202a+44\u00a07700\u00a0900123\u202c hat hinzugefügt: Nils",
        'Ingrid changed the group name from "Tea: green" to "Tea: black"',
        'Ingrid set the mood to "Tea: 5 o\'clock"',
        'Tove "Çay: yeşil" grubunu oluşturdu',
        "Tove muutti ryhmän nimeksi ”Tee: vihreä”",
        "Tove ändrade gruppens namn från ”Te: grönt” till ”Te”",
        "Tove gav gruppen navnet »Te: grøn«",
        "Tove gav gruppen navnet »Te: grøn»",
        "Mira « Çay : yeşil : siyah » grubunu oluşturdu",
        "Ingrid a rejoint le groupe depuis la communauté : Port",
        "Ingrid te añadió al grupo desde la comunidad: Puerto",
        "Ingrid adicionou você a um grupo na comunidade: Porto",
        "Ingrid ist der Gruppe über die Community beigetreten: Hafen",
        "Ingrid heeft je toegevoegd aan een groep in de community: Haven",
        "Ingrid hat die Gruppe „Tee: grün“ erstellt.",
        "Ingrid hat den Namen von „Tee: grün“ zu „Tee“ geändert.",
        "Ingrid cambió el asunto del grupo a: té",
        "Ingrid a changé le sujet en « Thé : vert: fort »",
        "Ingrid已將群組名稱從「茶: 綠」改為「茶」",
        "Tove hat hinzugefügt: Nils",
        "Tove изменила что-то: чай",
        "Tove vous a ajouté(e) à un groupe de la communauté : Port",
        "Tove ti ha aggiunto a un gruppo della community: Porto",
        "Tove sizi topluluktaki bir gruba ekledi: Liman",
        "Tove lisäsi sinut ryhmään yhteisössä: Satama",
        "Tove vás přidala do skupiny v komunitě: Přístav",
    ],
)
def test_a_notice_with_a_colon_is_nobody_s(notice: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT.format(notice), "utf-8")
    messages, report = read(path, tz="UTC")
    assert {message.sender for message in messages} == {"Tove", "Mira", "Ann", ""}
    assert (report.kept, report.left_out) == (4, {"system": 1})


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("Ann Marie: hi", "Ann Marie", "hi"),  # another person, who spoke once
        ("Tove work: hi", "Tove work", "hi"),
        ('Bo "the: tea" Berg: hi', 'Bo "the', 'tea" Berg: hi'),  # nobody who speaks here
        ("Tove van Dam: hi", "Tove van Dam", "hi"),
        ("Tove from the tea shop: hi", "Tove from the tea shop", "hi"),
        ("Tove der Nachbar von Nils Berg: hi", "Tove der Nachbar von Nils Berg", "hi"),
        ('Nils 5": the rod', 'Nils 5"', "the rod"),
        ('Nils "Boat" Berg: he said "no"', 'Nils "Boat" Berg', 'he said "no"'),
        ("+44 7700 900124: hi", "+44 7700 900124", "hi"),
        ("Tove: Tove added sugar, he said", "Tove", "Tove added sugar, he said"),
        ("Tove: Mira left", "Tove", "Mira left"),
        ("Ann: You're now an admin", "Ann", "You're now an admin"),
        ("Nils: added: one cup", "Nils", "added: one cup"),
        ("Nils:", "Nils", ""),
    ],
)
def test_what_a_person_says_stays_theirs(line: str, name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT.format(line) + "31/08/23, 14:46 - Nils: hm\n", "utf-8")
    message = read(path, tz="UTC")[0][3]
    assert (message.sender, message.text) == (name, text)


def test_the_name_of_a_group_is_nobody_s(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat - Boat Club.txt"
    told = [
        ("Boat Club", "Messages and calls are end-to-end encrypted. No one outside can read them."),
        ("Nils", "Nils created group “Boat Club”"),
        ("Boat Club", "Nils added you"),
        ("Nils", "Nils changed this group's icon"),
        ("Boat Club", "You're now an admin"),
    ]
    said = [("Nils", "who brings the oars"), ("Mira", "i do"), ("Nils", "Nils left? no, he said")]
    rows = [f"[31.08.24, 21:00:10] {name}: {text}\n" for name, text in told + said]
    path.write_text("".join(rows), "utf-8")
    messages, report = read(path, tz="UTC")
    assert [(m.sender, m.text) for m in messages[5:]] == said
    assert {m.kind for m in messages[:5]} == {Kind.SYSTEM}
    assert report.left_out == {"system": 5}


def test_the_name_of_a_group_is_known_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat - Kayak.txt"
    rows = ["Kayak: Nils heeft iedereen verrast", "Nils: ja", "Mira: nee", "Nils: Mira is dat waar"]
    path.write_text("".join(f"[31.08.24, 21:00:10] {row}\n" for row in rows), "utf-8")
    assert [m.sender for m in read(path, tz="UTC")[0]] == ["", "Nils", "Mira", "Nils"]


def test_a_group_that_encryption_is_told_of_is_nobody_s(tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    told = ["Сообщения и звонки защищены сквозным шифрованием.", "Nils создал(а) группу «Лодка»"]
    rows = [*(f"Лодка: {one}" for one in told), "Nils: кто", "Mira: я", "Nils: Mira да"]
    path.write_text("".join(f"[31.08.24, 21:00:10] {row}\n" for row in rows), "utf-8")
    assert [m.sender for m in read(path, tz="UTC")[0]] == ["", "", "Nils", "Mira", "Nils"]


def test_a_chat_with_one_person_is_named_after_them(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat - Nils.txt"
    path.write_text("[31.08.24, 21:00:10] Nils: Mira left\n[31.08.24, 21:00:11] Mira: no\n")
    assert [m.sender for m in read(path, tz="UTC")[0]] == ["Nils", "Mira"]

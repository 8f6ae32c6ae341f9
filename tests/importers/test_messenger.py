"""Messenger: what its own sentences are, and threads that come in two exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.messenger.system_sentences import kind_of_sentence
from chatmimic.importers.parsing.dates.chronological import oldest_first
from chatmimic.records import Kind, Message

EXPORTS = Path(__file__).parent / "exports"


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Ada sent an attachment.", Kind.MEDIA),
        ("You sent a photo.", Kind.MEDIA),
        ("xX_ada sent a voice message.", Kind.MEDIA),
        ("Ada sent a live location.", Kind.MEDIA),
        ("Ada named the group Engines.", Kind.SYSTEM),
        ("Ada changed the group photo.", Kind.SYSTEM),
        ("Ada changed the theme to Love.", Kind.SYSTEM),
        ("Ada set the nickname for Grace to Admiral.", Kind.SYSTEM),
        ("Grace set her own nickname to Admiral.", Kind.SYSTEM),
        ("Ada added Grace and Ivan to the group.", Kind.SYSTEM),
        ("Ada left the group.", Kind.SYSTEM),
        ("Ada removed Ivan from the group.", Kind.SYSTEM),
        ("Reacted 😆 to your message ", Kind.SYSTEM),
        ("Ada reacted 😆 to your message ", Kind.SYSTEM),
        ("Ada pinned a message.", Kind.SYSTEM),
        ("You unsent a message", Kind.DELETED),
        ("Ada started a video chat.", Kind.CALL),
        ("Ada started a call.", Kind.CALL),
        ("Ada joined the video chat.", Kind.CALL),
        ("The video chat ended.", Kind.CALL),
        ("Ada missed your call.", Kind.CALL),
        ("You missed a video call from Ada.", Kind.CALL),
        ("Ada called you.", Kind.CALL),
        ("You are now connected on Messenger.", Kind.SYSTEM),
        ("Say hi to your new Facebook friend, Ada.", Kind.SYSTEM),
        ("Ada created a poll: Lunch?", Kind.SYSTEM),
        ("Ada voted for Pizza.", Kind.SYSTEM),
        ("This poll is no longer available.", Kind.SYSTEM),
        ("Click for video", Kind.MEDIA),
        ("Ada Lovelace called Grace.", Kind.CALL),
        ("You called Grace.", Kind.CALL),
        ("You can now message and call each other.", Kind.SYSTEM),
        (
            "You can now message and call each other and see info like Active Status and when "
            "you've read messages.",
            Kind.SYSTEM,
        ),
        ("Bo's poll has multiple updates.", Kind.SYSTEM),
        ("Your poll has multiple updates.", Kind.SYSTEM),
        ('Bo added "today" to the poll.', Kind.SYSTEM),
        ('Bo added "today" and 2 other options to the poll.', Kind.SYSTEM),
        ('Bo voted for "today" in the poll.', Kind.SYSTEM),
        ('Bo removed their vote for "today" and 1 other option in the poll.', Kind.SYSTEM),
        ('You changed your vote to "today" in the poll.', Kind.SYSTEM),
        ("A poll has been unsent.", Kind.SYSTEM),
        ('Bo changed the theme using AI to "Tea".', Kind.SYSTEM),
        ('Bo changed the theme using AI to "Tea" 🫖.', Kind.SYSTEM),
        (
            "Bo turned on disappearing messages. Messages will disappear 24 hours after they're "
            "sent.",
            Kind.SYSTEM,
        ),
        ("Disappearing messages were turned off.", Kind.SYSTEM),
        (
            "Bo changed disappearing messages. Messages will disappear 1 hour after they're sent.",
            Kind.SYSTEM,
        ),
        ("Ada took a screenshot.", Kind.SYSTEM),
        ("You took a screenshot.", Kind.SYSTEM),
        ("A screenshot was taken.", Kind.SYSTEM),
        ("Ada recorded the screen.", Kind.SYSTEM),
        ("Bo sent a contact card.", Kind.MEDIA),
        ("Bo sent an event.", Kind.MEDIA),
        ("Sent a reel", Kind.MEDIA),
        ("Sent a story highlight", Kind.MEDIA),
        ("Sent a voice message", Kind.MEDIA),
        ("Ada shared a post", Kind.MEDIA),
        ("Attachment unavailable", Kind.MEDIA),
        ("This story is no longer available.", Kind.MEDIA),
        ("Mentioned you in their story", Kind.SYSTEM),
        ("Mentioned you in a story", Kind.SYSTEM),
        ("Ada mentioned you in their story", Kind.SYSTEM),
        ("You mentioned @bo.spout in your story.", Kind.SYSTEM),
        ("Replied to your story", Kind.SYSTEM),
        ("Reacted to your story", Kind.SYSTEM),
        ("Reacted 😆 to your story", Kind.SYSTEM),
        ("You replied to their story", Kind.SYSTEM),
        ("Ada missed a video chat with you", Kind.CALL),
        ("You missed a video chat with Bo", Kind.CALL),
        ("A contact missed your audio call.", Kind.CALL),
        ("You started sharing video.", Kind.CALL),
        (
            "Bo added Ada to the group. They can only see messages sent after they were added.",
            Kind.SYSTEM,
        ),
        (
            "Someone added you and Bo to the group. You can only see messages sent after you were "
            "added.",
            Kind.SYSTEM,
        ),
        ("Bo is no longer an admin.", Kind.SYSTEM),
        ("Bo added Ada as a group admin.", Kind.SYSTEM),
        ("Bo changed who can add people to admins only.", Kind.SYSTEM),
        ("Bo turned off message sharing permissions for this chat.", Kind.SYSTEM),
        (
            "New messages and calls are secured with end-to-end encryption. Only people in this "
            "chat can read, listen to, or share them.",
            Kind.SYSTEM,
        ),
        ("Your other chat with Bo was archived.", Kind.SYSTEM),
        ("Bo's key has changed.", Kind.SYSTEM),
        ("You added a new device to this conversation.", Kind.SYSTEM),
        ("Ada hat einen Anhang gesendet.", Kind.MEDIA),
        ("Ada a envoyé une pièce jointe.", Kind.MEDIA),
        ("Bo enviou um anexo.", Kind.MEDIA),
        ("A aimé un message", Kind.SYSTEM),
        ("Ada gefällt eine Nachricht", Kind.SYSTEM),
        ("Le gustó un mensaje", Kind.SYSTEM),
        ("Curtiu uma mensagem", Kind.SYSTEM),
        ("Hat mit ❤️ auf deine Nachricht reagiert ", Kind.SYSTEM),
        ("A réagi 😂 à votre message ", Kind.SYSTEM),
        ("Reagiu 😂 à sua mensagem ", Kind.SYSTEM),
        ("Hat mit Wut auf deine Nachricht reagiert", None),
        ("Ada hat die Gruppe verlassen.", Kind.SYSTEM),
        ("Du hast Bo zur Gruppe hinzugefügt.", Kind.SYSTEM),
        ("Ada hat das Thema zu Tee geändert.", Kind.SYSTEM),
        ("Bo a quitté le groupe.", Kind.SYSTEM),
        ("Vous avez ajouté Bo au groupe.", Kind.SYSTEM),
        ("Ada cambió el tema a Té.", Kind.SYSTEM),
        ("Bo saiu do grupo.", Kind.SYSTEM),
        ("Ada ha aggiunto Bo al gruppo.", Kind.SYSTEM),
        ("Bo heeft de groep verlaten.", Kind.SYSTEM),
        ("Ada lämnade gruppen.", Kind.SYSTEM),
        ("Bo opuścił grupę.", Kind.SYSTEM),
        ("Il a quitté le groupe.", None),
        ("Er hat die Gruppe verlassen.", None),
        ("Ada hat das Haus verlassen.", None),
        ("Bo saiu do grupo e foi para casa.", None),
        ("Ada ha cambiato il tè.", None),
        ("You waved at each other!", Kind.SYSTEM),
        ("Ada waved at you.", Kind.SYSTEM),
        ("Bo waved at the boat.", None),
        ("Ada responded Going to Tea.", Kind.SYSTEM),
        ("Ada responded to the letter.", None),
        ("Ada left the call.", Kind.CALL),
        ("Audio call started", Kind.CALL),
        ("Reacted to your note: 😂", Kind.SYSTEM),
        ("Reacted to your note: lovely", None),
        ("il a envoyé une pièce jointe", None),
        ("You added Bo Spout on Messenger.", Kind.SYSTEM),
        ("Ada took a screenshot of the chat.", Kind.SYSTEM),
        ("Ada started sharing their location.", Kind.SYSTEM),
        ("Replied to your note", Kind.SYSTEM),
        ("This content is no longer available", Kind.MEDIA),
        ("Bo took a screenshot.", None),
        ("Bo voted for Biscuits.", None),
        ("Bo mentioned you in a story", None),
        ("You took a screenshot", None),
        ("You changed the theme to pink", None),
        ("You can now message each other, finally", None),
        ("Bo turned on disappearing messages and I hate it", None),
        ("Bo turned on disappearing messages. why though", None),
        ("Bo changed his nickname again lol", None),
        ("Bo changed the group photo again", None),
        ("those word effects are cool", None),
        ("Sorry missed your call.", None),
        ("Replied to your story: nice hat", None),
        ("this story is no longer available in shops", None),
        ("Sent a photo to Bo yesterday", None),
        ("the poll has multiple updates", None),
        ("Bo joined the call", None),
        ("Just joined the call.", None),
        ("It's called source integration, baby.", None),
        ("/me bristles at being called unstable, but it's true.", None),
        ("Hat auf deine Story geantwortet", Kind.SYSTEM),
        ("Hat mit 😂 auf deine Story reagiert", Kind.SYSTEM),
        ("A répondu à votre story", Kind.SYSTEM),
        ("Reaccionó ❤ a tu historia", Kind.SYSTEM),
        ("Te mencionó en su historia", Kind.SYSTEM),
        ("Respondeu ao seu story", Kind.SYSTEM),
        ("Ha risposto alla tua storia", Kind.SYSTEM),
        ("Hat ein Foto gesendet.", Kind.MEDIA),
        ("A envoyé une photo.", Kind.MEDIA),
        ("Envió una foto", Kind.MEDIA),
        ("Enviou uma mensagem de voz", Kind.MEDIA),
        ("Ha inviato un reel", Kind.MEDIA),
        ("Shared a story", Kind.MEDIA),
        ("Hat er ein Foto gesendet?", None),
        ("A envoyé une photo de son chat", None),
        ("Te mencionó en su historia, viste", None),
        ("Ada took a screen recording.", Kind.SYSTEM),
        ("Ada shared a contact.", Kind.SYSTEM),
        ("Ada created a plan.", Kind.SYSTEM),
        ("Ada closed the poll.", Kind.SYSTEM),
        ("Ada used AI to change the theme to Tea.", Kind.SYSTEM),
        ("Ada is using Meta AI to create an image.", Kind.SYSTEM),
        ("You mentioned Bo in your story.", Kind.SYSTEM),
        ("Ada set the chat wallpaper.", Kind.SYSTEM),
        ("Bo created a plan.", None),
        ("Bo took a screen recording.", None),
        ("Ada created a mess.", None),
        ("Ada left the kettle on.", None),
        ("Ada changed her mind about the plan and left.", None),
        ("Ada used AI for her essay.", None),
        ("Ada hat die Umfrage erstellt: Wann?", Kind.SYSTEM),
        ("Ada hat eine Umfrage erstellt: Wann.", Kind.SYSTEM),
        ("Ada hat für „heute“ gestimmt.", Kind.SYSTEM),
        ("Bo hat für die Grünen gestimmt.", None),
        ("Ada hat mit ❤ auf deine Nachricht reagiert", Kind.SYSTEM),
        ("Ada a réagi ❤ à votre message", Kind.SYSTEM),
        ("Ada a créé un sondage.", Kind.SYSTEM),
        ("Ada a défini la réaction rapide sur ☕.", Kind.SYSTEM),
        ("Marie a voté pour Anne.", None),
        ("Ada reaccionó con ❤ a tu mensaje", Kind.SYSTEM),
        ("Ada te mencionó en su historia.", Kind.SYSTEM),
        ('Ada votó por "hoy" en la encuesta.', Kind.SYSTEM),
        ("Ada estableció el apodo de Bo como Mate.", Kind.SYSTEM),
        ("Ada mencionou você em um story.", Kind.SYSTEM),
        ("Ada ha creato un sondaggio.", Kind.SYSTEM),
        ("Ada ha bevuto il tè.", None),
        ("She left the group.", None),
        ("my boss named the group Winners.", None),
        ("he called you.", None),
        ("I sent an attachment yesterday, did you see", None),
        ("sent", None),
        ("the call ended so I left", None),
        ("Ada", None),
        ("x" * 100_000 + " called you.", None),
    ],
)
def test_sentences(sentence: str, kind: Kind | None) -> None:
    assert kind_of_sentence(sentence, "Ada Lovelace") == kind


def export(folder: Path, *messages: dict[str, Any], title: str = "Grace Hopper") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    people = [{"name": "Ada Lovelace"}, {"name": "Grace Hopper"}, {"name": "Will Power"}]
    whole = {"participants": people, "messages": list(messages), "title": title}
    path = folder / "message_1.json"
    path.write_text(json.dumps(whole | {"thread_path": f"inbox/{folder.name}"}))
    return path


def said(sender: str, text: str, at: int) -> dict[str, Any]:
    return {"sender_name": sender, "content": text, "timestamp_ms": 1_700_000_000_000 + at}


def read(path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(), report)), report


@pytest.mark.parametrize(
    ("sender", "texts", "system"),
    [
        ("Ada Lovelace", ["Ada đã gửi một tệp."] * 3, 3),
        ("Ada Lovelace", ["Ada đã gửi một tệp."] * 2, 0),
        ("Ada Lovelace", ["Bạn đã gọi cho Grace Hopper."] * 4, 4),
        ("Ada Lovelace", [f"Bạn đã gọi cho {n}." for n in ("Grace Hopper", "Will Power")] * 2, 4),
        ("Ada Lovelace", ["AdaさんがアンケートをAに変更しました。"] * 3, 3),
        (
            "Ada Lovelace",
            [f"Ada hat „{one}“ zur Umfrage hinzugefügt." for one in ("Tee", "Kaffee", "Kakao")],
            3,
        ),
        ("Will Power", ["Will you come over?"] * 5, 0),
        ("Ada Lovelace", ["goodnight Grace"] * 5, 0),
        ("Ada Lovelace", ["ok"] * 5, 0),
    ],
)
def test_repeated_sentences_of_other_languages(
    sender: str, texts: list[str], system: int, tmp_path: Path
) -> None:
    records = [said(sender, text, at) for at, text in enumerate(texts)]
    messages, report = read(export(tmp_path / "grace_1", *records))
    assert len(messages) == len(texts)
    assert report.left_out["system"] == system
    assert report.kept == len(texts) - system


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ada hat einen Anhang gesendet.", Kind.MEDIA),
        ("Ada Lovelace a envoyé une pièce jointe.", Kind.MEDIA),
        ("Adaさんが添付ファイルを送信しました。", Kind.MEDIA),
        ("Ada as a child", Kind.TEXT),
        ("Adam was here.", Kind.TEXT),
        ("Grace in the garden.", Kind.TEXT),
        ("Ada wrote this: https://example.org/a.", Kind.TEXT),
        ("my new hat.", Kind.TEXT),
    ],
)
def test_an_attachment_shows_whose_words_stand_beside_it(
    text: str, kind: Kind, tmp_path: Path
) -> None:
    record = said("Ada Lovelace", text, 1) | {"share": {"link": "https://example.org/a"}}
    (message,), _ = read(export(tmp_path / "grace_1", record))
    assert message.kind is kind


def test_what_a_type_says_is_believed(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", "Ada đã gửi.", n) | {"type": "Generic"} for n in range(4)]
    assert read(export(tmp_path / "grace_1", *records))[1].kept == 4


def test_parts_are_read_as_one_thread_however_they_are_numbered(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Ada Lovelace", "newest", 9))
    for number in (2, 10):
        export(tmp_path / "grace_1", said("Ada Lovelace", f"part {number}", 9 - number)).rename(
            path.with_name(f"message_{number}.json")
        )
    export(tmp_path / "grace_1", said("Ada Lovelace", "newest", 9))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["part 10", "part 2", "newest"]
    assert {m.thread for m in messages} == {"Grace Hopper"}
    assert report.repairs == {}


def test_two_exports_in_one_folder_give_each_message_once(tmp_path: Path) -> None:
    old = [said("Ada Lovelace", "hi", 1), said("Ada Lovelace", "hi", 1)]
    export(tmp_path / "2023/messages/inbox/grace_1", *old)
    export(tmp_path / "2024/messages/inbox/grace_1", *old, said("Grace Hopper", "new", 2))
    messages, report = read(tmp_path)
    assert sorted(m.text for m in messages) == ["hi", "hi", "new"]
    assert report.left_out == {"duplicate": 2}


def test_threads_without_a_title_of_their_own_stay_apart(tmp_path: Path) -> None:
    export(tmp_path / "a_1", said("Facebook user", "x", 1), title="Facebook user")
    export(tmp_path / "b_2", said("Facebook user", "y", 1), title="Facebook user")
    messages, _ = read(tmp_path)
    assert {m.thread for m in messages} == {"inbox/a_1", "inbox/b_2"}
    assert len({m.sender_key for m in messages}) == 2


def test_threads_of_one_title_are_said_to_be_read_as_one(tmp_path: Path) -> None:
    export(tmp_path / "a_1", said("Ada Lovelace", "x", 1))
    export(tmp_path / "b_2", said("Ada Lovelace", "y", 1))
    _, report = read(tmp_path)
    assert any('2 threads are titled "Grace Hopper"' in note for note in report.notes)


def test_both_exports_of_a_thread_have_one_key_wherever_they_are_read(tmp_path: Path) -> None:
    dyi, _ = read(EXPORTS / "messenger-both/dyi")
    encrypted, _ = read(EXPORTS / "messenger-both/e2ee")
    shared = {(m.service, m.thread, m.sent_at, m.sender, m.text) for m in dyi}
    shared &= {(m.service, m.thread, m.sent_at, m.sender, m.text) for m in encrypted}
    assert [key[-1] for key in shared] == ["café?"]
    alone = tmp_path / "message_1.json"
    shutil.copy(EXPORTS / "messenger-both/dyi/messages/inbox/grace_7/message_1.json", alone)
    assert [m.thread for m in read(alone)[0]] == ["Grace Hopper"] * 2


def test_a_long_thread_is_titled_by_its_end(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", f'line {n} says "title": "no"', -n) for n in range(2000)]
    path = export(tmp_path / "grace_1", *records)
    assert path.stat().st_size > 3 * 65536
    messages, report = read(path)
    assert {m.thread for m in messages} == {"Grace Hopper"}
    assert report.kept == 2000


def test_times_against_the_direction_of_the_file_are_counted(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", str(n), at) for n, at in enumerate([9, 8, 12, 7, 6])]
    assert read(export(tmp_path / "grace_1", *records))[1].repairs == {"out of order": 1}


def test_a_part_cut_short_borrows_the_title_of_the_others(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Ada Lovelace", "second", 2))
    whole = path.read_text()
    path.with_name("message_2.json").write_text(whole[: whole.index('"timestamp_ms": 17') + 40])
    options, report = ImportOptions(allow_truncated=True), ImportReport()
    messages = list(read_exports(tmp_path, options, report))
    assert {m.thread for m in messages} == {"Grace Hopper"}
    path.write_text(whole[: whole.index('"title"')])
    path.with_name("message_2.json").unlink()
    messages = list(read_exports(tmp_path, options, report))
    assert {m.thread for m in messages} == {"grace"}
    assert any('the thread is called "grace"' in note for note in report.notes)


# --- what the downloads of all years have ---


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.TEXT),
        ({"is_unsent": False, "is_taken_down": False, "ip": "1.2.3.4"}, Kind.TEXT),
        ({"is_unsent": True, "content": None}, Kind.DELETED),
        ({"is_taken_down": True}, Kind.DELETED),
        ({"type": "Generic"}, Kind.TEXT),
        ({"type": "Share", "share": {"link": "https://example.org"}}, Kind.TEXT),
        ({"content": None, "share": {"link": "x", "share_text": "somebody's"}}, Kind.MEDIA),
        ({"content": None, "sticker": {"uri": "x", "ai_stickers": []}}, Kind.MEDIA),
        ({"content": None, "gifs": [{"uri": "https://example.org/x.gif"}]}, Kind.MEDIA),
        ({"content": None, "audio_files": [{"uri": "x", "creation_timestamp": 1}]}, Kind.MEDIA),
        ({"content": None}, Kind.OTHER),
        ({"type": "Call", "call_duration": 0}, Kind.CALL),
        ({"call_duration": 62, "content": "Ada hat dich angerufen."}, Kind.CALL),
        ({"missed": True}, Kind.CALL),
        ({"type": "Subscribe", "users": [{"name": "Will Power"}]}, Kind.SYSTEM),
        ({"users": [{"name": "Will Power"}]}, Kind.SYSTEM),
        ({"type": "Payment"}, Kind.OTHER),
        ({"content": 7}, Kind.OTHER),
        ({"content": "Audio call ended"}, Kind.CALL),
        ({"content": "Video chat ended"}, Kind.CALL),
        ({"content": "Liked a message"}, Kind.SYSTEM),
        ({"content": "video chat ended badly for me"}, Kind.TEXT),
    ],
)
def test_records_of_all_years(fields: dict[str, Any], kind: Kind, tmp_path: Path) -> None:
    record = {k: v for k, v in (said("Bo", "hi", 1) | fields).items() if v is not None}
    assert [m.kind for m in read(export(tmp_path / "grace_1", record))[0]] == [kind]


@pytest.mark.parametrize(
    "root",
    [
        "",
        "your_activity_across_facebook/",
        "your_facebook_activity/",
        "facebook-ada-2024-05-01-Xy/",
    ],
)
@pytest.mark.parametrize("section", ["inbox", "archived_threads", "e2ee_cutover", "broadcast"])
def test_threads_are_found_in_every_folder(root: str, section: str, tmp_path: Path) -> None:
    export(tmp_path / f"{root}messages/{section}/grace_1", said("Bo", "hi", 1))
    messages, report = read(tmp_path)
    assert [(m.service, m.text) for m in messages] == [("messenger", "hi")]
    assert any("may be from Facebook" in note for note in report.notes) == (
        root
        not in (
            "your_activity_across_facebook/",
            "your_facebook_activity/",
            "facebook-ada-2024-05-01-Xy/",
        )
    )


def test_names_beside_the_numbered_ones_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Bo", "newest", 9))
    path.rename(path.with_name("message_final.json"))
    path = export(tmp_path / "grace_1", said("Bo", "oldest", 1))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [m.text for m in read(tmp_path)[0]] == ["oldest", "newest"]


def test_a_file_saved_anew_with_its_names_in_another_order_is_known(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Bo", "hi", 1))
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert [m.text for m in read(path)[0]] == ["hi"]


def test_each_string_is_mended_by_itself(tmp_path: Path) -> None:
    twice = "Zoë ❤".encode().decode("latin-1")
    record = said(twice, "already right: ’ é", 1)
    record["reactions"] = [{"reaction": "😆".encode().decode("latin-1"), "actor": twice}]
    (message,), _ = read(export(tmp_path / "zoe_1", record, title=twice))
    assert (message.sender, message.thread) == ("Zoë ❤", "Zoë ❤")
    assert message.text == "already right: ’ é"
    assert [(r.emoji, r.sender) for r in message.reactions] == [("😆", "Zoë ❤")]


@pytest.mark.parametrize(
    "content",
    [{"support_messages": []}, {"messages": "none", "participants": []}, {"autofill": {}}, []],
)
def test_files_beside_the_threads_are_none(content: Any, tmp_path: Path) -> None:
    export(tmp_path / "messages/inbox/grace_1", said("Bo", "hi", 1))
    (tmp_path / "messages/support_messages.json").write_text(json.dumps(content))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["hi"]
    assert any("support_messages.json" in note for note in report.notes)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([("d", 9), ("x", None), ("c", 5), ("b", 4)], "bcxd"),
        ([("y", None), ("x", None), ("d", 9), ("c", 5)], "cdxy"),
        ([("d", 9), ("z", None), ("y", None), ("c", 5), ("x", None), ("b", 4)], "bxcyzd"),
        ([("b", 4), ("c", 5), ("x", None), ("y", None), ("d", 9)], "bcxyd"),
        ([("d", None), ("c", None), ("b", None), ("a", None)], "abcd"),
    ],
)
def test_messages_without_a_time_keep_their_place(
    written: list[tuple[str, int | None]], shown: str
) -> None:
    messages = [Message("Bo", text, at) for text, at in written]
    placed: list[tuple[int, int, str]] = []
    before = 0  # the archive puts a message without a time after the one before it
    for number, message in enumerate(oldest_first(messages, lambda one: one)):
        before = before if message.sent_at is None else message.sent_at
        placed.append((before, number, message.text))
    assert "".join(text for _, _, text in sorted(placed)) == shown


def test_messages_of_one_millisecond_are_oldest_first(tmp_path: Path) -> None:
    records = [said("Bo", text, at) for text, at in [("d", 9), ("c", 5), ("b", 5), ("a", 5)]]
    messages = sorted(read(export(tmp_path / "grace_1", *records))[0], key=lambda m: m.sent_at or 0)
    assert [m.text for m in messages] == ["a", "b", "c", "d"]

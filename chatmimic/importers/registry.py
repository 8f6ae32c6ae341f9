"""The importers, and detecting which one reads a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import entry_points
from itertools import islice

from chatmimic.errors import ExportError, UnknownFormat
from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.generated import left_out, refuses
from chatmimic.importers.packed import sealed
from chatmimic.importers.parsing.text_lines import MAX_LINE, decoded_head
from chatmimic.importers.sources import HEAD, Source
from chatmimic.importers.streams import Member
from chatmimic.text import visible

GROUP = "chatmimic.importers"  # the entry-point group of third-party importers
SURE_AFTER = 24  # files of a numbered series that are checked before the rest is assumed alike
_NAMED = 10  # archives that were not opened
_SEE_HELP = "`chatmimic import --help` lists what can be read."

# Media and other files, which exports contain by the thousand.
_NOT_TEXT = re.compile(
    r"\.(jpe?g|png|gif|webp|heic|bmp|svg|ico|mp4|mov|avi|mkv|webm|3gp|mp3|m4a|aac|ogg|opus|wav|flac"
    r"|pdf|docx?|xlsx?|pptx?|od[tsp]|epub|exe|dll|so|apk|jar|css|woff2?|ttf|eot|psd)$",
    re.IGNORECASE,
)
# X writes its archive as scripts; other scripts belong to web pages.
_SCRIPT, _SCRIPT_OF_X = re.compile(r"\.js$", re.IGNORECASE), re.compile(r"\s*window\.\w")


@dataclass(frozen=True)
class ImporterInfo:
    """One line of the list of formats."""

    name: str  # what --format takes
    title: str
    description: str


@lru_cache(maxsize=1)
def importers() -> tuple[Importer, ...]:
    """All importers, the most specific first: built-in ones, then third-party ones."""
    from chatmimic.importers.columns.importer import Columns
    from chatmimic.importers.discord.importer import Discord
    from chatmimic.importers.discord.tracker_database import TrackerDatabase
    from chatmimic.importers.google.importer import Google
    from chatmimic.importers.imessage.exported import ExportedIMessage
    from chatmimic.importers.imessage.importer import IMessage
    from chatmimic.importers.instagram.importer import Instagram
    from chatmimic.importers.irc.importer import Irc
    from chatmimic.importers.kakaotalk.importer import KakaoTalk
    from chatmimic.importers.line.importer import Line
    from chatmimic.importers.matrix.importer import Matrix
    from chatmimic.importers.messenger.importer import Messenger
    from chatmimic.importers.signal.importer import Signal
    from chatmimic.importers.skype.importer import Skype
    from chatmimic.importers.slack.importer import Slack
    from chatmimic.importers.sms.importer import Sms
    from chatmimic.importers.snapchat.importer import Snapchat
    from chatmimic.importers.telegram.importer import Telegram
    from chatmimic.importers.twitter.importer import Twitter
    from chatmimic.importers.ubuntu.importer import Ubuntu
    from chatmimic.importers.viber.importer import Viber
    from chatmimic.importers.wechat.importer import QQ, WeChat
    from chatmimic.importers.whatsapp.importer import WhatsApp

    ours = (Messenger(), Discord(), Telegram(), Slack(), Signal(), Ubuntu())
    texts = (Viber(), KakaoTalk(), Line(), WhatsApp())
    others = (Instagram(), Google(), TrackerDatabase(), Skype(), Snapchat(), Twitter())
    phones = (IMessage(), ExportedIMessage(), Sms(), Matrix(), QQ(), WeChat())
    return (*ours, *others, *phones, *texts, *_registered(), Irc(), Columns())


def _registered() -> Iterator[Importer]:
    for point in entry_points(group=GROUP):
        try:
            made = point.load()()
        except (ImportError, AttributeError, TypeError) as error:
            raise ExportError(
                f'The importer "{point.name}" ({point.value}) cannot be loaded: {error}.',
                "Update or remove its package.",
            ) from error
        yield made


def formats() -> list[ImporterInfo]:
    """The known formats, for `--format` and `--help`."""
    return [ImporterInfo(i.name, i.title, i.description) for i in importers()]


def named(name: str) -> Importer:
    """The importer of that name. Raises UnknownFormat."""
    for importer in importers():
        if importer.name == name:
            return importer
    known = ", ".join(importer.name for importer in importers())
    raise UnknownFormat(f'There is no format called "{name}".', f"--format takes {known}.")


def recognise(context: Context) -> list[tuple[Importer, list[Member]]]:
    """Assign the files of an export to importers, by content.

    Raises UnknownFormat, saying what was examined, if no importer reads any file.
    """
    candidates = list(importers())
    if context.options.format is not None:
        candidates = [named(context.options.format)]
    elif context.options.columns:
        candidates = [named("columns")]
    shares: dict[str, list[Member]] = {importer.name: [] for importer in candidates}
    unrecognised_members: list[tuple[Member, bool]] = []  # unrecognised text files; are they HTML?
    numbered = _NumberedFiles()
    generated = 0
    for member in context.source.members:
        importer = numbered.believed(member)
        if importer is None:
            head = head_of(context, member)
            if head is not None and refuses(head, context):
                generated += 1
                continue
            importer = None if head is None else _recognised(context, candidates, head)
            numbered.add(member, importer)
            if importer is None and head is not None and head.text and not _is_script(member):
                unrecognised_members.append(
                    (member, head.text.lstrip()[:15].lower().startswith(_HTML))
                )
        if importer is not None:
            shares[importer.name].append(member)
    unrecognised = _among_siblings(context, candidates, shares, unrecognised_members)
    found = [(importer, shares[importer.name]) for importer in candidates]
    found = _without_stray_tables([(i, members) for i, members in found if members])
    left_out(generated, context, any_left=bool(found))
    if not found:
        raise _unknown(context, unrecognised)
    unrecognised.tell(context)
    if context.source.unopened:
        context.report.note(_unopened(context.source.unopened))
    for sentence in _not_read(context.source):
        context.report.note(sentence)
    return found


def _not_read(source: Source) -> Iterator[str]:
    """Sentences on the folders that could not be read and the links that were not followed."""
    if source.unread:
        folders = "folder" if len(source.unread) == 1 else "folders"
        some = [f"{visible(name)} ({why})" for name, why in islice(source.unread.items(), _NAMED)]
        more = ", …" if len(source.unread) > _NAMED else ""
        yield f"{len(source.unread):,} {folders} could not be read: {', '.join(some)}{more}."
    if source.unfollowed:
        were = "link was" if source.unfollowed == 1 else "links were"
        yield f"{source.unfollowed:,} {were} not followed (pipes and devices count as links)."


def _recognised(context: Context, candidates: Sequence[Importer], head: Head) -> Importer | None:
    """The importer of a file, which may begin with a message that is longer than its head."""
    found = _first(candidates, head)
    if found is not None or head.first not in ("{", "[") or len(head.data) < HEAD:
        return found
    data = context.source.head(head.member, MAX_LINE)
    longer = replace(head, data=data, text=decoded_head(data) or "")
    return next((one for one in candidates if not one.magic and one.guesses(longer)), None)


def _first(candidates: Sequence[Importer], head: Head) -> Importer | None:
    """The importer of a file: by the format it names, else by content, else by guess."""
    may_ask = [one for one in candidates if _may_ask(one, head)]
    return (
        next((one for one in may_ask if one.announces(head)), None)
        or next((one for one in may_ask if one.knows(head)), None)
        or next((one for one in may_ask if one.guesses(head)), None)
    )


def _among_siblings(
    context: Context,
    candidates: Sequence[Importer],
    shares: dict[str, list[Member]],
    unrecognised_members: Sequence[tuple[Member, bool]],
) -> _Unrecognised:
    """Assign unrecognised files to the importer of their siblings, if it accepts them."""
    theirs = (
        {_siblings(m): one for one in candidates for m in shares[one.name]}
        if unrecognised_members
        else {}
    )
    unrecognised = _Unrecognised()
    for member, is_page in unrecognised_members:
        importer = theirs.get(_siblings(member))
        head = None if importer is None else head_of(context, member)
        if importer is not None and head is not None and importer.knows_beside(head):
            shares[importer.name].append(member)
        else:
            unrecognised.add(member, is_page)
    return unrecognised


def _siblings(member: Member) -> tuple[str, str]:
    """The key of files in one folder, or in similarly named folders."""
    folder, _, name = _shape(member).rpartition("/")
    return folder, name.rpartition(".")[2]


def _may_ask(importer: Importer, head: Head) -> bool:
    """Whether an importer can read such a file: text, or binary with its magic."""
    return head.data.startswith(importer.magic) if importer.magic else bool(head.text)


def _without_stray_tables(
    found: list[tuple[Importer, list[Member]]],
) -> list[tuple[Importer, list[Member]]]:
    """Drop tables beside the files of a chat service: they are not messages."""
    own = [(importer, members) for importer, members in found if importer.name != "columns"]
    return own or found


def head_of(context: Context, member: Member) -> Head | None:
    """The beginning of a file, decoded; None for files that certainly cannot be read."""
    alone = len(context.source.members) == 1
    if not alone and _NOT_TEXT.search(member.name):
        return None
    data = context.source.head(member)
    why = sealed(member.name, data)
    if why:
        context.source.unopened[member.name] = why
        return None
    binary = any(one.magic and data.startswith(one.magic) for one in importers())
    text = "" if binary else decoded_head(data) or ""
    if not binary and not text.strip():
        return None
    if not alone and _is_script(member) and not _SCRIPT_OF_X.match(text):
        return None
    return Head(member, data, text, bool(context.options.columns))


def _is_script(member: Member) -> bool:
    return _SCRIPT.search(member.name) is not None


@dataclass
class _Unrecognised:
    """Unrecognised text files, reported to the user, who may have expected them to be read."""

    count: int = 0
    pages: int = 0  # of them, HTML
    names: list[str] = field(default_factory=list)  # of the first few

    def add(self, member: Member, is_page: bool) -> None:
        self.count += 1
        self.pages += is_page
        self.names += [member.label] if len(self.names) < 3 else []

    def tell(self, context: Context) -> None:
        if self.count:
            files = "file is" if self.count == 1 else "files are"
            more = ", …" if self.count > len(self.names) else ""
            context.report.note(
                f"{self.count:,} other {files} no chat known here and left out "
                f"({', '.join(self.names)}{more})."
            )


class _NumberedFiles:
    """Files whose names differ in numbers only (`3/17.tsv`): the rest is like the first few."""

    def __init__(self) -> None:
        self._streaks: dict[str, tuple[Importer | None, int]] = {}

    def believed(self, member: Member) -> Importer | None:
        importer, length = self._streaks.get(_shape(member), (None, 0))
        return importer if length >= SURE_AFTER else None

    def add(self, member: Member, importer: Importer | None) -> None:
        before, length = self._streaks.get(_shape(member), (None, 0))
        self._streaks[_shape(member)] = (importer, length + 1 if importer is before else 1)


def _shape(member: Member) -> str:
    return re.sub(r"\d+", "0", member.name)


def _unopened(why: dict[str, str]) -> str:
    """The note about archives that were not opened, and what to do."""
    count = len(why)
    were, them = ("archive was", "it") if count == 1 else ("archives were", "them")
    some = ", ".join(f"{visible(name)} ({why[name]})" for name in list(why)[:_NAMED])
    more = ", …" if count > _NAMED else ""
    return (
        f"{count:,} {were} not opened: {some}{more}. If there are chats in {them}, unpack "
        f"{them} and import the contents."
    )


def _unknown(context: Context, unrecognised: _Unrecognised) -> ExportError:
    """The error that says what was examined and why it cannot be read."""
    members = context.source.members
    path = context.source.path
    if context.source.unopened:
        return UnknownFormat(
            f"No known chat export was found in {path.name or path}.",
            _unopened(context.source.unopened),
        )
    if not members:
        hint = " ".join(_not_read(context.source)) or _SEE_HELP
        return UnknownFormat(f"{path.name or path} has no files.", hint)
    if len(members) == 1:
        return _unknown_file(context, members[0])
    names = ", ".join(m.name for m in members[:4]) + (", …" if len(members) > 4 else "")
    hint = _ASK_JSON if unrecognised.pages else _SEE_HELP
    return UnknownFormat(
        f"None of the {len(members):,} files in {path.name or path} is a known chat export "
        f"(examined: {names}).",
        hint,
    )


_HTML = ("<!doctype html", "<html")
_ASK_JSON = "If the service offers it, export as JSON instead of HTML."


def _unknown_file(context: Context, member: Member) -> ExportError:
    data = context.source.head(member)
    text = decoded_head(data)
    if not data.strip():
        return UnknownFormat(f"{member.label} is empty.", "Export the chat again.")
    if text is None:
        return UnknownFormat(
            f"{member.label} is a binary file, not a chat export.",
            f"{_SEE_HELP} --encoding NAME reads it as text anyway.",
        )
    if text.lstrip()[:15].lower().startswith(_HTML):
        what = f"{member.label} is an HTML page, but not a known chat export."
        return UnknownFormat(what, _ASK_JSON)
    name = context.options.format
    as_what = f"in the format {name}" if name else "a known chat export"
    return UnknownFormat(
        f'{member.label} is not {as_what}; it begins with "{" ".join(text[:200].split())[:60]}".',
        f"{_SEE_HELP} --columns reads any table.",
    )

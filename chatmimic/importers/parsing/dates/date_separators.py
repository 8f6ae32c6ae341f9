"""Date separators: lines that contain only a date, in the languages and calendars of phones.

"2024/1/2(Tue)", "2024.01.02 Tuesday", "Tue, 1/2/2024", "2024/1/2週二", "อ. 02/01/2567",
"R6/01/02(火)", "2024년 1월 2일 화요일": a date, and beside it a weekday, if anything.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from chatmimic.importers.parsing.dates.date_formats import DATE_FORMATS
from chatmimic.importers.parsing.dates.date_order import ORDERS, Numbers, date_of

_LONGEST = 60  # characters of such a line
# A row for each language, Monday first; the forms of one day joined by "/".
WEEKDAY_ROWS = (
    # Japanese and Chinese; Korean
    "月/月曜/月曜日 火/火曜/火曜日 水/水曜/水曜日 木/木曜/木曜日 金/金曜/金曜日 土/土曜/土曜日 "
    "日/日曜/日曜日",
    "一/週一/周一/星期一/礼拜一/禮拜一 二/週二/周二/星期二/礼拜二/禮拜二 "
    "三/週三/周三/星期三/礼拜三/禮拜三 四/週四/周四/星期四/礼拜四/禮拜四 "
    "五/週五/周五/星期五/礼拜五/禮拜五 六/週六/周六/星期六/礼拜六/禮拜六 "
    "週日/周日/星期日/星期天/週天/周天/礼拜日/禮拜日/天",
    "월/월요일 화/화요일 수/수요일 목/목요일 금/금요일 토/토요일 일/일요일",
    # English; German; French; Spanish; Italian; Portuguese
    "monday/mon tuesday/tue/tues wednesday/wed thursday/thu/thur/thurs friday/fri saturday/sat "
    "sunday/sun",
    "montag/mo dienstag/di mittwoch/mi donnerstag/do freitag/fr samstag/sa/sonnabend sonntag/so",
    "lundi/lun mardi/mar mercredi/mer jeudi/jeu vendredi/ven samedi/sam dimanche/dim",
    "lunes/lun martes/mar miércoles/mié jueves/jue viernes/vie sábado/sáb domingo/dom",
    "lunedì/lun martedì/mar mercoledì/mer giovedì/gio venerdì/ven sabato/sab domenica/dom",
    "segunda-feira/segunda/seg terça-feira/terça/ter quarta-feira/quarta/qua "
    "quinta-feira/quinta/qui sexta-feira/sexta/sex sábado/sáb domingo/dom",
    # Russian; Turkish; Thai; Vietnamese; Indonesian; Malay; Arabic
    "понедельник/пн вторник/вт среда/ср четверг/чт пятница/пт суббота/сб воскресенье/вс",
    "pazartesi/pzt salı/sal çarşamba/çar perşembe/per cuma/cum cumartesi/cmt pazar/paz",
    "วันจันทร์/จันทร์/จ วันอังคาร/อังคาร/อ วันพุธ/พุธ/พ วันพฤหัสบดี/พฤหัสบดี/พฤหัส/พฤ "
    "วันศุกร์/ศุกร์/ศ วันเสาร์/เสาร์/ส วันอาทิตย์/อาทิตย์/อา",
    "thứ_hai/th_2/t2 thứ_ba/th_3/t3 thứ_tư/th_4/t4 thứ_năm/th_5/t5 thứ_sáu/th_6/t6 "
    "thứ_bảy/th_7/t7 chủ_nhật/cn",
    "senin/sen selasa/sel rabu/rab kamis/kam jumat/jum'at/jum sabtu/sab minggu/min",
    "isnin/isn selasa/sel rabu/rab khamis/kha jumaat/jum sabtu/sab ahad/ahd",
    "الاثنين/الإثنين الثلاثاء الأربعاء/الاربعاء الخميس الجمعة السبت الأحد/الاحد",
)

_DATES = tuple((re.compile(rf"(?<!\d){shape.pattern}"), shape) for shape in DATE_FORMATS)
# Read in its compatibility form, where "（" is "(".
_BRACKETED = re.compile(r" ?\( ?[^\s()\d]{1,12} ?\)\Z")
_WEEKDAY_FIRST = re.compile(r"[^\W\d_]{1,14}\.?, \Z")
_MARKS = " .,()、\u060c\u200e\u200f\ufeff"


def _numbered() -> dict[str, int]:
    return {
        form.replace("_", " "): number
        for row in WEEKDAY_ROWS
        for number, day in enumerate(row.split())
        for form in day.split("/")
    }


WEEKDAYS = _numbered()  # a form in lower case, without a full stop → 0 to 6


@dataclass(frozen=True, slots=True)
class DateSeparator:
    """A line with a date and, at most, a word or two."""

    numbers: Numbers  # of any calendar that `date_of` knows
    written: str
    look: str  # what stands behind the first number; "" where the month is named
    words: str  # beside the date: a weekday, if anything
    weekday: int | None  # where the words are known
    is_certain: bool  # so written that it is no line of somebody's text


@lru_cache(maxsize=1024)
def date_separator(raw: str) -> DateSeparator | None:
    """Parse a date separator; None for any other line."""
    if ":" in raw or "\t" in raw or not 6 <= len(raw) <= _LONGEST:
        return None
    raw = unicodedata.normalize("NFKC", raw).replace("元年", "1年")
    for pattern, shape in _DATES:
        found = pattern.search(raw)
        numbers = shape.numbers(found) if found is not None else None
        if found is not None and numbers is not None:
            return _beside(raw, found, numbers)
    return None


def _beside(raw: str, found: re.Match[str], numbers: Numbers) -> DateSeparator | None:
    """The date and the words around it; None if these cannot be a weekday."""
    # The shapes of dates that name their month take a weekday before it as a part.
    begins = min(found.start(part) for part in found.re.groupindex if found.start(part) >= 0)
    before, after = raw[:begins], raw[found.end() :].removeprefix(".")
    words = f"{before.strip(_MARKS)} {after.strip(_MARKS)}".strip().casefold()
    if not _may_be_weekday(words):
        return None
    weekday = WEEKDAYS.get(words)
    marked = (not after and _WEEKDAY_FIRST.match(before)) or (
        not before and _BRACKETED.match(after)
    )
    sure = bool(marked) or (weekday is not None and _is_plain(words, weekday, numbers))
    written = raw[begins : found.end()]
    unit = next((char for char in "年년" if char in written), "")
    look = found.groupdict().get("joint") or unit
    return DateSeparator(numbers, written.strip(), look, words, weekday, sure)


def _may_be_weekday(words: str) -> bool:
    """Whether this is empty, or one or two words of letters only."""
    return words in WEEKDAYS or (
        len(words) <= 24
        and words.count(" ") < 2
        and all(c in " -.'’" or unicodedata.category(c)[0] in "LM" for c in words)
    )


def _is_plain(words: str, weekday: int, numbers: Numbers) -> bool:
    """Whether a word can only be a weekday; "so" and "sat" count only if they fit the date."""
    if len(words) > 3 or not words.isascii():
        return True
    dates = (date_of(numbers, order) for order in ORDERS)
    return any(date is not None and date.weekday() == weekday for date in dates)

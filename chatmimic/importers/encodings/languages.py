"""What languages look like, letter by letter: how likely a text is in the best of them.

Rough tables are enough: a wrong encoding makes letters that no language has so often, or has there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import log
from operator import add

IMPOSSIBLE_CHARACTER = log(1e-6)  # of a character that a language does not have
_CAPITAL = 0.1  # how often a letter is one, against the same in small
_MIXED = -7.0  # letters of two scripts in one word
_RAISED = -3.0  # a capital after a small letter
_WITHIN = -3.0  # a sign within a word, or ¿ and ¡ that stand before none
_QUOTES = "’‘“”„‚«»‹›–—…•·"
_MONEY = "€£"
_SIGNS = "°§©®™½¼¾²³´¨×÷±µ¶ªº¡¿"

LogProbabilities = dict[str, float]  # character → log of how often it is met


@dataclass(frozen=True)
class Language:
    """How often its characters are met, by themselves and in words."""

    name: str
    of: Callable[[str], float]  # the log of how often a character is met
    words: frozenset[str] = field(default=frozenset())  # the commonest, in small letters


def _ranked(characters: str, share: float) -> LogProbabilities:
    """Chances that fall with the place in a list of the commonest, as those of words do."""
    unique = list(dict.fromkeys(characters))
    weights = [1 / (place + 8) for place in range(len(unique))]
    total = sum(weights)
    return {c: log(share * w / total) for c, w in zip(unique, weights, strict=True)}


def _evenly(characters: str, share: float) -> LogProbabilities:
    unique = dict.fromkeys(characters)
    return dict.fromkeys(unique, log(share / len(unique)))


# --- languages with an alphabet ---

# How often each letter outside ASCII stands in a thousand letters, and the commonest words.
_LATIN = {
    "English": (
        "é.5 ï.2 ö.05 ü.05 ñ.1 è.05 ç.05",
        "the and to of you it that is was for but not we ll don re",
    ),
    "German": ("ü6.5 ä5.5 ö3 ß3", "und ist nicht ich das die der ein auch noch wir es zu mit"),
    "French": (
        "é19 è3 ê2.2 à5 ç1 ù.6 û.6 ô.6 î.5 â.6 ë.1 ï.1 œ.2",
        "et est pas je tu le la les un une que vous on pour mais ça c est oui du de",
    ),
    "Spanish": (
        "ó8 í7 á5 é4.3 ú1.7 ñ3 ü.1 ¿3 ¡1.5",
        "que de no el la es en un una por para pero ya lo los del",
    ),
    "Portuguese": (
        "ã7 é6 á4.5 ç5 ê4 í4 ó3 õ1 ú2 â1 à1 ô.6",
        "que não de um uma para com mas eu você do da os em então vou é obrigado",
    ),
    "Italian": (
        "è6 à4 ì1.5 ò2.5 ù2 é1",
        "che non di il la un per mi ma sono ho lo le gli una più perché come anche del va è così po"
        " grazie ciao",
    ),
    "Catalan": ("à4 è3 é4 í3 ò3 ó4 ú2 ç1 ï1 ü.5", "que no el la és per una amb però els"),
    "Swedish": ("ä18 å13 ö13 é.3", "och det att jag är inte en som har på vi du då ska"),
    "Danish": ("å10 ø9 æ8 é.3", "og det er ikke jeg at en på som har til vi du hva hvad så"),
    "Finnish": ("ä36 ö4.5 å.1", "ja on ei se että mutta en niin mä hän nyt"),
    "Icelandic": ("á17 ð44 é6 í15 ó10 ú6 ý2.3 þ15 æ9 ö8", "og að er ég ekki það en við þetta"),
    "Dutch": ("ë.6 é.6 ï.2 ö.1 è.1", "en het is niet ik een dat van de maar je wel"),
    "Polish": (
        "ł18 ę11 ą10 ż8.5 ó8.5 ś7 ć4 ń2 ź.6",
        "nie to się że na jest tak co jak ale już mam czy",
    ),
    "Czech": (
        "í33 á22 ě16 é13 ř12 č10 ž10 ý10 š8 ů7 ú1 ó.3 ť.4 ď.2 ň.1",
        "to je se na že ale jsem ne tak už co jak",
    ),
    "Slovak": (
        "á17 ý11 í10 č11 ú9 é9 š9 ž9 ť7 ľ4 ó1 ô2 ď1.5 ň1.5 ä1 ŕ.1 ĺ.1",
        "to je sa na že ale som nie tak už čo ako",
    ),
    "Hungarian": (
        "é38 á37 ö11 ó10 ő9 í6 ü6 ú3 ű2",
        "az hogy nem és is de meg van egy azt ez csak már",
    ),
    "Romanian": ("ă22 î10 ş10 ș10 ţ9 ț9 â3", "nu să și şi de la ce un că pe cu am mă bine"),
    "Croatian": ("č10 š10 ž5 ć7 đ2", "je da se ne na sam što li ali samo"),
    "Turkish": (
        "ı50 ü19 ş18 ç11 ğ11 ö8 İ1 â.2",
        "bir bu ve ne de da için çok ben var ama evet yok mı mi",
    ),
    "Lithuanian": ("ė17 š14 ų14 į7 ž9 ū6 ą5 č5 ę2", "ir kad tai yra ne aš tu bet su ar jau"),
    "Latvian": ("ā44 ī22 ē18 š9 ū5 ņ6 ļ3 ž3 ķ1.5 č1 ģ1", "un ir ka es tu ne par uz nav bet"),
    "Estonian": ("ä12 õ11 ü8 ö3 š.1 ž.1", "ja on ei see et ma sa aga kui ka"),
    "Vietnamese": (
        "đ20 à20 á20 ạ10 ả10 ã6 ă8 â10 ấ10 ầ7 ậ7 ẩ3 ê10 ế10 ề7 ệ7 ể7 é3 è3 ô10 ố7 ồ7 ộ10 ổ3"
        " ơ10 ớ7 ờ7 ợ7 ở5 ư12 ứ5 ừ5 ự5 ữ5 í5 ì8 ị5 ỉ3 ó8 ò5 ọ5 ỏ3 ú5 ù5 ụ5 ủ5 ý3 ỳ2"
        " \u0300\u0010 \u0301\u0010 \u0303\u0005 \u0309\u0005 \u0323\u0010",
        "không anh em là có và đi được của tôi thì mà cho một",
    ),
}
# The letters of each, the commonest first.
_ALPHABETS = {
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Ukrainian": "оаинітеврслкдумпязьгбчйхцжюїшщєфґ",
    "Bulgarian": "аиоетнрсвлдкпмзъгбуячйжшцхщюфь",
    "Serbian": "аоиенртсјвкудпмлзбгчшцжћхњђљфџ",
    "Greek": "αοιετσνηυρπκμλςδγθωχφβξζψάέήίόύώϊΐϋ",
    "Hebrew": "יוהלאמרתבשנדחקםכעפטגזסןצךףץ",
    "Arabic": "الينموربتهعدسفكقحأجةشىخطصضذثزغإءظآئؤَُِّْ،؟",
    "Persian": "اينرمدهوتبسشكزلگعخقفپجچحصطآضغظئذثژ،؟",
    "Thai": "านรอกเง่มยัลวด้ทสตะีิปคบไหแจพใุูโ็์ืชำขถผึศซธฟณภญษฝๆฉฐฏฎฌฑฒฆฬฮ๊๋",
}


def _latin(letters: str) -> LogProbabilities:
    log_probabilities = dict.fromkeys(_SIGNS, log(5e-5)) | dict.fromkeys(_MONEY, log(3e-4))
    log_probabilities |= dict.fromkeys(_QUOTES, log(1e-3))
    for written in letters.split():
        letter, weight = written[0], written[1:]
        often = float(weight) / 1000 if weight.isascii() and weight[0] in ".0123456789" else 0.01
        log_probabilities[letter] = log(often)
        if letter.upper() != letter and len(letter.upper()) == 1:
            log_probabilities[letter.upper()] = log(often * _CAPITAL)
    return log_probabilities


def _alphabet(letters: str) -> LogProbabilities:
    log_probabilities = _evenly(_QUOTES + "№°€", 0.02) | _ranked(letters, 0.97)
    for letter in letters:
        if letter.upper() != letter and len(letter.upper()) == 1:
            log_probabilities[letter.upper()] = log_probabilities[letter] + log(_CAPITAL)
    return log_probabilities


# --- languages with characters by the thousand ---

_HAN = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "吗吧呢啊哈嗯哦喝茶吃饭谢您哪谁呀喜欢爱睡晚早午快慢等找买钱帮忙朋友明今昨星期点半钟分发送收件内容时间姓名"
    "日者意无力它与长把机十民第公此已工使情性知全三又关正业外将两高间由问很最重并物手应战向头文体政美相见被"
    "利什二或产新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走"
    "义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场计管直德资命山金"
    "指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求"
    "据程北边死张该交规万取拉格望觉术领共确传师观清切院让识候带导争运壶开煮咖啡杯热冷烫坏掉修车票班课家回来"
)
_HAN_OLD = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡"
    "用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實"
    "嗎吧呢啊哈嗯喔耶啦囉欸喝茶吃飯謝您哪誰呀喜歡愛睡晚早午快慢等找買錢幫忙朋友明今昨星期點半鐘發送收件內容時間姓名"
    "日者意無力它與長把機十民第公此已工使情性知全三又關正業外將兩高間由問很最重並物手應戰向頭文體政美相見被"
    "利什二或產新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走"
    "義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場計管直德資命山金"
    "指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求"
    "據程北邊死張該交規萬取拉格望覺術領共確傳師觀清切院讓識候帶導爭運壺煮咖啡杯熱冷燙壞掉修車票班課甚係唔咁喺"
)
_HIRAGANA = (
    "いのたはしにとてがでなれかさっすをうもりるこまらきよくえそあどつみやけちじだばおめんわほせひふぶべび"
    "ごぐげぎずぜぞづへゆむろねぬょゃゅぱぽぴぷぺぁぃぅぇぉ"
)
_KATAKANA = (
    "ーンストルラリイアクフタドシカジロコマレテサグプメムニウバチトパブセデキハナオダオソノズワツモミュョャッ"
    "ポビエボペケゴィェァォガゲザゼゾヘホヤユヨヒヌネヴピベギァゥ"
)
_KANJI = (
    "日一人年大今出行見時来気思本言分何事私手話前間方会自中上下家水明後食飲茶湯待起帰寝忙電車学校生先仕名子"
    "月火木金土曜国長三十二四五六七八九百千万円高新東西南北外入小聞書読買知好同的地度力用対全部回体心目口多少"
    "最近早遅夜朝昼夕昨当物着使作者屋店持終始有無悪元楽悲笑泣頑張願送受送信話題友達彼女男僕俺君誰場所次番号安"
    "忘覚違変合切取開閉沸鍋壊直料理美味不可能化性感動通道駅雨晴天暑寒風海山川空犬猫花草音声歌画真写絵歩走走"
)
_HANGUL = (
    "이다는에의가을고하지도를은서사기리나어한인대아자로시해그일정부있수없여들것게만요네거보라으면니내러제스주오우"
    "야마구안전소장상과와려비음었습할진미원적무말물때좋뭐왜응저너냐잖겠싶같데래까못더많생각집밥먹짜늘금조다려알았됐"
    "해줘했예세계모두연동방성바선신호문영중유위단치공화실발개차간감강건결경관교국군권규남노녀능달당둘드등런레력론류"
    "린망명반받번별복본분불붙빠산살새색속손술쓰식심씨약양업엄역열영온완외용운웃월의임입잠재점준줄질집찍찬참천첫체초"
    "추출카커컴크타태터토통트특파판편포표피필학함행향허현형혼회후휴흐힘끓렸곧잠깐커피차"
)
_LAUGHS = "ㅋㅎㅠㅜㅇㄴㄱㄷ"
_CJK_SIGNS = "，。！？、：；“”‘’（）「」『』《》【】…～—·・〜　"
_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F)))
_NARROW = "".join(map(chr, range(0xFF61, 0xFFA0)))


def _in(character: str, codec: str, first: int, last: int) -> bool:
    """Whether a character stands among the rows of a set of characters, by its first byte."""
    try:
        code = character.encode(codec)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and first <= code[0] <= last


def _common(
    log_probabilities: LogProbabilities, level: Callable[[str], float]
) -> Callable[[str], float]:
    """Those of a table; for all other characters what their place in the old standards says."""

    @lru_cache(maxsize=30_000)
    def log_probability(character: str) -> float:
        found = log_probabilities.get(character)
        return level(character) if found is None else found

    return log_probability


def _chinese(codec: str, first: int, last: int) -> Callable[[str], float]:
    usual, rare, odd = log(0.22 / 4000), log(0.006 / 5000), log(0.0005 / 14000)

    def level(character: str) -> float:
        if "\u4e00" <= character <= "\u9fff":
            if _in(character, codec, first, last):
                return usual
            return rare if _in(character, codec, 0xA1, 0xF9) else odd
        emoji = "\U0001f300" <= character <= "\U0001faff"
        return log(1e-4) if emoji else IMPOSSIBLE_CHARACTER - 2

    return level


def _japanese(character: str) -> float:
    if _in(character, "euc_jp", 0xB0, 0xCF):
        return log(0.08 / 2900)
    return log(0.001 / 3400) if _in(character, "euc_jp", 0xD0, 0xF4) else IMPOSSIBLE_CHARACTER - 2


def _korean(character: str) -> float:
    if _in(character, "euc_kr", 0xB0, 0xC8):
        return log(0.08 / 2000)
    if "\uac00" <= character <= "\ud7a3":
        return log(0.003 / 8800)
    return log(0.001 / 5000) if _in(character, "euc_kr", 0xCA, 0xFD) else IMPOSSIBLE_CHARACTER - 2


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """All of them by name."""
    signs = _evenly(_CJK_SIGNS, 0.1)
    wide = _evenly(_WIDE, 0.005)
    kana = _ranked(_HIRAGANA, 0.6) | _ranked(_KATAKANA, 0.12) | _evenly(_NARROW, 0.004)
    hangul = _ranked(_HANGUL, 0.8) | _evenly(_LAUGHS, 0.04)
    by_thousands = [
        Language("Chinese", _common(
            wide | signs | _ranked(_HAN, 0.62), _chinese("gb2312", 0xB0, 0xD7)
        )),
        Language("traditional Chinese", _common(
            wide | signs | _ranked(_HAN_OLD, 0.62), _chinese("big5", 0xA4, 0xC6)
        )),
        Language("Japanese", _common(wide | signs | _ranked(_KANJI, 0.2) | kana, _japanese)),
        Language("Korean", _common(wide | signs | hangul, _korean)),
    ]  # fmt: skip
    latin = [
        Language(name, _or_impossible(_latin(letters)), frozenset(words.split()))
        for name, (letters, words) in _LATIN.items()
    ]
    others = [Language(name, _or_impossible(_alphabet(a))) for name, a in _ALPHABETS.items()]
    return {language.name: language for language in [*by_thousands, *latin, *others]}


@lru_cache(maxsize=1)
def common_words() -> Mapping[str, tuple[str, ...]]:
    """The commonest words, each with the languages it is one of."""
    found: dict[str, tuple[str, ...]] = {}
    for name, language in languages().items():
        for word in language.words:
            found[word] = (*found.get(word, ()), name)
    return found


def _or_impossible(log_probabilities: LogProbabilities) -> Callable[[str], float]:
    def log_probability(character: str) -> float:
        found = log_probabilities.get(character)
        if found is not None:
            return found
        if "\x80" <= character <= "\x9f" or character == "\ufffd":
            return IMPOSSIBLE_CHARACTER - 2
        return IMPOSSIBLE_CHARACTER + 2 if character.isalpha() else IMPOSSIBLE_CHARACTER

    return log_probability


class _Classes(dict[int, str]):
    """What kind of character each is: of which alphabet, whether a capital, or what sign."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _class_of(chr(code))
        return found


def _class_of(character: str) -> str:
    code = ord(character)
    if 0xE00 <= code < 0xE80:
        return "t"  # vowels of Thai are no letters for Unicode
    if not character.isalpha():
        if character.isascii():
            return "0" if character.isdigit() else " "
        if character in "¿¡":
            return "?"
        return "!" if character in _SIGNS or "\x80" <= character <= "\x9f" else " "
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        small = "a"
    elif code < 0x400:
        small = "g"
    elif code < 0x530:
        small = "c"
    else:
        return "s" if code < 0x700 else "k"
    return small.upper() if character.isupper() else small


_CLASSES = _Classes()
_LETTERS = "aAgGcCstk"


@lru_cache(maxsize=256)
def _against(pair: str) -> float:
    one, other = pair[0], pair[1]
    if one in _LETTERS and other in _LETTERS:
        if one.lower() == other.lower():
            return _RAISED if one.islower() and other.isupper() else 0.0
        return _MIXED / 5 if "k" in pair else _MIXED
    if other == "?":
        return _WITHIN if one in _LETTERS + "0" else 0.0
    if other == "0" and one.isupper():
        return _WITHIN / 2
    if one == "?":
        return 0.0 if other in _LETTERS + "0" else _WITHIN
    return _WITHIN / 2 if "!" in pair and (one in _LETTERS or other in _LETTERS) else 0.0


def shape(text: str) -> float:
    """What speaks against a text being words, whatever their language: 0 or less."""
    classes = text.translate(_CLASSES)
    pairs = Counter(map(add, classes, classes[1:]))
    return sum(count * _against(pair) for pair, count in pairs.items())

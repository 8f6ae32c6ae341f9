"""Month names in the languages in which services write dates."""

from __future__ import annotations

# A row for each language: the twelve months, the forms of one month joined by "/". Only full names
# and the short forms that the language's own dates use; no form stands for two months.
_ROWS = (
    # English; German; Dutch
    "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug "
    "september/sept/sep october/oct november/nov december/dec",
    "januar/jänner/jan februar/feb märz/mär/mrz april/apr mai juni/jun juli/jul august/aug "
    "september/sept/sep oktober/okt november/nov dezember/dez",
    "januari/jan februari/feb maart/mrt april/apr mei juni/jun juli/jul augustus/aug "
    "september/sep oktober/okt november/nov december/dec",
    # French; Spanish; Portuguese; Italian; Catalan; Romanian
    "janvier/janv février/févr/fév mars avril/avr mai juin juillet/juil août "
    "septembre/sept octobre/oct novembre/nov décembre/déc",
    "enero/ene febrero/feb marzo/mar abril/abr mayo/may junio/jun julio/jul agosto/ago "
    "septiembre/setiembre/sept/sep octubre/oct noviembre/nov diciembre/dic",
    "janeiro/jan fevereiro/fev março/mar abril/abr maio/mai junho/jun julho/jul agosto/ago "
    "setembro/set outubro/out novembro/nov dezembro/dez",
    "gennaio/gen febbraio/feb marzo/mar aprile/apr maggio/mag giugno/giu luglio/lug agosto/ago "
    "settembre/set ottobre/ott novembre/nov dicembre/dic",
    "gener febrer/febr març abril maig juny juliol/jul agost/ag setembre octubre/oct "
    "novembre/nov desembre/des",
    "ianuarie/ian februarie/feb martie/mar aprilie/apr mai iunie/iun iulie/iul august/aug "
    "septembrie/sept octombrie/oct noiembrie/nov/noi decembrie/dec",
    # Swedish; Danish and Norwegian; Finnish
    "januari/jan februari/feb mars/mar april/apr maj juni/jun juli/jul augusti/aug "
    "september/sep oktober/okt november/nov december/dec",
    "januar/jan februar/feb marts/mars/mar april/apr maj/mai juni/jun juli/jul august/aug "
    "september/sep oktober/okt november/nov december/desember/dec/des",
    "tammikuuta/tammikuu/tammi helmikuuta/helmikuu/helmi maaliskuuta/maaliskuu/maalis "
    "huhtikuuta/huhtikuu/huhti toukokuuta/toukokuu/touko kesäkuuta/kesäkuu/kesä "
    "heinäkuuta/heinäkuu/heinä elokuuta/elokuu/elo syyskuuta/syyskuu/syys "
    "lokakuuta/lokakuu/loka marraskuuta/marraskuu/marras joulukuuta/joulukuu/joulu",
    # Polish; Czech; Slovak; Hungarian
    "stycznia/styczeń/sty lutego/luty/lut marca/marzec/mar kwietnia/kwiecień/kwi maja/maj "
    "czerwca/czerwiec/cze lipca/lipiec/lip sierpnia/sierpień/sie września/wrzesień/wrz "
    "października/październik/paź listopada/listopad/lis grudnia/grudzień/gru",
    "ledna/leden/led února/únor/úno března/březen/bře dubna/duben/dub května/květen/kvě "
    "června/červen/čvn července/červenec/čvc srpna/srpen/srp září/zář října/říjen/říj "
    "listopadu/listopad/lis prosince/prosinec/pro",
    "januára/január februára/február marca/marec apríla/apríl mája/máj júna/jún júla/júl "
    "augusta/august septembra/september októbra/október novembra/november decembra/december",
    "január/jan február/febr/feb március/márc/már április/ápr május/máj június/jún július/júl "
    "augusztus/aug szeptember/szept/szep október/okt november/nov december/dec",
    # Turkish; Indonesian and Malay
    "ocak/oca şubat/şub mart/mar nisan/nis mayıs/may haziran/haz temmuz/tem ağustos/ağu "
    "eylül/eyl ekim/eki kasım/kas aralık/ara",
    "januari/jan februari/feb maret/mac/mar april/apr mei juni/jun juli/julai/jul "
    "agustus/ogos/agu/ogo september/sep oktober/okt november/nov desember/disember/des/dis",
    # Russian; Ukrainian; Bulgarian; Greek
    "января/январь/янв февраля/февраль/февр/фев марта/март/мар апреля/апрель/апр мая/май "
    "июня/июнь/июн июля/июль/июл августа/август/авг сентября/сентябрь/сент/сен "
    "октября/октябрь/окт ноября/ноябрь/нояб/ноя декабря/декабрь/дек",
    "січня/січень/січ лютого/лютий/лют березня/березень/бер квітня/квітень/квіт/кві "
    "травня/травень/трав/тра червня/червень/черв/чер липня/липень/лип серпня/серпень/серп/сер "
    "вересня/вересень/вер жовтня/жовтень/жовт/жов листопада/листопад/лист/лис грудня/грудень/груд",
    "януари/ян февруари/фев март април/апр май юни юли август/авг септември/септ/сеп "
    "октомври/окт ноември/ное декември/дек",
    "ιανουαρίου/ιαν φεβρουαρίου/φεβ μαρτίου/μαρ απριλίου/απρ μαΐου/μαΐ/μαϊ ιουνίου/ιουν "
    "ιουλίου/ιουλ αυγούστου/αυγ σεπτεμβρίου/σεπ οκτωβρίου/οκτ νοεμβρίου/νοε δεκεμβρίου/δεκ",
    "јануар/јан фебруар/феб март/мар април/апр мај јун јул август/авг септембар/септ октобар/окт "
    "новембар/нов децембар/дец",
    # Estonian; Slovene
    "jaanuar/jaan veebruar/veebr märts aprill/apr mai juuni juuli august/aug september/sept "
    "oktoober/okt november/nov detsember/dets",
    "januar/jan februar/feb marec/mar april/apr maj junij/jun julij/jul avgust/avg "
    "september/sep oktober/okt november/nov december/dec",
    # Thai; Hindi
    "มกราคม/ม.ค กุมภาพันธ์/ก.พ มีนาคม/มี.ค เมษายน/เม.ย พฤษภาคม/พ.ค มิถุนายน/มิ.ย กรกฎาคม/ก.ค "
    "สิงหาคม/ส.ค กันยายน/ก.ย ตุลาคม/ต.ค พฤศจิกายน/พ.ย ธันวาคม/ธ.ค",
    "जनवरी/जन फ़रवरी/फ़र/फरवरी मार्च अप्रैल मई जून जुलाई/जुल अगस्त/अग सितंबर/सित अक्टूबर/अक्तूबर/अक्टू "
    "नवंबर/नव दिसंबर/दिस",
    # Persian: of our calendar; of its own
    "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر",
    "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند",
    # Arabic; Hebrew
    "يناير فبراير مارس أبريل/إبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "ינואר/בינואר פברואר/בפברואר מרץ/במרץ אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי "
    "אוגוסט/באוגוסט ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר",
)  # fmt: skip


def _numbered() -> dict[str, int]:
    return {
        form.casefold(): number
        for row in _ROWS
        for number, month in enumerate(row.split(), 1)
        for form in month.split("/")
    }


_ENDS = ".\u0654"  # the sign that joins a Persian month to its year
MONTHS = _numbered()  # a form in lower case, without a full stop → 1 to 12


def month_named(word: str) -> int | None:
    """The number of a month; None for other words."""
    return MONTHS.get(word.casefold().rstrip(_ENDS))


def rows() -> tuple[str, ...]:
    """The table of names, for a check that no name stands for two months."""
    return _ROWS

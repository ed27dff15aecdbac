"""What models say around a text that they were asked for, in the languages that copy is written in.

Each row is for one language. Patterns are regular expressions without regard to case.
"""

from dataclasses import dataclass

MORE_AGREED = (
    r"självklart|absolut|javisst|selvfølgelig|naturligvis|selvsagt|totta kai|tietysti|конечно|разумеется|"
    r"с удовольствием|звичайно|звісно|авжеж|samozřejmě|jistě|samozrejme|természetesen|persze|desigur|"
    r"bineînțeles|cu plăcere|naravno|seveda|tabii(?: ki)?|elbette|φυσικά|βεβαίως|물론(?:입니다|이죠)?|"
    r"알겠습니다|بالطبع|بالتأكيد|בטח|כמובן|chắc chắn|tất nhiên|tentu(?: saja)?|แน่นอน(?:ครับ|ค่ะ)?|"
    r"ज़रूर|जरूर|बिल्कुल|i tant|per descomptat"
)


@dataclass(frozen=True)
class Chatter:
    """How a model speaks of a text.

    `yes`: it agrees to the task. `here`: it hands the text over. `labels`: names of the text that stand
    before it alone. `names`: other names of it. `bye`: it offers more. `more`: what it offers; a farewell
    without one belongs to the copy. `about`: it explains or counts. `sorry`: it refuses or asks back, or
    thinks aloud. `unit`: what it counts.
    """

    yes: str
    here: str
    labels: str
    names: str
    bye: str
    more: str
    about: str
    sorry: str
    unit: str


# A model agrees, in words that no copy begins with before an exclamation mark.
AGREED = (
    r"sure(?: thing)?|certainly|of course|absolutely|got it|no problem|gladly|with pleasure|natürlich|"
    r"selbstverständlich|(?:sehr |aber )?gerne?|bien sûr|avec plaisir|volontiers|¡?claro(?: que sí)?|"
    r"¡?por supuesto|¡?con gusto|certo|certamente|volentieri|con piacere|com certeza|com prazer|natuurlijk|"
    r"graag|met plezier|oczywiście|z przyjemnością|もちろん(?:です)?|承知(?:いた)?しました|"
    r"かしこまりました|"
    r"当然(?:可以)?|當然(?:可以)?|好的|没问题|沒問題"
)
# What may stand before a text alone, but not within a sentence of it.
REPLY_LABELS = (
    "(?:final |my )?(?:answer|response|version|result)|my (?:pick|choice|favou?rite|recommendation)|"
    "output|antwort|réponse|respuesta|risposta|resposta|"
    "antwoord|odpowiedź|回答"
)
# Languages whose words have no bounds: no spaces between them, or endings that are written on.
SPACELESS = ("ja", "zh", "ko", "th")
# Words that may stand before a label: "Google Ad Headline:", "**Your short title**:".
BEFORE_LABELS = (
    r"(?:google|instagram|facebook|meta|linkedin|tiktok|twitter|x|amazon|shopify|youtube|email|"
    r"e-?mail|push|sms|web|"
    r"page|search|social|media|ads?|seo|product|short|long|catchy|suggested|proposed|final|possible|"
    r"best|your|the|my|"
    r"a|main|primary|image|video)"
)
# Suggestions that are numbered or lettered: "Option 2:", "Variante B)", "案1：".
OPTION = (
    r"(?:option|version|variant|variante|variation|suggestion|headline|title|caption|überschrift|"
    r"vorschlag|titre|"
    r"proposition|opción|título|titular|opzione|titolo|opção|optie|kop|versie|opcja|nagłówek|wersja|"
    r"tagline|idea|"
    r"案|选项|選項|方案|版本|标题|見出し)"
)
QUOTES = (
    '""', "“”", "„“", "„”", "””", "““", "«»", "»«", "‹›", "›‹", "‘’", "‚‘", "‚’", "’’", "\'\'", "「」",
    "『』", "《》", "〈〉", "〝〟", "\"”", "“\"", "[]", "()", "（）", "【】", "``", "`\'", "`´", "‟”", "＂＂",
)  # fmt: skip

"""Words that begin a phrase or belong to what follows: no cut text ends with one. One row a language.

Covered: the languages that the product writes most. Of another language no word is known, and its cuts end
where punctuation is, or between words.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`openers` begin a phrase, so what stands before is complete; `bound` ones belong to the next word."""

    openers: frozenset[str]
    bound: frozenset[str]


def _words(words: str) -> tuple[str, ...]:
    return tuple(sorted(words.split(), key=len, reverse=True))


def _row(openers: str, bound: str) -> Words:
    return Words(frozenset(_words(openers)), frozenset(_words(bound)))


LANGUAGES = {
    "en": _row(
        "and or but nor so yet with without of for in on onto to by at from as into over under than that "
        "which who whose whom where when while because if unless until since after before during through "
        "between among against about around across along behind beyond near off per plus via toward "
        "towards within despite like upon inside outside & +",
        "the a an this that these those my your his her its our their no every each any some all both "
        "more most very too such only just even is are was were be been has have had will would can could "
        "may must not made it's we're you'll don't isn't and/or let's we i he she they there what "
        "how why",
    ),
    "de": _row(
        "und oder aber denn sondern sowie mit ohne für von vom aus zu zum zur bei beim nach in im ins an "
        "am ans auf aufs über unter vor vorm hinter neben zwischen durch gegen um bis seit während wegen "
        "trotz statt dank per pro ab als wie dass ob wenn weil da damit obwohl bevor nachdem sobald "
        "solange wo welche welcher welches & +",
        "der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein "
        "meine dein deine deinen deinem deiner sein seine ihr ihre ihren ihrem unser unsere unseren "
        "unserer euer eure dieser diese dieses diesen diesem jeder jede jedes jeden jedem alle allen "
        "aller sehr so zu noch mehr ganz besonders nur auch nicht ist sind war wird werden hat haben kann "
        "können soll muss er es wir ich du man sich",
    ),
    "fr": _row(
        "et ou mais ni car donc avec sans pour de du des d' en dans sur sous à au aux par chez vers entre "
        "contre avant après depuis pendant selon comme que qu' qui dont où quand lorsque si parce dès "
        "jusque jusqu' jusqu'à afin sauf & +",
        "le la les l' un une des ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos "
        "leur leurs chaque tout toute tous toutes quelques plusieurs plus très trop aussi bien si ne n' "
        "pas est sont était a ont sera peut se s' je j' il on ils c' c'est d'un "
        "d'une",
    ),
    "es": _row(
        "y e o u pero ni sino con sin para por de del en a al sobre bajo entre contra hacia hasta desde "
        "según tras durante mediante ante como que quien cuyo donde cuando mientras si porque aunque pues "
        "& +",
        "el la los las lo un una unos unas este esta estos estas ese esa esos esas mi mis tu tus su sus "
        "nuestro nuestra nuestros nuestras cada todo toda todos todas algún alguna más muy tan tanto no "
        "es son era está están ha han se te me nos le les solo también",
    ),
    "it": _row(
        "e ed o od ma né però con senza per di del dello della dei degli delle d' in nel nello nella nei "
        "negli nelle nell' dell' all' dall' sull' da dal dallo dalla dai dagli dalle a ad al allo alla ai "
        "agli alle su sul sullo sulla sui sugli sulle tra fra contro verso sotto sopra dopo durante "
        "secondo come che chi cui dove quando mentre se perché & +",
        "il lo la i gli le l' un uno una un' questo questa questi queste quest' quel quello quella mio "
        "mia tuo tua suo sua nostro nostra nostri nostre vostro vostra ogni tutto tutta tutti tutte più "
        "molto così non è sono era ha hanno si ci ti mi vi anche solo",
    ),
    "pt": _row(
        "e ou mas nem com sem para pra por pelo pela pelos pelas de do da dos das dum duma em no na nos "
        "nas num numa a ao à aos às sobre sob entre contra até desde após durante como que quem cujo onde "
        "quando enquanto se porque & +",
        "o a os as um uma uns umas este esta estes estas esse essa esses essas meu minha teu tua seu sua "
        "seus suas nosso nossa nossos nossas cada todo toda todos todas mais muito tão não é são era está "
        "estão tem têm se te me lhe também só",
    ),
    "nl": _row(
        "en of maar noch want dus met zonder voor van uit naar bij in op aan om te tot over onder boven "
        "achter naast tussen door tegen na sinds tijdens wegens volgens per als dan dat die wie waar "
        "wanneer terwijl omdat zodat hoewel tenzij & +",
        "de het een 't deze dit die dat mijn jouw je uw zijn haar ons onze hun elk elke ieder iedere alle "
        "geen meer zeer heel zo ook nog niet is was waren wordt worden heeft hebben kan kunnen wij we ik "
        "jij hij zij ze er",
    ),
    "pl": _row(
        "i a oraz lub albo ale ani lecz więc z ze bez dla do od ode na w we o u po pod nad przed za przez "
        "przy między ku według podczas dzięki jak jako niż że żeby aby który która które gdzie gdy kiedy "
        "jeśli bo ponieważ & +",
        "ten ta to te ci tego tej tym tych mój moja moje twój twoja twoje twojego twojej swój swoja swoje "
        "nasz nasza nasze naszego naszej każdy każda każde każdego każdej wszystkie bardzo tak nie jest "
        "są był była ma mają się też tylko także",
    ),
    "sv": _row(
        "och eller men med utan för av från till i på vid om under över mellan mot efter före genom som "
        "att när där medan eftersom än og eller uden fra til ved om når hvor mens & +",
        "en ett den det de din ditt dina min mitt mina sin sitt sina vår vårt våra er ert varje alla "
        "mycket så inte är var har kan et din dit dine vores hver alle meget ikke er har",
    ),
    "ru": _row(
        "и или но а с со без для из от до к ко в во на по при над под перед за через между о об про у как "
        "что чтобы который которая где когда если потому",
        "этот эта это эти ваш ваша ваше ваши наш наша наше наши каждый каждая все очень так не самый",
    ),
}
# Of scripts without spaces: what a phrase does not end with, the longest first, and words that only look so.
DANGLING_ENDS = _words(
    "のための にぴったりの のような ための ために として について による という から まで より そして "
    "または この その の を に で と が は へ や も な 以及 或者 并且 为了 对于 关于 和 与 與 "
    "及 或 的 在 为 為 把 被 给 对 從 从 向 让 是 很 更 最 不 将 以 而 但 并 跟 到 于 这 "
    "那 每 一 您 你 สำหรับ เพื่อ และ หรือ ของ ที่ ใน กับ โดย จาก "
    "ด้วย เป็น ไม่ แต่ ให้ เ แ โ ใ ไ "
)
WHOLE_ENDS = ("もの", "みんな", "いつも", "こども", "とても", "目的", "统一", "唯一")
# A full stop behind one of these, or behind a single letter, ends no sentence.
ABBREVIATIONS = _words(
    "approx dr mr mrs ms prof st nr vol vs ca bzw inkl exkl zzgl evtl ggf usw incl excl max min tel "
    "env sr sra dott np tzw bv"
)

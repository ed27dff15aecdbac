"""Encodings are told from the bytes alone; the texts and their encodings are written down here."""

import pytest

from lorakit.data.tables import decoding
from lorakit.errors import DataError

TEXTS = {
    "Größer als gedacht: Der Becher fasst 0,3 l, für 12,90 €.\nWarm, weich und schön waschbar.": "cp1252",
    "Le thé reste chaud. Une théière élégante, légère et très solide.": "cp1252 mac_roman cp850",
    "Dzbanek utrzymuje ciepło. Łatwa do mycia, miękka, większa niż myślisz.": "cp1250 iso8859_2 cp852",
    "Konvice udrží čaj teplý dvě hodiny. Měkká, teplá a snadno se pere.": "cp1250 iso8859_2 cp852",
    "A teáskanna két órán át melegen tart. Puha és könnyen mosható, őszi esőkhöz.": "cp1250 iso8859_2",
    "Çaydanlık çayı iki saat sıcak tutar. Yumuşak, düşündüğünden daha büyük.": "cp1254",
    "Arbatinukas dvi valandas išlaiko šilumą. Minkšta ir lengvai skalbiama. Didesnė, nei manėte.": "cp1257",
    "Чайник держит тепло два часа. Мягкая, тёплая и легко стирается.": (
        "cp1251 koi8_r iso8859_5 cp866 mac_cyrillic"
    ),
    "Чайник тримає тепло дві години. Більша, ніж здається.": "cp1251 koi8_u",
    "Η τσαγιέρα κρατά το τσάι ζεστό για δύο ώρες. Πλένεται εύκολα.": "cp1253 iso8859_7",
    "הקומקום שומר על חום התה במשך שעתיים. רך, חם וקל לכביסה.": "cp1255 iso8859_8",
    "إبريق الشاي يحافظ على الحرارة لمدة ساعتين. ناعم ودافئ وسهل الغسل.": "cp1256 iso8859_6",
    "กาน้ำชานี้เก็บความร้อนได้สองชั่วโมง นุ่ม อบอุ่น และซักง่าย": "cp874",
    "急須は二時間お茶を温かく保ちます。柔らかくて、洗いやすい。": "cp932 euc_jp iso2022_jp",
    "茶壶可以保温两个小时。柔软、温暖、容易清洗。": "gb18030",
    "茶壺可以保溫兩個小時。柔軟、溫暖、容易清洗。": "big5",
    "찻주전자는 두 시간 동안 차를 따뜻하게 유지합니다.": "cp949",
}
ROWS = [(text, name) for text, names in TEXTS.items() for name in names.split()]


@pytest.mark.battery(108, "encodings of East Asia and Eastern Europe")
@pytest.mark.parametrize(("text", "name"), ROWS, ids=[f"{name}-{text[:8]}" for text, name in ROWS])
def test_an_encoding_is_told_from_the_letters_of_its_language(text, name):
    data = f"text\n{text}\n".encode(name)
    found = decoding.detect(data)
    assert data.decode(found.name) == f"text\n{text}\n"
    assert found.label in decoding.LABELS.values()


@pytest.mark.parametrize(
    "text", ["text\nabc def\n", "text\nЧайник держит тепло.\n", "text\n夏の日に。\n二つ。\n"]
)
@pytest.mark.parametrize(
    "name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_unicode_is_known_with_and_without_a_mark(name, text):
    data = text.encode(name)
    assert data.decode(decoding.detect(data).name) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("夏の日に。", "cp932"), ("夏の日に。", "euc_jp"), ("好茶", "gb18030"), ("好茶", "big5"),
        ("좋은 차", "cp949"),
        ("Просто хороший чай.", "cp1251"), ("Просто хороший чай.", "koi8_r"), ("Für kühle Tage", "cp1252"),
        ("Żadnych śladów wody.", "cp1250"), ("Kış için tasarlandı.", "cp1254"),
        ("Soft jacket, £49.", "cp1252"),
    ],
)  # fmt: skip
def test_a_few_words_are_enough(text, name):
    assert text.encode(name).decode(decoding.detect(text.encode(name)).name) == text


def test_of_a_single_sign_nothing_is_sure_and_it_is_western():
    found = decoding.detect("Das schöne Leben".encode("cp1252"))
    assert found.name == "cp1252" and not found.sure


def test_a_broken_byte_in_unicode_does_not_make_it_another_encoding():
    assert decoding.detect("Größe und Länge, für alle\n".encode() * 9 + b"Gr\xf6\xdfe").name == "utf-8-sig"
    assert decoding.detect("Größe für alle.\n".encode() + b"Nie zu gro\xdf.").name == "utf-8-sig"


def test_encodings_are_known_by_the_names_people_write():
    assert decoding.known("Shift_JIS") == "shift_jis" and decoding.known("windows-1251") == "cp1251"
    for name in ("klingon", "", "base64", "utf-8\0"):
        with pytest.raises(DataError, match="encoding"):
            decoding.known(name)

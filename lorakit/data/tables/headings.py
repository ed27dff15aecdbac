"""What the headings of a table mean, in the languages of shops and spreadsheets.

A heading is compared without capitals, accents and punctuation; a language or a unit behind it
("Description (DE)", "description_fr") is passed over. A newcomer adds a word to a row.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

MEANINGS: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "texts", "copy", "body", "content", "caption", "post", "message", "answer", "output",
        "completion", "response", "chosen", "output_text", "ad copy",
        "ad text", "body text", "primary text", "post text",
        "tweet", "email body", "Werbetext", "Anzeigentext", "Beitrag", "Beitragstext", "Inhalt",
        "Nachricht", "Antwort", "Bildunterschrift", "texte", "contenu", "légende", "publication",
        "réponse", "testo", "contenuto", "didascalia", "messaggio", "risposta", "texto", "contenido",
        "publicación", "mensaje", "leyenda", "pie de foto", "respuesta", "conteúdo", "legenda",
        "publicação", "mensagem", "resposta", "tekst", "inhoud", "bericht", "onderschrift", "innehåll",
        "inlägg", "bildtext", "indhold", "opslag", "billedtekst", "innhold", "innlegg", "bildetekst",
        "teksti", "sisältö", "julkaisu", "kuvateksti", "treść", "wpis", "podpis", "obsah", "příspěvek",
        "popisek", "príspevok", "szöveg", "tartalom", "bejegyzés", "képaláírás", "conținut", "postare",
        "tekstas", "teksts", "tekst", "текст", "пост", "содержание", "сообщение", "подпись",
        "публикация", "зміст", "допис", "підпис", "съдържание", "публикация", "садржај", "κείμενο",
        "περιεχόμενο", "δημοσίευση", "λεζάντα", "metin", "içerik", "gönderi", "altyazı", "טקסט",
        "תוכן", "פוסט", "כיתוב", "نص", "النص", "المحتوى", "منشور", "متن", "ข้อความ", "เนื้อหา", "โพสต์",
        "nội dung", "văn bản", "bài đăng", "teks", "konten", "isi", "テキスト", "本文", "文章", "投稿",
        "投稿文", "キャプション", "内容", "コピー", "正文", "文案", "文本", "文字", "帖子", "內容",
        "貼文", "텍스트", "본문", "내용", "게시물", "게시글", "문구", "카피", "캡션", "글",
    ),
    "description": (
        "description", "product description", "item description", "long description",
        "short description", "body (html)", "body html", "Beschreibung", "Produktbeschreibung",
        "Artikelbeschreibung", "Langbeschreibung", "Kurzbeschreibung", "description du produit",
        "description courte", "description longue", "descriptif", "descrizione",
        "descrizione prodotto", "descrizione breve", "descripción", "descripción del producto",
        "descripción corta", "descrição", "descrição do produto", "beschrijving", "omschrijving",
        "productbeschrijving", "productomschrijving", "beskrivning", "produktbeskrivning",
        "beskrivelse", "produktbeskrivelse", "varebeskrivelse", "kuvaus", "tuotekuvaus", "opis",
        "opis produktu", "opis proizvoda", "opis izdelka", "popis", "popis produktu", "popis zboží",
        "leírás", "termékleírás", "descriere", "descriere produs", "aprašymas", "apraksts",
        "kirjeldus", "lýsing", "описание", "описание товара", "описание продукта", "опис",
        "опис товару", "περιγραφή", "περιγραφή προϊόντος", "açıklama", "ürün açıklaması", "תיאור",
        "תיאור מוצר", "الوصف", "وصف", "وصف المنتج", "توضیحات", "คำอธิบาย", "รายละเอียด", "รายละเอียดสินค้า",
        "mô tả", "mô tả sản phẩm", "deskripsi", "deskripsi produk", "説明", "商品説明", "商品説明文",
        "製品説明", "商品紹介", "描述", "商品描述", "产品描述", "产品介绍", "商品介绍", "說明",
        "商品說明", "產品描述", "產品說明", "설명", "상품설명", "상품 설명", "제품설명", "제품 설명",
        "상세설명",
    ),
    "headline": (
        "headline", "ad headline", "subject", "subject line", "Überschrift", "Schlagzeile", "Betreff",
        "accroche", "objet", "oggetto", "titular", "asunto", "assunto", "kop", "rubrik", "overskrift",
        "otsikko", "nagłówek", "nadpis", "címsor", "заголовок объявления", "见出し", "見出し", "件名",
        "标题文案", "헤드라인",
    ),
    "title": (
        "title", "item title", "post title", "Titel", "titre", "titolo", "título", "tytuł", "titul",
        "cím", "titlu", "otsikko", "заголовок", "τίτλος", "başlık", "כותרת", "العنوان", "عنوان",
        "ชื่อเรื่อง", "tiêu đề", "judul", "タイトル", "标题", "標題", "제목",
    ),
    "product": (
        "product", "product name", "product title", "item", "item name", "article", "article name",
        "Produkt", "Produktname", "Produktbezeichnung", "Produkttitel", "Artikel", "Artikelname",
        "Artikelbezeichnung", "Bezeichnung", "produit", "nom du produit", "nom produit",
        "titre du produit", "désignation", "prodotto", "nome prodotto", "nome del prodotto",
        "articolo", "producto", "nombre del producto", "nombre producto", "artículo", "produto",
        "nome do produto", "artigo", "productnaam", "artikelnaam", "produktnamn", "artikelnamn",
        "vara", "produktnavn", "varenavn", "vare", "tuote", "tuotenimi", "tuotteen nimi",
        "nazwa produktu", "towar", "název produktu", "zboží", "název zboží", "názov produktu", "tovar",
        "termék", "terméknév", "termék neve", "produs", "nume produs", "denumire produs", "proizvod",
        "naziv proizvoda", "izdelek", "naziv izdelka", "prekė", "produktas", "produkts", "toode",
        "продукт", "товар", "название товара", "наименование", "наименование товара",
        "название продукта", "назва товару", "продукта", "производ", "προϊόν", "όνομα προϊόντος",
        "ürün", "ürün adı", "מוצר", "שם המוצר", "שם מוצר", "المنتج", "اسم المنتج", "منتج", "محصول",
        "نام محصول", "สินค้า", "ชื่อสินค้า", "sản phẩm", "tên sản phẩm", "produk", "nama produk", "商品",
        "商品名", "製品", "製品名", "品名", "产品", "产品名称", "商品名称", "產品", "產品名稱",
        "商品名稱", "상품", "상품명", "제품", "제품명",
    ),
    "name": (
        "name", "nom", "nome", "nombre", "naam", "namn", "navn", "nimi", "nazwa", "název", "názov",
        "név", "nume", "naziv", "название", "назва", "имя", "όνομα", "ad", "שם", "الاسم", "نام", "ชื่อ",
        "tên", "nama", "名前", "名称", "名稱", "이름",
    ),
    "brand": (
        "brand", "brand name", "vendor", "manufacturer", "maker", "Marke", "Markenname", "Hersteller",
        "marque", "fabricant", "marca", "produttore", "fabricante", "merk", "fabrikant", "märke",
        "varumärke", "tillverkare", "mærke", "merke", "produsent", "merkki", "valmistaja", "brändi",
        "marka", "producent", "značka", "výrobce", "výrobca", "márka", "gyártó", "marcă", "producător",
        "znamka", "бренд", "марка", "торговая марка", "производитель", "виробник", "μάρκα",
        "κατασκευαστής", "üretici", "מותג", "יצרן", "العلامة التجارية", "الماركة", "برند", "แบรนด์",
        "ยี่ห้อ", "thương hiệu", "merek", "ブランド", "メーカー", "品牌", "브랜드", "제조사",
    ),
    "facts": (
        "facts", "fact", "features", "key features", "bullet points", "product details", "details",
        "Fakten", "Merkmale", "Eigenschaften", "Produkteigenschaften", "faits", "caractéristiques",
        "fatti", "caratteristiche", "datos", "características", "kenmerken", "feiten", "egenskaper",
        "fakta", "egenskaber", "ominaisuudet", "faktat", "fakty", "cechy", "vlastnosti", "jellemzők",
        "tények", "caracteristici", "значимост", "факты", "характеристики", "особенности", "факти",
        "χαρακτηριστικά", "özellikler", "תכונות", "المميزات", "المواصفات", "ویژگی ها", "คุณสมบัติ",
        "đặc điểm", "fitur", "特徴", "仕様", "特点", "特點", "卖点", "賣點", "특징", "특장점",
    ),
    "channel": (
        "channel", "platform", "format", "Kanal", "Plattform", "canal", "plateforme", "canale",
        "piattaforma", "plataforma", "kanaal", "kanava", "kanał", "kanál", "csatorna", "канал",
        "площадка", "платформа", "κανάλι", "ערוץ", "القناة", "ช่องทาง", "kênh", "saluran", "チャネル",
        "チャンネル", "媒体", "渠道", "平台", "채널",
    ),
    "tone": (
        "tone", "tone of voice", "tonality", "Ton", "Tonalität", "Tonfall", "tonalité", "tono", "tom",
        "toon", "sävy", "tonalitet", "hangnem", "tón", "тон", "тональность", "τόνος", "טון", "النبرة",
        "トーン", "语气", "語氣", "톤", "어조",
    ),
    "audience": (
        "audience", "target group", "target audience", "Zielgruppe", "cible", "public", "public cible",
        "pubblico", "público", "público objetivo", "público-alvo", "doelgroep", "målgrupp",
        "målgruppe", "kohderyhmä", "grupa docelowa", "cílová skupina", "cieľová skupina", "célcsoport",
        "public țintă", "аудитория", "целевая аудитория", "цільова аудиторія", "κοινό", "hedef kitle",
        "קהל", "קהל יעד", "الجمهور", "กลุ่มเป้าหมาย", "ターゲット", "対象", "受众", "目标人群", "受眾",
        "타깃", "타겟", "대상",
    ),
    "language": (
        "language", "lang", "locale", "Sprache", "langue", "lingua", "idioma", "língua", "taal",
        "språk", "sprog", "kieli", "język", "jazyk", "nyelv", "limbă", "jezik", "язык", "мова", "език",
        "γλώσσα", "dil", "שפה", "اللغة", "زبان", "ภาษา", "ngôn ngữ", "bahasa", "言語", "语言", "語言",
        "언어",
    ),
    "voice": (
        "voice", "brand voice", "Stimme", "Markenstimme", "voix", "voce", "voz", "stem", "röst",
        "stemme", "ääni", "głos", "hlas", "голос", "φωνή", "קול", "الصوت", "ボイス", "声音", "語音",
        "보이스",
    ),
    "group": (
        "campaign", "group", "source", "Kampagne", "campagne", "campagna", "campaña", "campanha",
        "kampanj", "kampanje", "kampania", "kampaň", "kampány", "campanie", "кампания", "кампанія",
        "καμπάνια", "kampanya", "קמפיין", "الحملة", "キャンペーン", "活动", "活動", "캠페인",
    ),
    "instruction": (
        "instruction", "prompt", "input", "input_text", "question", "query", "brief", "briefing", "Anweisung",
        "Auftrag", "Frage", "consigne", "istruzione", "domanda", "instrucción", "pregunta",
        "instrução", "pergunta", "instructie", "vraag", "instruktion", "instrukcja", "pytanie",
        "инструкция", "вопрос", "задание", "οδηγία", "talimat", "指示", "質問", "指令", "问题",
        "指示文", "지시", "질문",
    ),
    "file_name": (
        "file_name", "filename", "file", "image", "photo", "path", "Datei", "Dateiname", "Bild",
        "fichier", "nom du fichier", "file immagine", "immagine", "archivo", "imagen", "arquivo",
        "imagem", "bestand", "bestandsnaam", "afbeelding", "fil", "filnamn", "filnavn", "tiedosto",
        "plik", "soubor", "súbor", "fájl", "файл", "имя файла", "изображение", "αρχείο", "dosya",
        "ファイル", "ファイル名", "画像", "文件", "文件名", "图片", "檔案", "파일", "파일명",
    ),
    "other": (  # columns of shops and of our own result tables, which headings are told by
        "id", "sku", "ean", "gtin", "isbn", "handle", "url handle", "price", "regular price",
        "sale price", "link", "url", "image link", "image src", "images", "type", "tags", "category",
        "categories", "color", "colour", "material", "size", "weight", "stock", "availability",
        "condition", "date", "variant", "characters", "limit", "note", "status", "seo title",
        "seo description", "Artikelnummer", "Preis", "Farbe", "Größe", "Gewicht", "Kategorie", "Datum",
        "prix", "couleur", "taille", "poids", "catégorie", "prezzo", "colore", "precio", "color",
        "talla", "preço", "prijs", "pris", "cena", "цена", "артикул", "価格", "价格", "가격",
    ),
}  # fmt: skip
PROSE = ("text", "description", "facts", "instruction", "headline")  # cells that hold sentences


@dataclass(frozen=True)
class Schema:
    """Which meanings fill each field, best first; `needs` are the fields without which a table is useless.

    `names_unused`: the columns that fill no field are worth naming, but those meanings in `passed_over`.
    """

    fields: dict[str, tuple[str, ...]]
    needs: tuple[str, ...]
    names_unused: bool = False
    passed_over: tuple[str, ...] = field(default=())

    def places(self, headings: Sequence[str]) -> dict[str, int]:
        """Which column fills which field. Of several that could, the best meaning counts, then the word that
        stands first in its row, and each column fills one field at most.
        """
        found: dict[str, int] = {}
        meant = [meaning_of(heading) for heading in headings]
        for name, meanings in self.fields.items():
            for meaning in meanings:
                rows = [(row, i) for i, (what, row) in enumerate(meant) if what == meaning]
                free = sorted((row, i) for row, i in rows if i not in found.values())
                if free:
                    found[name] = free[0][1]
                    break
        return found


# The order of fields counts: what the product takes, the brand's name can no longer take.
TEXTS = Schema(
    {
        "text": ("text", "description", "headline"), "instruction": ("instruction",), "channel": ("channel",),
        "tone": ("tone",), "audience": ("audience",), "facts": ("facts",), "product": ("product",),
        "group": ("group",),
    },
    needs=("text",),
)  # fmt: skip
BRIEFS = Schema(
    {
        "product": ("product", "title", "name"), "facts": ("facts", "description"), "audience": ("audience",),
        "channel": ("channel",), "tone": ("tone",), "language": ("language",), "name": ("brand", "name"),
        "voice": ("voice",), "variant": ("variant",),
    },
    needs=("product",),
    names_unused=True,
    passed_over=("variant", "characters", "limit", "note", "text"),
)  # fmt: skip


def folded(heading: str) -> str:
    """A heading without what people write differently: capitals, accents, underscores, closing marks."""
    plain = "".join(
        sign
        for sign in unicodedata.normalize("NFKD", heading.casefold())
        if not "\u0300" <= sign <= "\u036f" and unicodedata.category(sign) != "Cf"
    )
    plain = unicodedata.normalize("NFC", plain)
    return " ".join(re.sub(r"[_\-.:*\"'\ufeff\s]+", " ", plain).split())


@cache
def _by_heading() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {"variant": ("variant", 0)}
    for meaning, headings in MEANINGS.items():
        for row, heading in enumerate(headings):
            found.setdefault(folded(heading), (meaning, row))
    return found


def meaning_of(heading: str) -> tuple[str, int]:
    """What a heading means, and how far behind it stands in its meaning's row; ("", 0) when nobody knows."""
    rows, plain = _by_heading(), folded(heading)
    if plain in rows:
        return rows[plain]
    bare = re.sub(r"\s*[(\[].*?[)\]]\s*$|\s[a-z]{2}( [a-z]{2})?$|^(product|item|post|produkt) ", "", plain)
    return rows.get(bare, ("", 0))


def known(headings: Sequence[str]) -> int:
    """How many of these cells are headings."""
    return sum(bool(meaning_of(heading)[0]) for heading in headings if heading.strip())

"""What models say around a text goes, in ten languages; what the text owns stays."""

import pytest

from lorakit.generation.copy.channels import channel
from lorakit.generation.copy.wrapping import unwrapped

HEADLINE, CAPTION, EMAIL = channel("google-headline"), channel("instagram-caption"), channel("email")
TEA = "Warm tea, 900 ml"
FACTS = "1. FC Köln Schal; 24 characters; holds 900 ml"

INTRODUCED = [
    f'Here is a headline for you:\n\n"{TEA}"',
    f"Here is the headline you asked for.\n\n{TEA}",
    f"Here's a short, punchy headline (under 30 characters):\n\n**{TEA}**",
    f"Here’s a Google Ads headline within the 30-character limit:\n\n{TEA}",
    f'Here\'s one: "{TEA}" – it is short and clear.',
    f"Sure! {TEA}",
    f"Alright! Here's what I came up with:\n\n{TEA}",
    f'Of course! How about this: "{TEA}"',
    f"Thank you! Here is a headline: {TEA}",
    f"As requested, here is your headline: {TEA}",
    f"Based on the facts, here's a headline:\n{TEA}",
    f"Sure! Here's a headline: {TEA}",
    f"Sure, I can help with that. Here is a headline:\n\n{TEA}",
    f"Certainly, here is your headline:\n{TEA}",
    f"Of course. Here's a headline for Nordal: {TEA}",
    f"Absolutely! Here you go:\n\n{TEA}",
    f"I've written a headline for you:\n{TEA}",
    f"✨ Here's your headline:\n\n{TEA}",
    f"The headline is:\n{TEA}",
    f"Hier ist eine Überschrift für dich:\n\n„{TEA}“",
    f"Natürlich! Hier ist dein Titel:\n{TEA}\n\nLass mich wissen, ob ich etwas ändern soll.",
    f"Klar, hier ist ein Vorschlag: {TEA}",
    f"Voici un titre pour vous :\n\n« {TEA} »",
    f"Bien sûr ! Voici une accroche :\n{TEA}\n\nN'hésitez pas à me dire si vous souhaitez une autre version.",
    f"Aquí tienes un titular:\n\n«{TEA}»",
    f"¡Claro! Aquí tienes un título:\n\n**{TEA}**",
    f'Ecco un titolo per te:\n\n"{TEA}"',
    f'Aqui está um título para você:\n\n"{TEA}"',
    f"Hier is een kop voor je:\n\n'{TEA}'",
    f"Oto nagłówek dla Ciebie:\n\n„{TEA}”",
    f"以下はヘッドラインです：\n\n「{TEA}」",
    f"もちろんです！こちらがキャッチコピーです。\n\n「{TEA}」\n\nご希望があれば修正いたします。",
    f"当然可以！以下是一个标题：\n\n“{TEA}”",
    f"好的，以下是标题：{TEA}",
]
LABELLED = [
    f"Headline: {TEA}",
    f"**Headline:** {TEA}",
    f"Google Ad Headline: {TEA}",
    f"Headline (30 characters): {TEA}",
    f"Answer: {TEA}",
    f"Final answer: {TEA}",
    f"✨ Headline: {TEA}",
    f"Headline\n{TEA}",
    f"Titel: {TEA}",
    f"Titre : {TEA}",
    f"Título: {TEA}",
    f"Nagłówek: {TEA}",
    f"タイトル：{TEA}",
    f"标题：{TEA}",
    f"Title: {TEA}\nDescription: Tea for all",
]
MARKED = [
    f"**{TEA}**", f"*{TEA}*", f"__{TEA}__", f"`{TEA}`", f"# {TEA}", f"### {TEA}", f"```\n{TEA}\n```",
    f"```text\n{TEA}",
    f"> {TEA}", f"- {TEA}", f"• {TEA}", f"1. {TEA}", f'{{"headline": "{TEA}"}}', f"<h1>{TEA}</h1>",
    f"**{TEA}",
]  # fmt: skip
QUOTED = [
    f'"{TEA}"', f"“{TEA}”", f"„{TEA}“", f"„{TEA}”", f"«{TEA}»", f"« {TEA} »", f"»{TEA}«", f"‹{TEA}›",
    f"›{TEA}‹",
    f"‘{TEA}’", f"‚{TEA}‘", f"'{TEA}'", f"「{TEA}」", f"『{TEA}』", f"《{TEA}》", f"”{TEA}”",
    f'"{TEA}" (16 characters)',
    f'**"{TEA}"**', f"“{TEA}",
]  # fmt: skip
FOLLOWED = [
    f"{TEA} (16 characters)",
    f"{TEA} (16 Zeichen)",
    f"{TEA} [16/30 characters]",
    f"{TEA}（16文字）",
    f"{TEA} – 16 characters",
    f"{TEA}\n\nCharacter count: 16",
    f"{TEA}\n\nLet me know if you'd like another version!",
    f"{TEA}\n\nI hope this helps!",
    f"{TEA}\n\nNote: This headline stays within the limit.",
    f"{TEA}\n\nThis headline highlights the warmth of the tea.",
    f"{TEA}\n\nDiese Überschrift hat 16 Zeichen.",
    f"{TEA}\n\nEspero que te sirva.",
    f"{TEA}\n\n---\n\nWould you like more options?",
    f"{TEA}. Let me know if you need changes.",
]
SEVERAL = [
    f"1. {TEA}\n2. Hot tea\n3. Tea",
    f"Here are three options:\n\n1. **{TEA}**\n2. **Hot tea**\n\nLet me know which you prefer!",
    f"Option 1: {TEA}\nOption 2: Hot tea",
    f"**Option A:**\n{TEA}\n\n**Option B:**\nHot tea",
    f"- {TEA}\n- Hot tea",
    f"A) {TEA}\nB) Hot tea",
    f"<headline>{TEA}</headline>",
    f"Variante 1: {TEA}\nVariante 2: Heißer Tee",
    f"{TEA}\n\nor\n\nHot tea",
]


@pytest.mark.battery(107, "answers with preambles, marks and quotes of any language")
@pytest.mark.parametrize("says", [*INTRODUCED, *LABELLED, *MARKED, *QUOTED, *FOLLOWED, *SEVERAL])
def test_what_is_wrapped_around_a_headline_goes_and_is_said(says):
    made = unwrapped(says, HEADLINE, FACTS)
    assert (made.text.rstrip("."), made.fault) == (TEA, "")
    assert made.removed and all(made.removed)


@pytest.mark.parametrize(
    "text",
    [
        '"Best tea" – Stern', "“Best tea,” says Stern", "Our **new** teapot", "#tea for all #warm",
        "Tea. “So good.”",
        "Sure, it is warm.", "Certainly warm tea", "Of course, tea.", "The answer: tea",
        "Tea: warm for hours",
        "Nordal: 900 ml", 'Say "hi" to tea', '"Hot" and "cold"', "Here's why you'll love it",
        "It's tea time",
        "Here comes the tea", "Note to self: buy tea", "New version: Nordal 2", "1. FC Köln Schal",
        "Tea (900 ml)",
        "Label printer (24 characters)", "Great tea. Great day.", "Titel der Saison", "Oto herbata",
        "Ecco il tuo tè",
        "Voici votre thé", "Hier ist Ihr neuer Tee", "Kop thee", '50 % off "warm" tea', "これはお茶です",
        "好的茶",
        "Rock 'n' roll tea", "5 stars: “Wow!”",
        "A. Lange & Söhne", "☕ Tea for two", "✨ New: tea", "#1 in tea", "Tea, 2 * 3 = 6", "snake_case_tea",
    ],
)  # fmt: skip
def test_what_a_headline_owns_stays(text):
    made = unwrapped(text, HEADLINE, FACTS)
    assert (made.text, made.removed, made.fault) == (text, [], "")


@pytest.mark.parametrize(
    "text",
    [
        "Meet the pot.\n\nIt holds 900 ml.\n\n#tea #warm",
        "Three reasons:\n\n1. Warm\n2. Big\n3. Yours\n\nWhich one is yours?",
        "1. Boil water.\n2. Add tea.\n3. Wait.",
        "Here's what we love about it:\n\n- warm\n- big",
        "“Best tea ever.” – Anna\n\nTry it.",
        "Tea time.\n\nNote: handwash only.",
        "If you want tea, come by.",
        "Tea.\n\nLet me know in the comments!",
        "Warm tea.\n\nWhat do you like most? Tell us!",
        "Tea.\n\nFeel free to stop by our shop!",
        "Hello,\n\nnew: tea.\n\nBest,\nNordal",
        "Té.\n\nSi quieres té, ven.",
        "Tee.\n\nMöchtest du Tee? Komm vorbei!",
        "It's here: the pot you waited for.\n\nJust tea.",
    ],
)
def test_a_caption_of_several_paragraphs_stays_whole(text):
    made = unwrapped(text, CAPTION, FACTS)
    assert (made.text, made.removed, made.fault) == (text, [], "")


@pytest.mark.parametrize(
    ("says", "text"),
    [
        ("Here are two captions:\n\n1. Warm tea.\nTry it.\n\n2. Hot tea.", "Warm tea.\nTry it."),
        ("**Option 1:**\nWarm tea.\n\nTry it.\n\n**Option 2:**\nHot tea.", "Warm tea.\n\nTry it."),
        (
            "Sure! Here's an Instagram caption:\n\n---\n\nWarm tea.\n\nTry it. #tea\n\n---\n\n"
            "Feel free to adjust it to your needs!",
            "Warm tea.\n\nTry it. #tea",
        ),
        (
            "Warm tea.\n\nTry it.\n\n**Why this works:**\n\n- It is short.\n- It is warm.",
            "Warm tea.\n\nTry it.",
        ),
        ("☕ Warm tea.\n\nTry it.\n\nTranslation: heißer Text", "☕ Warm tea.\n\nTry it."),
    ],
)
def test_of_several_captions_the_first_stays_with_all_its_paragraphs(says, text):
    assert unwrapped(says, CAPTION).text == text


def test_an_email_keeps_its_subject_and_its_paragraphs():
    says = (
        "Here is your email:\n\n**Subject:** Tea\n\nHello,\n\ntea.\n\nBest,\nNordal\n\n"
        "Let me know if you want any changes!"
    )
    assert unwrapped(says, EMAIL).text == "Subject: Tea\n\nHello,\n\ntea.\n\nBest,\nNordal"


@pytest.mark.parametrize(
    "says",
    [
        "I'm sorry, but I can't help with that.",
        "As an AI language model, I cannot taste tea.",
        "Okay, the user wants a headline, so I think about tea.",
        "Could you please provide more details about the product?",
        "Es tut mir leid, aber ich kann das nicht.",
        "Je suis désolé, mais je ne peux pas.",
        "申し訳ありませんが、お手伝いできません。",
        "抱歉，我无法提供帮助。",
        "Warm te\ufffd and more",
    ],
)
def test_what_is_no_copy_is_a_fault(says):
    assert unwrapped(says, HEADLINE).fault


@pytest.mark.battery(107, "preambles in further languages, or in none that is known")
@pytest.mark.parametrize(
    "lead",
    [
        "Här är en rubrik:", "Självklart! Här är en rubrik:", "Tässä on otsikko:",
        "Конечно! Вот вариант заголовка:",
        "Ось заголовок:", "Zde je nadpis:", "Íme egy cím:", "Iată un titlu:", "Evo naslova:",
        "İşte bir başlık:",
        "Ορίστε ένας τίτλος:", "물론입니다! 다음은 제목입니다:", "إليك عنوان:", "הנה כותרת:",
        "Đây là tiêu đề:",
        "Berikut judulnya:", "นี่คือหัวข้อ:", "यहाँ एक शीर्षक है:", "Aquí tens un títol:",
        "Hér er fyrirsögn:", "I'd go with:", "Draft 1:",
    ],
)  # fmt: skip
def test_a_line_that_announces_the_headline_is_not_taken_for_it(lead):
    made = unwrapped(f"{lead}\n\n{TEA}", HEADLINE, FACTS)
    assert (made.text, made.fault, made.removed) == (TEA, "", ["an introduction"])


@pytest.mark.parametrize(
    "says",
    [
        f"Вот подпись для поста:\n\n{TEA}\n\nДайте знать, если нужно что-то изменить.",
        f"Här är en bildtext:\n\n{TEA}\n\nSäg till om du vill ändra något.",
        f"다음은 캡션입니다:\n\n{TEA}\n\n수정이 필요하시면 말씀해 주세요.",
        f"İşte bir gönderi:\n\n{TEA}\n\nHaber ver, değiştirebilirim.",
    ],
)
def test_an_introduction_and_an_offer_leave_a_caption_in_any_of_these_languages(says):
    made = unwrapped(says, CAPTION, FACTS)
    assert (made.text, made.removed, made.fault) == (TEA, ["an introduction", "a closing remark"], "")


@pytest.mark.parametrize(
    "text",
    [
        "Te.\n\nVill du ha mer värme? Kom förbi.",
        "Чай.\n\nЕсли хотите ещё чаю, заходите!",
        "따뜻한 차.\n\n다른 차원의 맛.",
        "شاي.\n\nهل تريد المزيد من الدفء؟",
        "ชา\n\nหากต้องการเพิ่มความสดชื่น แวะมา",
        "Här är våren:\n\nvarm te.",
        "Size: M\nColour: blue",
    ],
)
def test_a_caption_that_asks_its_readers_something_stays_whole(text):
    made = unwrapped(text, CAPTION, FACTS)
    assert (made.text, made.removed, made.fault) == (text, [], "")


@pytest.mark.parametrize(
    "says",
    [
        f"[{TEA}]", f"({TEA})", f'\\"{TEA}\\"', f"&quot;{TEA}&quot;", f"=={TEA}==", "Warm <b>tea</b>, 900 ml",
        "Warm tea,<br>900 ml", f"Title → {TEA}", f"Google headline - {TEA}", f"My pick: {TEA}",
    ],
)  # fmt: skip
def test_further_marks_around_a_headline_go(says):
    made = unwrapped(says, HEADLINE, FACTS)
    assert (made.text, made.fault) == (TEA, "") and made.removed


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("Warm tea.\n\nBest,\n[Your Name]", "it has an unfilled gap, [Your Name]"),
        ("Hello {{first_name}}, tea!", "it has an unfilled gap, {{first_name}}"),
        ("<draft>Warm tea</draft> is it.", "it contains a tag, <draft>"),
        ("Thinking Process:\n\n1. Analyze the request.", "the model commented on the task"),
        ("Okay, so I need to figure out a caption.", "the model commented on the task"),
    ],
)
def test_a_text_that_is_not_finished_is_a_fault(says, fault):
    assert unwrapped(says, CAPTION).fault.startswith(fault)
    if "gap" in fault:  # the brief may ask for it
        assert not unwrapped(says, CAPTION, "sign as [Your Name], greet {{first_name}}").fault

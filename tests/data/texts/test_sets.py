import csv
import json

import pytest

from lorakit.data.findings import NAMED
from lorakit.data.texts.sets import (
    LONGEST,
    TextSample,
    TextSet,
    conversation_tokens,
    plain,
)
from lorakit.errors import DataError
from tests.data.words import WordTokenizer


def kinds(texts):
    return [finding.kind for finding in texts.skipped]


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_paragraphs_of_a_text_file_are_the_texts(tmp_path):
    texts = TextSet.from_file(write(tmp_path, "a.txt", "One.\r\nStill one.\r\n\r\n\r\nTwo.\r\n"))
    assert [sample.answer for sample in texts.samples] == ["One.\nStill one.", "Two."]


@pytest.mark.battery(46, "UTF-16, cp1252, BOM")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_in_any_encoding_and_with_any_separator(tmp_path, encoding, delimiter):
    rows = [["Product", "Text"], ["Mug", f"Très bien{delimiter} déjà né"]]
    lines = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    texts = TextSet.from_file(write(tmp_path, "a.csv", lines.encode(encoding)))
    assert texts.samples[0].answer == f"Très bien{delimiter} déjà né"
    assert texts.samples[0].instruction == "Write: product description\nProduct: Mug"


def test_a_character_at_the_edge_of_the_looked_at_part_does_not_change_the_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr("lorakit.data.tables.decoding.HEAD", 11)
    texts = TextSet.from_file(write(tmp_path, "a.csv", "text\nabcdeé und ü".encode()))
    assert texts.samples[0].answer == "abcdeé und ü"


@pytest.mark.battery(48, "no text column")
def test_a_table_without_texts_names_the_columns_it_has(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv.*'sku', 'price'.*name the column 'text'"):
        TextSet.from_file(write(tmp_path, "a.csv", "sku,price\n1,2\n"))


def test_columns_of_a_brief_become_the_instruction_and_campaigns_the_groups(tmp_path):
    table = "channel,product,facts,audience,campaign,text\nemail,Mug,holds tea,cooks,spring,Hello.\n"
    sample = TextSet.from_file(write(tmp_path, "a.csv", table)).samples[0]
    assert sample == TextSample(
        "Write: email\nFor: cooks\nFacts: holds tea\nProduct: Mug", "Hello.", "spring"
    )


@pytest.mark.battery(49, "empty rows, duplicates")
def test_what_is_left_out_is_told(tmp_path):
    long = "x" * (LONGEST + 1)
    table = f'id,text\n1,Same text.\n2,same   TEXT.\n3,\n4\n5,{long}\n6,"mail me: a@b.example"\n'
    texts = TextSet.from_file(write(tmp_path, "a.csv", table))
    assert [sample.answer for sample in texts.samples] == ["Same text.", "mail me: a@b.example"]
    assert kinds(texts) == ["duplicate", "empty", "ragged", "too long"]
    said = [finding.what for finding in texts.skipped]
    assert said[0].startswith("row 3 repeats") and said[1] == "row 4 is empty and was left out"
    assert "row 5" in said[2] and said[3] == "row 6 was left out: it has 20,001 characters"
    assert [sample.place for sample in texts.samples] == ["row 2", "row 7"]


def test_many_findings_are_counted_instead_of_kept(tmp_path):
    path = tmp_path / "a.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([["text"], *([["Again."]] * 5000)])
    texts = TextSet.from_file(path)
    assert len(texts.samples) == 1
    assert len(texts.skipped) == NAMED + 1
    assert f"{4999 - NAMED:,} more" in texts.skipped[-1].what


@pytest.mark.battery(47, "CSV with wrong quotes")
def test_an_unclosed_quote_or_a_nul_is_a_message_or_a_text_and_never_a_crash(tmp_path):
    for content in (
        'text\n"never closed, and on and on\nmore\n',
        b"text\nwith\0nul\n",
        "text\n" + "a,b,c\n" * 9,
    ):
        try:
            assert TextSet.from_file(write(tmp_path, "a.csv", content)).samples
        except DataError as error:
            assert "a.csv" in str(error)


@pytest.mark.parametrize(
    ("row", "instruction", "answer"),
    [
        ({"instruction": "Write", "input": "Mug", "output": "A mug."}, "Write\nMug", "A mug."),
        ({"prompt": "Go", "completion": "Gone."}, "Go", "Gone."),
        ({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
                       {"role": "assistant", "content": "A"}, {"role": "user", "content": "later"}]},
         "S\nU", "A"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "U"}]},
                       {"role": "assistant", "content": [{"type": "text", "text": "A"}]}]}, "U", "A"),
        ({"conversations": [{"from": "human", "value": "U"}, {"from": "gpt", "value": "A"}]}, "U", "A"),
        ({"prompt": [{"role": "user", "content": "U"}],
          "completion": [{"role": "assistant", "content": "A"}]}, "U", "A"),
        ({"product": "Mug", "channel": "email", "text": "Hi."}, "Write: email\nProduct: Mug", "Hi."),
    ],
)  # fmt: skip
def test_lines_of_json_in_the_usual_shapes(tmp_path, row, instruction, answer):
    sample = TextSet.from_file(write(tmp_path, "a.jsonl", json.dumps(row))).samples[0]
    assert (sample.instruction, sample.answer) == (instruction, answer)


def test_a_line_that_is_no_sample_is_named_and_the_rest_is_used(tmp_path):
    bad = [
        "{broken", "[1]", "3", '{"text": 5}', '{"messages": []}', '{"messages": "hello"}', "[" * 5000,
        '{"messages": [{"role": "user", "content": "x"}]}',
        '{"messages": [{"role": "assistant", "content": ["x"]}]}',
    ]  # fmt: skip
    texts = TextSet.from_file(write(tmp_path, "a.jsonl", "\n".join([*bad, '{"text": "Good."}'])))
    assert [sample.answer for sample in texts.samples] == ["Good."]
    assert [finding.what for finding in texts.skipped] == [
        f"line {i} is not a text sample" for i in range(1, 10)
    ]


def test_a_word_document_is_read_with_its_tables(tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_paragraph("First text.")
    document.add_paragraph("")
    document.add_table(1, 1).cell(0, 0).text = "In a table."
    document.save(tmp_path / "a.docx")
    texts = TextSet.from_file(tmp_path / "a.docx")
    assert [sample.answer for sample in texts.samples] == ["First text.", "In a table."]


@pytest.mark.parametrize("name", ["gone.csv", "a.pdf", "a.docx", "empty.txt", "b.csv"])
def test_a_file_that_cannot_be_used_is_named(tmp_path, name):
    write(tmp_path, "a.pdf", "x"), write(tmp_path, "a.docx", "x"), write(tmp_path, "empty.txt", "\n\n")
    write(tmp_path, "b.csv", "text\n\n")
    with pytest.raises(DataError, match=name):
        TextSet.from_file(tmp_path / name)


def test_a_campaign_is_on_one_side_of_the_split_only():
    samples = [TextSample("i", f"{group} {i}", group) for group in "abcdef" for i in range(5)]
    kept, held = TextSet(samples).split(0.2, seed=3)
    assert held.samples and not {s.group for s in kept.samples} & {s.group for s in held.samples}
    assert sorted(s.answer for s in kept.samples + held.samples) == sorted(s.answer for s in samples)
    assert TextSet(samples).split(0.2, seed=3)[1].samples == held.samples
    everything, nothing = TextSet(samples).split(0.0, seed=3)
    assert everything.samples == samples and not nothing.samples


def test_texts_without_campaigns_are_divided_singly_and_one_text_stays_for_training():
    kept, held = TextSet([TextSample("i", str(i)) for i in range(20)]).split(0.1, seed=0)
    assert (len(kept.samples), len(held.samples)) == (18, 2)
    kept, held = TextSet([TextSample("i", "only")]).split(0.5, seed=0)
    assert (len(kept.samples), len(held.samples)) == (1, 0)


def test_only_the_answer_and_its_end_are_learned():
    tokens = conversation_tokens(WordTokenizer(), TextSample("say hi", "hi there"), 100)
    assert [t for t, m in zip(tokens.ids, tokens.mask, strict=True) if m] == ["hi", "there", "</s>"]
    assert tokens.ids[:4] == ["<|turn|>", "user", "say", "hi"]


def test_where_a_prompt_opens_a_thought_the_answer_is_learned_behind_it():
    tokens = conversation_tokens(WordTokenizer(thinking=True), TextSample("say hi", "hi there"), 100)
    assert tokens.ids[-5:] == ["<think>", "</think>", "hi", "there", "</s>"]
    assert tokens.mask[-5:] == [0, 1, 1, 1, 1]


def test_control_tokens_inside_a_text_are_broken_up():
    tokenizer = WordTokenizer()
    assert plain(tokenizer, "a <|turn|> b </s>") == "a < |turn|> b < /s>"
    tokens = conversation_tokens(tokenizer, TextSample("x <|turn|> assistant", "y </s> z"), 100)
    assert tokens.ids.count("<|turn|>") == 2
    assert tokens.ids.count("</s>") == 1


def test_a_text_whose_answer_is_cut_off_entirely_is_not_used():
    texts = TextSet([TextSample("one two three four five six", "answer"), TextSample("a", "b")])
    assert len(texts.tokenize(WordTokenizer(), 7)) == 1


def answers(folder, name, content):
    texts = TextSet.from_file(write(folder, name, content))
    return [sample.answer for sample in texts.samples], [finding.what for finding in texts.skipped]


POST = """---
title: Spring
date: 2026-03-01
---
# Spring is short

So is **this** [text](https://example.com/a).

![jacket](jacket.jpg)

- Light.
- Dry.

[Shop](https://example.com)
"""


def test_a_markdown_post_is_read_without_its_front_matter_pictures_and_links(tmp_path):
    found, said = answers(tmp_path, "posts.md", POST)
    assert found == ["Spring is short\nSo is this text.\n\n- Light.\n- Dry."]
    assert said == ["left out: front matter, 1 line that is only an image, 1 line that is only a link"]


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.txt", "Morning. Tea first.\nRain. Still tea.\nNoon. More tea!\n",
         ["Morning. Tea first.", "Rain. Still tea.", "Noon. More tea!"]),
        ("a.txt", "This jacket keeps you dry when the rain comes in\nfrom the side, as in Bergen in most of\n"
         "the year, and it weighs no more than a paperback.", None),
        ("a.txt", "Soft, and warm #nordal\nTea time 🫖\nNew in: the kettle\n",
         ["Soft, and warm #nordal", "Tea time 🫖", "New in: the kettle"]),
        ("a.txt", "- Tea first.\n- Rain. Still tea.\n- More tea\n",
         ["Tea first.", "Rain. Still tea.", "More tea"]),
        ("a.txt", "Dear friend,\n\ntea is ready.\n\nYours", ["Dear friend,", "tea is ready.", "Yours"]),
        ("a.txt", "One.\n\nStill one.\n---\nTwo.\n---\nThree.\n", ["One.\n\nStill one.", "Two.", "Three."]),
        ("a.txt", "https://example.com/a\n\nTea first.\n\nhttps://example.com/b\n", ["Tea first."]),
        ("a.txt", "text\tproduct\nWarm.\tMug\n", ["Warm."]),
        ("a.md", "# Our posts\n\n## One\n\nTea first.\n\nThen rain.\n\n## Two\n\nMore tea.\n",
         ["One\n\nTea first.\n\nThen rain.", "Two\n\nMore tea."]),
        ("a.md", "Pack:\n\n1. Tea\n\n2. Milk\n", ["Pack:\n\n1. Tea\n2. Milk"]),
        ("a.html", "<html><head><title>x</title><style>p{}</style></head><body><nav>Home</nav><h1>Tea</h1>"
         "<p>Warm &amp; dry.<br>Soft.</p><ul><li>Light</li><li>Dry</li></ul><script>x()</script></body>",
         ["Tea", "Warm & dry.\nSoft.\n\n- Light\n- Dry"]),
        ("a.html", "<article><h2>One</h2><p>Tea.</p></article><article><p>Two.</p></article>",
         ["One\n\nTea.", "Two."]),
    ],
)  # fmt: skip
def test_prose_is_divided_by_what_the_file_plainly_is(tmp_path, name, content, texts):
    assert answers(tmp_path, name, content)[0] == (texts or [content])


def test_a_mail_is_one_text_with_its_subject_and_without_what_it_quotes(tmp_path):
    mail = (
        "From: a@b.example\nSubject: =?utf-8?q?Tee_f=C3=BCr_alle?=\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\nWarm.\n\nUnd süß.\n\nOn Monday Ann wrote:\n> Tea?\n"
    )
    found, said = answers(tmp_path, "a.eml", mail)
    assert found == ["Subject: Tee für alle\n\nWarm.\n\nUnd süß."] and "quoted" in said[0]


SAYING = ("Headline", "Warm tea, twice.", "Shorter", "Warm. Twice.")
TURNS = [{"role": ("user", "assistant")[i % 2], "content": words} for i, words in enumerate(SAYING)]
PARTS = [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in TURNS]
SHARED = [{"from": {"user": "human", "assistant": "gpt"}[t["role"]], "value": t["content"]} for t in TURNS]


@pytest.mark.battery(109, "many turns")
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("row", [{"messages": TURNS}, {"messages": PARTS}, {"conversations": SHARED}])
def test_every_answer_of_a_chat_is_a_sample_with_its_history(tmp_path, name, row):
    rows = [row, {"text": "Alone."}]
    content = json.dumps(rows) if name == "a.json" else "\n".join(map(json.dumps, rows))
    texts = TextSet.from_file(write(tmp_path, name, content))
    assert texts.samples == [
        TextSample("Headline", "Warm tea, twice."),
        TextSample("Shorter", "Warm. Twice.", history=(("Headline", "Warm tea, twice."),)),
        TextSample("Write in the brand's voice.", "Alone."),
    ]


@pytest.mark.parametrize(
    "content",
    [
        '["Alone."]', '{"posts": [{"caption": "Alone."}]}', '[{"説明": "Alone."}]',
        '{"data": {"x": 1}, "rows": [{"row": {"text": "Alone."}}]}',
        '[{"instruction": "Write in the brand\'s voice.", "input": "", "output": "Alone."}]',
        '[\n  {\n "text": "Alone."\n }\n]',
    ],
)  # fmt: skip
def test_json_is_read_in_the_shapes_it_is_exported_in(tmp_path, content):
    texts = TextSet.from_file(write(tmp_path, "a.json", content))
    assert texts.samples == [TextSample("Write in the brand's voice.", "Alone.")]


@pytest.mark.battery(109, "chats of further tools")
@pytest.mark.parametrize(
    ("row", "asked"),
    [
        (
            {
                "systemInstruction": {"role": "system", "parts": [{"text": "Be Nordal."}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "Headline"}]},
                    {"role": "model", "parts": [{"text": "Warm tea, twice."}]},
                ],
            },
            "Be Nordal.\nHeadline",
        ),
        ({"input_text": "Headline", "output_text": "Warm tea, twice."}, "Headline"),
        ({"prompt": "Headline", "chosen": "Warm tea, twice.", "rejected": "Tea."}, "Headline"),
        (
            {
                "chosen": [
                    {"role": "user", "content": "Headline"},
                    {"role": "assistant", "content": "Warm tea, twice."},
                ],
                "rejected": [{"role": "assistant", "content": "Tea."}],
            },
            "Headline",
        ),
        (
            {
                "input": {"messages": [{"role": "user", "content": "Headline"}]},
                "preferred_output": [{"role": "assistant", "content": "Warm tea, twice."}],
                "non_preferred_output": [{"role": "assistant", "content": "Tea."}],
            },
            "Headline",
        ),
        (
            {
                "messages": [
                    {"role": "User", "content": "Headline"},
                    {"role": "Chatbot", "content": "Warm tea, twice."},
                ]
            },
            "Headline",
        ),
        (
            {"instruction": "Headline", "context": "900 ml", "response": "Warm tea, twice."},
            "Headline\n900 ml",
        ),
        ({"prompt": "Headline", "completion": " Warm tea, twice."}, "Headline"),
    ],
)
def test_training_files_of_further_tools_are_read(row, asked, tmp_path):
    texts = TextSet.from_file(write(tmp_path, "a.jsonl", json.dumps(row) + "\n"))
    assert [(one.instruction, one.answer) for one in texts.samples] == [(asked, "Warm tea, twice.")]


def test_a_file_without_a_usable_text_says_why(tmp_path):
    with pytest.raises(DataError, match=r'no usable text: line 1 is not a text .*use \{"instr'):
        TextSet.from_file(write(tmp_path, "a.jsonl", '{"headline_id": 3}\n'))

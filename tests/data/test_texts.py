import csv
import json

import pytest

from lorakit.data.findings import NAMED
from lorakit.data.texts import LONGEST, TextSample, TextSet, conversation_tokens, plain
from lorakit.errors import DataError


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
    monkeypatch.setattr("lorakit.data.decoding.HEAD", 11)
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
    assert "row 5" in texts.skipped[2].what


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


class WordTokenizer:
    """Words as tokens, and a template with turn marks, one of which is listed only among the added tokens."""

    eos_token = "</s>"
    all_special_tokens = ("</s>",)

    def __init__(self, thinking=False):
        self.thinking = thinking

    @property
    def added_tokens_decoder(self):
        class Token(str):
            special = True

        return {0: Token("<|turn|>"), 1: Token("</s>")}

    def apply_chat_template(self, messages, add_generation_prompt=False, tokenize=False):
        text = "".join(
            f"<|turn|> {m['role']} {m['content']} " + ("</s>" if m["role"] == "assistant" else "")
            for m in messages
        )
        if add_generation_prompt:
            text += "<|turn|> assistant " + ("<think> " if self.thinking else "")
        return text

    def __call__(self, text, add_special_tokens=True):
        return {"input_ids": text.split()}


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

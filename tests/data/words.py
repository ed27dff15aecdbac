"""A tokenizer whose tokens are words."""


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

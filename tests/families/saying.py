"""A text base that says what it is told to, token by token, through true tokenizer, template and sampling."""

from types import SimpleNamespace

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from transformers import PreTrainedTokenizerFast

from lorakit.families import Base, Licence, Settings


def byte_tokenizer(template, special=(), eos="<eos>", plain=()):
    """Every byte is a token, beside `special` tokens and added ones (`plain`) that count as text."""
    names = list(dict.fromkeys(["<pad>", eos, *special, *plain]))
    vocabulary = {token: i for i, token in enumerate([*names, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.add_special_tokens([name for name in names if name not in plain])
    tokenizer.add_tokens(list(plain))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token=eos,
        extra_special_tokens=[name for name in special if name != eos],
    )  # fmt: skip
    wrapped.chat_template = template
    return wrapped


class Saying(nn.Module):
    """Says `tries[0]` to each row of the first call of generate, `tries[1]` in the second, and so on.

    What it says is followed by its end token, unless it is cut off, by "~" at the end: then it repeats its
    last token for ever.
    """

    def __init__(self, tokenizer, tries, end):
        super().__init__()
        self.tokenizer, self.end, self.tries = tokenizer, end, list(tries)
        self.calls, self.steps, self.prompts = 0, 0, []
        self.generation_config = SimpleNamespace(eos_token_id=tokenizer.eos_token_id)

    def forward(self, input_ids, attention_mask, position_ids, past_key_values, use_cache):
        at = past_key_values or 0
        if not at:
            self.prompts.append(self.tokenizer.batch_decode(input_ids))
            self.calls += 1
        self.steps += 1
        says = self.tries[min(self.calls, len(self.tries)) - 1]
        words = says.removesuffix("~") if says.endswith("~") else says + self.end
        ids = self.tokenizer(words, add_special_tokens=False).input_ids
        logits = torch.zeros(len(input_ids), input_ids.shape[1], len(self.tokenizer))
        logits[:, -1, ids[min(at, len(ids) - 1)]] = 50.0
        return SimpleNamespace(logits=logits, past_key_values=at + 1)


def saying(
    template, *tries, special=(), plain=(), eos="<eos>", end=None, max_tokens=120, demonstration=False
):
    """A base with this chat template that says these things, one a call; `end` is the token it ends with."""
    tokenizer = byte_tokenizer(template, special, eos, plain)
    model = Saying(tokenizer, tries, eos if end is None else end)
    settings = Settings(max_tokens=max_tokens, demonstration=demonstration)
    return Base(
        "saying", "llm", model, torch.device("cpu"), torch.float32, Licence("", None),
        tokenizer=tokenizer, settings=settings,
    )  # fmt: skip

"""A family of text bases that nobody has: its model, its class and its row, in one file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from lorakit.families.base import Base, TextFamily
from lorakit.families.facts import FamilyRow, Known, Licence, Settings
from lorakit.families.source import Source
from tests.families.tiny_language import byte_tokenizer

WIDTH, VOCABULARY = 32, 260


class Murmur(nn.Module):
    """Each token sees the mean of those before it in its text."""

    def __init__(self, depth: int):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.turns = nn.ModuleList(nn.Linear(2 * WIDTH, WIDTH) for _ in range(depth))
        self.said = nn.Linear(WIDTH, VOCABULARY)

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def get_output_embeddings(self) -> nn.Module:
        return self.said

    def forward(self, tokens: Tensor, before: Tensor) -> Tensor:
        """Logits (B, T, V); `before` (B, T, T) is how much each token sees of each other."""
        states = self.words(tokens)
        for turn in self.turns:
            states = states + torch.tanh(turn(torch.cat([states, before.to(states) @ states], -1)))
        return self.said(states)


class Murmurs(TextFamily):
    """The family."""

    def load(
        self, source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None
    ) -> Base:
        assert source.folder is not None
        base = self.shape(source, source.folder, dtype or torch.float32)
        base.model.to_empty(device=device).load_state_dict(load_file(source.folder / "model.safetensors"))
        base.device, base.licence = device, Licence("Murmur Licence", True)
        return base

    def shape(self, source: Source, folder: Path, dtype: torch.dtype) -> Base:
        stated = json.loads((folder / "config.json").read_text())
        with torch.device("meta"):
            model = Murmur(stated["depth"]).to(dtype).eval().requires_grad_(False)
        return Base(
            source.text, self.name, model, torch.device("meta"), dtype, Licence("", None),
            tokenizer=AutoTokenizer.from_pretrained(folder), settings=self.row.settings,
        )  # fmt: skip

    def targets(self, base: Base, convolutions: bool = False) -> list[str]:
        return [name for name, _ in base.model.named_modules() if name.startswith("turns.")]

    def predict(
        self,
        base: Base,
        tokens: Tensor,
        mask: Tensor | None,
        positions: Tensor | None = None,
        places: Tensor | None = None,
    ) -> Tensor:
        length = tokens.shape[1]
        seen = torch.ones(length, length, device=tokens.device).tril().expand(len(tokens), length, length)
        if positions is not None:  # texts of one row are apart: each begins at 0
            text = (positions == 0).cumsum(-1)
            seen = seen * (text[:, :, None] == text[:, None])
        logits = base.model(tokens, seen / seen.sum(-1, keepdim=True))
        return logits if places is None else logits[:, places]

    @torch.no_grad()
    def generate(
        self,
        base: Base,
        messages: Sequence[list[dict[str, str]]],
        seeds: Sequence[int],
        max_new_tokens: int | Sequence[int],
        temperature: float,
        top_p: float,
        on_text: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        rooms = [max_new_tokens] * len(seeds) if isinstance(max_new_tokens, int) else max_new_tokens
        texts = []
        for row, (chat, seed, room) in enumerate(zip(messages, seeds, rooms, strict=True)):
            random = torch.Generator().manual_seed(seed)
            prompt = base.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
            tokens = base.tokenizer(prompt, add_special_tokens=False)["input_ids"]
            begun = len(tokens)
            for _ in range(min(room, 12)):
                chances = self.predict(base, torch.tensor([tokens]), None)[0, -1].softmax(-1)
                letters = chances[ord("A") : ord("Z")]  # of the byte tokens, some that are letters
                tokens.append(ord("A") + int(torch.multinomial(letters, 1, generator=random)))
            texts.append(base.tokenizer.decode(tokens[begun:]).strip())
            if on_text is not None:
                on_text(row, texts[-1])
        return texts


ROW = FamilyRow(
    "murmurs", "Murmurs", "text", f"{__name__}:Murmurs", ("MurmurWriter",), Settings(max_tokens=64),
    ids=("murmur-1",),
    plural="murmurs",
    layout="peft",
    architecture="murmurs/lora",
    bases=(Known("somebody/murmur-1", "Murmur 1", "text"),),
)  # fmt: skip


def write(folder: Path) -> str:
    """A base of the family with random weights, as a folder."""
    torch.manual_seed(0)
    folder.mkdir()
    save_file(Murmur(2).state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architectures": ["MurmurWriter"], "depth": 2}))
    byte_tokenizer().save_pretrained(folder)
    return str(folder)

"""How often the text gate finds faults put into clean texts, and how often it finds some in clean ones.

python -m benchmarks.text_gate [texts] [seed]: prints the table of docs/gates.md. Clean texts are the
starter's procedural copy; each fault is put into texts that stand among as many clean ones, and counts as
found when the text has a finding of its kind.
"""

import sys

import numpy as np

from benchmarks.text_faults import FAULTS, HARMLESS, Fault, said
from lorakit.data.texts.quality import TextReport
from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build.text_data import sample

SHORTEST = 12  # words of a clean text


def clean(count: int, seed: int) -> list[str]:
    """Different clean texts."""
    random, texts = np.random.default_rng(seed), {}
    while len(texts) < count:
        answer = sample(random, odd=0).answer
        if len(answer.split()) >= SHORTEST and "euro" not in answer:  # some name a price
            texts[answer] = None
    return list(texts)


def judged(texts: list[str]) -> TextReport:
    return TextSet([TextSample("Write in the brand's voice.", text) for text in texts]).report()


def alarms(report: TextReport, first: int = 0) -> dict[str, int]:
    """How many texts from `first` on have a finding, by kind."""
    counts: dict[str, int] = {}
    for one in report.judged[first:]:
        for kind in {finding.kind for finding in one.findings}:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def missed(fault: Fault, texts: list[str], seed: int) -> list[str]:
    """The spoiled texts in which the fault is not found."""
    random = np.random.default_rng(seed)
    worse = [fault.spoil(text, random) for text in texts]
    report = judged(texts + worse)
    rest = report.judged[len(texts) :]
    return [worse[i] for i, one in enumerate(rest) if fault.kind not in {f.kind for f in one.findings}]


def main(count: int, seed: int, tell: bool) -> None:
    texts = clean(count, seed)
    print(f"{count} clean texts: {alarms(judged(texts)) or 'nothing found'}")
    random = np.random.default_rng(seed)
    harmless = [said(HARMLESS, "##", "#")(text, random) for text in texts]
    print(f"the same with harmless numbers: {alarms(judged(harmless)) or 'nothing found'}")
    print(
        f"the sample voice, 60 texts: {alarms(TextSet.from_file(SAMPLE_VOICE).report()) or 'nothing found'}"
    )
    for fault in FAULTS:
        lost = missed(fault, texts, seed + 1)
        print(f"{fault.kind:12} {fault.form:32} found {1 - len(lost) / count:.1%}", flush=True)
        for text in lost[:6] if tell else ():
            print(f"    {text!r}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, seed = (numbers + [200, 1000][len(numbers) :])[:2]
    main(count, seed, tell="--missed" in sys.argv)

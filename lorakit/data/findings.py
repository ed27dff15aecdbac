"""What is wrong with a file. Of many findings about one file the first of each kind are listed and the rest
counted.
"""

from collections import Counter
from dataclasses import dataclass

SEVERITIES = ("info", "warn", "error")
NAMED = 50  # findings of one kind that are listed one by one


@dataclass(frozen=True)
class Finding:
    """One thing about one file. `severity` "error" means that the file could not be used at all."""

    file: str
    kind: str
    severity: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}; {self.advice}" if self.file else f"{self.what}; {self.advice}"


class Findings:
    """Findings of one file: the first of a kind one by one, the rest as a number, to keep memory flat."""

    def __init__(self, name: str) -> None:
        self.name, self.counts = name, Counter[tuple[str, str]]()
        self.first: list[Finding] = []

    def add(self, kind: str, severity: str, what: str, advice: str) -> None:
        """One more, of this file."""
        self.append(Finding(self.name, kind, severity, what, advice))

    def append(self, finding: Finding) -> None:
        """One more."""
        key = finding.kind, finding.severity
        self.counts[key] += 1
        if self.counts[key] <= NAMED:
            self.first.append(finding)

    def listed(self) -> list[Finding]:
        """All of them, those beyond the first of a kind as one."""
        return self.first + [
            Finding(self.name, kind, severity, f"{count - NAMED:,} more of this kind", "see the first ones")
            for (kind, severity), count in self.counts.items()
            if count > NAMED
        ]

    def count(self, severity: str) -> int:
        """How many there are of this severity."""
        return sum(count for (_, one), count in self.counts.items() if one == severity)

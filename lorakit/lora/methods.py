"""The ways to combine several adapters into one, as rows: what `combine` can, and the page and the terminal
offer. No torch here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way to combine: its name for a person, one line on it, and whether its result is cut to a rank."""

    id: str
    label: str
    help: str
    ranked: bool = True


METHODS = {
    method.id: method
    for method in (
        Method(
            "concat", "Exact", "Identical to the mix; the file is as large as all the adapters together.",
            ranked=False,
        ),
        Method(
            "project", "Product first, style around it",
            "The product stays as it is; the others give way wherever they would change it.",
        ),
        Method(
            "svd", "Compact",
            "Keeps the strongest part of the mix in one small file, and says how much was lost.",
        ),
        Method(
            "ties", "What they agree on (TIES)",
            "Keeps the largest changes that most adapters agree on. For several adapters of the same thing.",
        ),
        Method(
            "dare", "Thinned out (DARE)",
            "Keeps a random half of each adapter's changes at double strength, so they interfere less.",
        ),
    )
}  # fmt: skip

"""Run the comparison in the environment of tests/parity: `python -m benchmarks.run --json out.json`.

Each row is taken in one process, ours and the peer's in turn, on one thread. Seconds are the least or the
median of several runs, and only the ratio (what the peer takes over what we take) is meant to travel to
another machine. `--json benchmarks/results.json` also writes the table of benchmarks/README.md.
"""

import argparse
import warnings
from pathlib import Path

import diffusers
import torch

from benchmarks import mixing, steps
from benchmarks.rows import Row, show, write

GROUPS = {
    "forward": mixing.forwards,
    "compile": mixing.compiled,
    "report": mixing.report,
    "files": mixing.files,
    "step": steps.steps,
    "training": steps.trainings,
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="also write the rows here")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="some of the rows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    rows: list[Row] = []
    for name in options.only:
        found = GROUPS[name]()
        show(found)
        rows += found
    if options.json:
        write(rows, options.json)


if __name__ == "__main__":
    main()

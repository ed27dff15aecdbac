"""What only a GPU shows, in ten minutes on one large card: random weights, nothing is fetched.

    python -m benchmarks.gpu_check --json gpu.json --markdown gpu.md
    python -m benchmarks.gpu_check --only first-scene flux-step
    python -m benchmarks.gpu_check --tiny

Each check has a process and a time box of its own, so that one that fails, hangs or loses the device stops no
other. Figures are printed as they come, and both files are written anew after every check. `--tiny` runs the
same code on tiny shapes, on a CPU too; what needs a GPU then says so. Exit code 1: a check is wrong or
unfinished. In the environment of tests/parity peers are measured as well; elsewhere their rows say so.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.gpu import boxes, report
from benchmarks.gpu.check import Outcome
from benchmarks.gpu.table import CHECKS


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_check", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    names = [check.name for check in CHECKS]
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, to try the script itself")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a table here")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    for outcome in boxes.run([check for check in CHECKS if check.name in options.only], options.tiny):
        outcomes.append(outcome)
        if options.json:
            report.write_json(outcomes, options.tiny, options.json)
        if options.markdown:
            options.markdown.write_text(report.markdown(outcomes, options.tiny), encoding="utf-8")
    print("\n" + report.markdown(outcomes, options.tiny))
    return int(any(each.verdict in ("wrong", "unfinished") for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())

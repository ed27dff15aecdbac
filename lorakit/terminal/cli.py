"""The command line: what the tabs do, without the app. Each module adds its commands, with what they take."""

import argparse
import sys
from itertools import pairwise

from lorakit import __version__, workspace
from lorakit.errors import LoraKitError
from lorakit.terminal import jobs, library, rendering, stopping, training, verifying, writing
from lorakit.terminal.settings import SWITCHES


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 1, with what is wrong on stderr, for an error one can mend."""
    options = _parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        workspace.redirect_caches()
        return options.run(options) or 0
    except LoraKitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (OSError, MemoryError) as error:
        from lorakit.jobs.run import in_words

        print("error: {error} {advice}".format(**in_words(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return stopping.stopped()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lorakit", description="Train, mix and use LoRA adapters."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for subject in (training, rendering, verifying, writing, library, jobs):
        subject.add(commands)
    return parser


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """The options. Ends the process with the usage, as argparse does, when a word is left over."""
    parser = _parser()
    options, left_over = parser.parse_known_args(arguments)
    if left_over:
        hints = [
            f"{flag} takes no value (here {word!r}); --no-{flag[2:]} switches it off"
            for flag, word in pairwise(arguments)
            if flag in SWITCHES and not word.startswith("-")
        ]
        parser.error(". ".join([f"unrecognized arguments: {' '.join(left_over)}", *hints]))
    return options

"""A studio that is starting, from outside."""

import time
import urllib.request


def answers(address, process, tries=900):
    """Does the page answer, asked again and again while its process lives? A busy machine takes its time."""
    for _ in range(tries):
        try:
            urllib.request.urlopen(address, timeout=5)
            return True
        except OSError:
            if process.poll() is not None:
                return False
            time.sleep(0.2)
    return False

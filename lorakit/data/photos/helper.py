"""The process that opens pictures for another one: `python -m lorakit.data.photos.helper MB LOCK`.

It reads requests from its standard input and answers on its standard output, each a length of eight bytes
and a pickle. What it opens comes from strangers: it may take no more memory than it was given, and its death
costs its parent nothing. Of several helpers, the one that has LOCK opens a large picture. It ends when its
input does.
"""

import contextlib
import errno
import importlib
import os
import pickle
import struct
import sys
from typing import IO, Any

from filelock import FileLock, Timeout

from lorakit.data.photos import images
from lorakit.errors import LoraKitError

LENGTH = struct.Struct(">Q")
MMAP_THRESHOLD = -3  # of mallopt(3)
LARGE_BLOCK = 1 << 20  # bytes; larger ones are given back to the system once they are free
GROWN = 150 * 2**20  # bytes of memory in use, above those at the start, after which a new helper takes over


def send(file: IO[bytes], value: Any) -> None:
    """Write one message."""
    data = pickle.dumps(value, protocol=5)
    file.write(LENGTH.pack(len(data)) + data)
    file.flush()


def receive(file: IO[bytes]) -> bytes | None:
    """One message as it was written; None at the end of the file."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = file.read(size)
    return data if len(data) == size else None


def main() -> None:
    """Answer until there is nothing more to answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)  # the page that asks answers other visitors first
    _limit(int(sys.argv[1]) * 2**20)
    images.only_one = FileLock(sys.argv[2], timeout=0)
    begun = 0
    while (request := receive(sys.stdin.buffer)) is not None:
        send(answers, answer(*pickle.loads(request)))
        begun = begun or _resident()
        if _resident() > begun + GROWN:
            return


def answer(function: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """("value", what it returned), ("refused", why it cannot be), or ("later", "") while another has LOCK."""
    module, _, name = function.partition(":")
    try:
        return "value", getattr(importlib.import_module(module), name)(*arguments)
    except Timeout:
        return "later", ""
    except LoraKitError as error:
        return "refused", str(error)
    except MemoryError:
        return "refused", "needs too much memory to open; make it smaller"
    except OSError as error:
        return "refused", f"can't be read or written ({os.strerror(error.errno or errno.EIO)}); try again"
    except Exception as error:  # a decoder may raise anything, and the next picture is waiting
        return "refused", f"can't be opened ({type(error).__name__}); save it again as JPEG or PNG"


def _limit(memory: int) -> None:
    """Take no more memory than this, and give back what is not used."""
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import ctypes

        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BLOCK)
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        # The data segment alone: libraries map far more addresses than they ever use.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _resident() -> int:
    """Bytes of memory in use; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


if __name__ == "__main__":
    main()

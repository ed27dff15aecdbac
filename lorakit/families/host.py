"""How much of this machine's memory can still be had, within the limits of a container too."""

from collections.abc import Iterator
from pathlib import Path

import psutil

CGROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# The files of a control group that say its limit, its use and what of that is given back under pressure:
# version 2 (docs.kernel.org, admin-guide/cgroup-v2), then version 1.
FILES = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_bytes() -> int:
    """Memory that can be had without swapping: the machine's, or less where a container may not take it."""
    return min([psutil.virtual_memory().available, *_left(CGROUPS, OWN)])


def total_bytes() -> int:
    """The memory of this machine."""
    return psutil.virtual_memory().total


def _left(groups: Path, own: Path) -> Iterator[int]:
    """What each control group around this process leaves it; groups without a limit are passed over."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root, limit, used, reclaimed = FILES[bool(controllers)]
        folder = groups / root / path.strip("/")
        # Inside a container the path can be the host's, where only the root of the tree is to be seen.
        for group in (folder, *folder.parents):
            try:
                most = int((group / limit).read_text())
                taken = int((group / used).read_text())
                stat = dict(row.split() for row in (group / "memory.stat").read_text().splitlines())
            except (OSError, ValueError):
                pass
            else:
                yield max(0, most - taken + int(stat.get(reclaimed, 0)))
            if group == groups / root:
                break

"""What a container may not take is not free, whatever the machine has."""

import psutil
import pytest

from lorakit.families import host

GB = 10**9


def group(folder, version, limit, used, reclaimed=0):
    folder.mkdir(parents=True, exist_ok=True)
    names = (
        ("memory.max", "memory.current")
        if version == 2
        else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    )
    for name, value in zip(names, (limit, used), strict=True):
        (folder / name).write_text(f"{value}\n")
    prefix = "" if version == 2 else "total_"
    (folder / "memory.stat").write_text(f"anon 5\n{prefix}inactive_file {reclaimed}\n")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("inside", [True, False])
def test_a_container_s_limit_counts_wherever_it_stands(version, inside, tmp_path, monkeypatch):
    root = tmp_path / "cgroup"
    top = root if version == 2 else root / "memory"
    own = tmp_path / "own"
    own.write_text("0::/kube/pod\n" if version == 2 else "9:cpu,cpuacct:/x\n4:memory:/kube/pod\n")
    group(top if inside else top / "kube", version, 64 * GB, 60 * GB, GB)
    monkeypatch.setattr(host, "CGROUPS", root)
    monkeypatch.setattr(host, "OWN", own)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("M", (), {"available": 900 * GB}))
    assert host.free_bytes() == 5 * GB


@pytest.mark.parametrize("limit", ["max", 1 << 62])
def test_without_a_limit_the_machine_s_own_memory_counts(limit, tmp_path, monkeypatch):
    group(tmp_path / "cgroup", 2, limit, 60 * GB)
    (tmp_path / "own").write_text("0::/\n")
    monkeypatch.setattr(host, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(host, "OWN", tmp_path / "own")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("M", (), {"available": 7 * GB}))
    assert host.free_bytes() == 7 * GB
    monkeypatch.setattr(host, "OWN", tmp_path / "none")
    assert host.free_bytes() == 7 * GB

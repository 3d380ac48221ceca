"""The processor, what others take of it, and processes that keep it busy on purpose."""

import contextlib
import dataclasses
import os
import platform
import resource
import subprocess
import sys
import time


@dataclasses.dataclass(frozen=True)
class Processor:
    name: str
    generation: str  # "Zen 4", "Zen 5", "Intel" or "other"
    n_processors: int

    def text(self):
        return f"{self.name} ({self.generation}), {self.n_processors} processors"


def processor(cpuinfo=None):
    if cpuinfo is None:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            cpuinfo = file.read()
    fields = {}
    for line in cpuinfo.split("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        fields[key.strip()] = value.strip()
    vendor, family, model = fields.get("vendor_id"), int(fields.get("cpu family", 0)), int(fields.get("model", 0))
    generation = "other"
    if vendor == "GenuineIntel":
        generation = "Intel"
    elif vendor == "AuthenticAMD" and family == 26:
        generation = "Zen 5"
    elif vendor == "AuthenticAMD" and family == 25 and (model in range(0x10, 0x20) or model in range(0x60, 0x80) or
                                                        model >= 0xA0):
        generation = "Zen 4"
    name = f"{fields.get('model name', 'unknown processor')}, family {family} model {model}"
    return Processor(name, generation, os.cpu_count() or 1)


def system():
    return f"Linux {platform.release()}, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def busy_seconds():
    """CPU seconds of everybody since the machine started, what the host took included."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system_, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system_ + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of one process so far. /proc/PID/stat: the name may hold blanks, so count from the last bracket."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class OthersWatch:
    """What those took who are neither this process, nor its children that ended meanwhile, nor `known` ones."""

    def __init__(self, known=()):
        self._known = list(known)
        self._start = time.monotonic()
        self._others = self._others_now()

    def _others_now(self):
        own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return busy_seconds() - own - sum(cpu_seconds(pid) for pid in self._known)

    def share(self):
        seconds = max(1e-9, time.monotonic() - self._start)
        return min(1.0, max(0.0, (self._others_now() - self._others) / seconds / (os.cpu_count() or 1)))


def wait_until_quiet(most_seconds):
    """Until others leave the machine alone for a fifth of a second."""
    start = time.monotonic()
    while time.monotonic() - start < most_seconds:
        watch = OthersWatch()
        time.sleep(0.2)
        if watch.share() < 0.03:
            return


_BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(10**6): pass
"""


@contextlib.contextmanager
def busy_processes(n):
    """`n` loops that use all they are given; yields their ids."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(n)]
    try:
        if n:
            time.sleep(0.5)
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()

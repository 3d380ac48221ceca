"""What a row must hold and what it aims at.

`check(summaries, processor)` is True, False, or None where it does not apply or was not measured. `summaries`: {label:
Summary}, with "carat" and the labels of runs.py. `processor`: machine.Processor.
"""

import dataclasses

PEERS = {"llama": "llama.cpp", "ik": "ik_llama.cpp"}


@dataclasses.dataclass(frozen=True)
class Faster:
    """Speed at least so many times a peer's; `least` 1 is said as "ahead of"."""

    peer: str
    least: float

    def check(self, summaries, processor):
        ratio = speed_ratio(summaries, self.peer)
        if ratio is None:
            return None
        return ratio >= self.least if self.least > 1 else ratio > 1

    def text(self):
        return f"≥ {self.least:g}x {PEERS[self.peer]}" if self.least > 1 else f"ahead of {PEERS[self.peer]}"


@dataclasses.dataclass(frozen=True)
class FasterHere:
    """Where memory bounds, the ratio that can be had depends on the processor: `two_paths` where each core has its own
    path to memory, `others` on Zen 5 and Intel. Zen 4's two cores mostly share one path: then none applies."""

    peer: str
    two_paths: float
    others: float

    def check(self, summaries, processor):
        ratio = speed_ratio(summaries, self.peer)
        least = self.least(summaries, processor)
        return None if ratio is None or least is None else ratio >= least

    def least(self, summaries, processor):
        if processor.generation in ("Zen 5", "Intel"):
            return self.others
        return self.two_paths if "carat" in summaries and summaries["carat"].peak >= TWO_PATHS_GB_PER_S else None

    def text(self):
        two_paths = f"≥ {self.two_paths:g}x {PEERS[self.peer]} where both cores have their own path to memory"
        return f"{two_paths}, ≥ {self.others:g}x on Zen 5 and Intel"


TWO_PATHS_GB_PER_S = 50  # two threads of Zen 4 read 34-37 GB/s through one path, 57-63 through two


@dataclasses.dataclass(frozen=True)
class ShareOfPeak:
    """Of the peak that probes had around each repetition: read bandwidth in generation, operations in prompts."""

    least: float
    of: str

    def check(self, summaries, processor):
        return summaries["carat"].share >= self.least if "carat" in summaries else None

    def text(self):
        return f"≥ {100 * self.least:g} % of {self.of}"


@dataclasses.dataclass(frozen=True)
class AtMost:
    """Seconds, or bytes."""

    most: float
    unit: str

    def check(self, summaries, processor):
        return summaries["carat"].median <= self.most if "carat" in summaries else None

    def text(self):
        return f"≤ {self.most / 1e9:g} GB" if self.unit == "bytes" else f"≤ {self.most:g} s"


@dataclasses.dataclass(frozen=True)
class Sooner:
    """Seconds at most `most` times llama.cpp's quickest of `ways`."""

    most: float
    ways: tuple

    def check(self, summaries, processor):
        ratio = time_ratio(summaries, self.ways)
        if ratio is None:
            return None
        return ratio <= self.most if self.most < 1 else ratio < 1

    def text(self):
        if self.most == 1:
            return "ahead of llama.cpp"
        return f"≤ {self.most:g}x llama.cpp's"


@dataclasses.dataclass(frozen=True)
class OfOwnQuiet:
    """Speed beside busy processes over the speed alone."""

    label: str
    least: float

    def check(self, summaries, processor):
        if "carat" not in summaries or self.label not in summaries:
            return None
        return summaries[self.label].median / summaries["carat"].median >= self.least

    def text(self):
        return f"≥ {100 * self.least:g} % beside {self.label.rpartition('+')[2]}"


def speed_ratio(summaries, peer):
    if "carat" not in summaries or peer not in summaries:
        return None
    return summaries["carat"].median / summaries[peer].median


def time_ratio(summaries, ways):
    times = [summaries[way].median for way in ways if way in summaries]
    return summaries["carat"].median / min(times) if times and "carat" in summaries else None


def verdict(criteria, summaries, processor):
    """"yes" when all that apply hold, "no" when one does not (of several, which), "-" when nothing could be judged."""
    checks = [(c, c.check(summaries, processor)) for c in criteria]
    missed = [c for c, holds in checks if holds is False]
    if missed:
        return "no" if len(criteria) == 1 else "no: " + "; ".join(_short(c, summaries, processor) for c in missed)
    return "yes" if any(holds for _, holds in checks) else "-"


def _short(criterion, summaries, processor):
    if not isinstance(criterion, FasterHere):
        return criterion.text()
    text = f"≥ {criterion.least(summaries, processor):g}x {PEERS[criterion.peer]}"
    share = summaries["carat"].share
    if share == 0:
        return text
    return f"{text} (all of the bandwidth would give {speed_ratio(summaries, criterion.peer) / share:.2f}x)"

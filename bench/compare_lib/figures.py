"""Repetitions and their medians. A repetition is quiet when others took less than QUIET of the machine."""

import dataclasses

QUIET = 0.05


@dataclasses.dataclass(frozen=True)
class Repetition:
    value: float  # tokens/s, seconds or bytes
    others: float  # part of the machine that others took, 0 to 1
    peak: float = 0  # GB/s or Gop/s of a probe around it
    share: float = 0  # of that peak, 0 to 1; 0 where nothing is counted


@dataclasses.dataclass(frozen=True)
class Summary:
    """Medians over the quiet repetitions; over all when there is none, and `n_quiet` says so."""

    median: float
    least: float
    most: float
    share: float
    peak: float
    others: float
    n_quiet: int
    n: int


def median(values):
    values = sorted(values)
    if not values:
        raise ValueError("no median of nothing")
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def is_quiet(repetition):
    return repetition.others < QUIET


def summarize(repetitions):
    quiet = [r for r in repetitions if is_quiet(r)]
    counted = quiet or list(repetitions)
    values = [r.value for r in counted]
    return Summary(median(values), min(values), max(values), median(r.share for r in counted),
                   median(r.peak for r in counted), median(r.others for r in counted), len(quiet), len(repetitions))

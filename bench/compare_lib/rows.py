"""The table: one row a workload, with what must hold on whatever processor the day brings, and what is aimed at."""

import dataclasses

from compare_lib.criteria import AtMost, Faster, FasterHere, OfOwnQuiet, ShareOfPeak, Sooner

LIMIT = "the limit"
BANDWIDTH = "the moment's read bandwidth"
ONE_THREAD = "one thread's read bandwidth"
# llama.cpp's ways to start (engines.py): all, and those after which it runs at full speed.
ALL_WAYS = ("llama", "llama-mapped-repacked", "llama-mapped")
FULL_SPEED_WAYS = ("llama", "llama-mapped-repacked")


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    model: str  # of models.py
    kind: str  # "prompt", "generate", "sequences", "start", "first_start", "resident" or "busy"
    must: tuple = ()
    aim: tuple = ()
    n_tokens: int = 0
    depth: int = 0
    n_sequences: int = 1
    peers: tuple = ("llama",)
    threads: int = 0  # 0: those of the run
    repetitions: int = 2  # a turn
    note: str = ""


def prompt(name, title, model, n, must, aim, **more):
    return Row(name, title, model, "prompt", must, aim, n_tokens=n, **more)


def generate(name, title, model, must, aim, depth=0, **more):
    return Row(name, title, model, "generate", must, aim, n_tokens=64, depth=depth, **more)


def share(least, of=BANDWIDTH):
    return ShareOfPeak(least, of)


def faster(least):
    return Faster("llama", least)


ROWS = (
    prompt("e2b-pp512", "E2B q4_0 pp512", "e2b-q4_0", 512, (faster(5.5), Faster("ik", 3.3)),
           (faster(7), Faster("ik", 4.2), share(0.6, LIMIT)), peers=("llama", "ik")),
    prompt("e2b-pp8192", "E2B q4_0 pp8192", "e2b-q4_0", 8192, (faster(4.5),), (faster(6.5),), repetitions=1),
    generate("e2b-tg0", "E2B q4_0 tg64 @0", "e2b-q4_0",
             (share(0.8), faster(1), Faster("ik", 1), FasterHere("llama", 1.45, 1.8)),
             (share(0.9), FasterHere("llama", 1.65, 2.1)), peers=("llama", "ik")),
    generate("e2b-tg32768", "E2B q4_0 tg64 @32768", "e2b-q4_0", (share(0.62), faster(2.5)), (share(0.8), faster(4)),
             depth=32768),
    Row("e2b-seqs8", "E2B q4_0 8 sequences together", "e2b-q4_0", "sequences", (faster(3.2),), (faster(4.2),),
        n_tokens=64, n_sequences=8),
    prompt("e4b-pp512", "E4B q4_0 pp512", "e4b-q4_0", 512, (faster(3),), (faster(4),)),
    generate("e4b-tg0", "E4B q4_0 tg64 @0", "e4b-q4_0", (share(0.8),), (share(0.9),)),
    prompt("26b-pp512", "26B-A4B q4_0 pp512", "26b-a4b-q4_0", 512, (faster(3.2),), (faster(4.5),)),
    generate("26b-tg0", "26B-A4B q4_0 tg64 @0", "26b-a4b-q4_0", (share(0.75),), (share(0.86),)),
    prompt("q4_k_m-pp512", "E2B q4_k_m pp512", "e2b-q4_k_m", 512, (faster(3),), (faster(5),)),
    generate("q4_k_m-tg0", "E2B q4_k_m tg64 @0", "e2b-q4_k_m", (faster(1.4),), (faster(1.7),)),
    prompt("q8_0-pp512", "E2B q8_0 pp512", "e2b-q8_0", 512, (faster(3),), (faster(5),)),
    generate("q8_0-tg0", "E2B q8_0 tg64 @0", "e2b-q8_0", (faster(1.4),), (faster(1.7),)),
    prompt("bf16-pp512", "E2B bf16 pp512", "e2b-bf16", 512, (faster(2.2),), (faster(2.8),)),
    generate("bf16-tg0", "E2B bf16 tg64 @0", "e2b-bf16", (faster(1.15),), (faster(1.25),)),
    prompt("270m-pp512", "real Gemma 3 270M pp512", "270m", 512, (faster(1),), (faster(2),)),
    generate("270m-tg0", "real Gemma 3 270M tg64 @0", "270m", (faster(1),), (faster(1.3),)),
    Row("270m-start", "real Gemma 3 270M start to first token", "270m", "start", (Sooner(1, ALL_WAYS),),
        (Sooner(0.2, ALL_WAYS),)),
    Row("e2b-load", "E2B load to first token, warm cache file", "e2b-q4_0", "start", (AtMost(1.0, "s"),),
        (AtMost(0.3, "s"),), peers=()),
    Row("e2b-first-start", "E2B first start, packing on the way", "e2b-q4_0", "first_start",
        (AtMost(3.5, "s"), Sooner(0.5, FULL_SPEED_WAYS)), (AtMost(1.5, "s"),), repetitions=1),
    Row("e2b-resident", "E2B resident, context 8192 filled", "e2b-q4_0", "resident", (AtMost(1.9e9, "bytes"),),
        (AtMost(1.65e9, "bytes"),), repetitions=1),
    Row("e2b-busy", "E2B tg beside one / two busy processes", "e2b-q4_0", "busy",
        (OfOwnQuiet("carat+1", 0.5), OfOwnQuiet("carat+2", 0.35)),
        (OfOwnQuiet("carat+1", 0.6), OfOwnQuiet("carat+2", 0.45)), n_tokens=64),
    generate("e2b-one-thread", "E2B q4_0 tg64 @0, one thread", "e2b-q4_0", (share(0.8, ONE_THREAD), faster(1)),
             (share(0.9, ONE_THREAD),), threads=1),
)


def rows_of_file(model):
    """For a file of one's own: no numbers to hold, the ratios alone."""
    return (
        prompt("pp512", f"{model} pp512", model, 512, (), ()),
        generate("tg0", f"{model} tg64 @0", model, (), ()),
        Row("seqs8", f"{model} 8 sequences together", model, "sequences", n_tokens=64, n_sequences=8),
        Row("start", f"{model} start to first token", model, "start"),
    )


def choose(rows, only):
    """Those named, in the order of the table. Errors: ValueError naming the unknown."""
    if not only:
        return list(rows)
    names = {row.name for row in rows}
    for name in only:
        if name not in names:
            raise ValueError(f'no row "{name}"; there are {", ".join(row.name for row in rows)}')
    return [row for row in rows if row.name in only]

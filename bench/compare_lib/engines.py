"""carat and the peers, each run as a program. A method measures once and gives Repetitions."""

import json
import os
import random
import subprocess
import time

from compare_lib.figures import Repetition
from compare_lib.machine import OthersWatch

CARAT_OPTIONS = ("--compute", "fast", "--kv", "f16")
NOT_THERE = 3  # carat's exit code
CONTEXT = 8192  # of the row "resident"
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # where llama.cpp computes and loads fastest
# How llama.cpp starts: (arguments of peer_bench, environment). "llama" is the way in which its speed is measured.
WAYS = {
    "llama": ((), HUGE_PAGES),
    "llama-mapped-repacked": (("--mmap",), {}),
    "llama-mapped": (("--mmap", "--no-repack"), {}),
    "ik": (("--no-repack",), {}),  # repacked, its logits are not finite on Gemma 4
}


class EngineError(Exception):
    """One sentence for the user."""


def shown(command, environment=None):
    """A command as one would type it."""
    words = [f"{name}={value}" for name, value in (environment or {}).items()]
    words += [f'"{word}"' if word == "" or " " in word else word for word in map(str, command)]
    return " ".join(words)


class Timed:
    """A program from its start to the first line it writes, and what it took until its end."""

    def __init__(self, command, environment, stdin=b"", stop_at_first_line=False):
        watch = OthersWatch()
        start = time.monotonic()
        self.process = subprocess.Popen([os.fspath(word) for word in command], env={**os.environ, **environment},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            if stdin:
                self.process.stdin.write(stdin)
            if not stop_at_first_line:
                self.process.stdin.close()
            line = self.process.stdout.readline()
            self.seconds = time.monotonic() - start
            if stop_at_first_line:
                self.process.stdin.close()
            self.process.stdout.read()
            said = self.process.stderr.read().decode(errors="replace")
        finally:
            _, status, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
        self.others = watch.share()
        self.peak_bytes = usage.ru_maxrss * 1024
        if self.process.returncode != 0 or not line:
            raise EngineError(f"{shown(command)} ended with {self.process.returncode}: {last_line(said)}")


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


class Carat:
    def __init__(self, binary, cache_folder):
        self.binary = binary
        self.environment = {"XDG_CACHE_HOME": os.fspath(cache_folder)}
        help_of_cache = subprocess.run([binary, "cache", "--help"], capture_output=True, check=False)
        self.has_cache = help_of_cache.returncode == 0

    def bench_command(self, model, row, threads, repetitions, patience):
        prompts = str(row.n_tokens) if row.kind == "prompt" else ""
        generated = "" if row.kind == "prompt" else f"{row.n_tokens}@{row.depth}"
        together = ("--seqs", str(row.n_sequences)) if row.n_sequences > 1 else ()
        return [self.binary, "bench", model, "--pp", prompts, "--tg", generated, *together, *CARAT_OPTIONS, "--threads",
                str(threads), "--reps", str(repetitions), "--patience", f"{patience:g}", "--json"]

    def bench(self, model, row, threads, repetitions, patience):
        command = self.bench_command(model, row, threads, repetitions, patience)
        result = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True, check=False,
                                env={**os.environ, **self.environment})
        if result.returncode != 0:
            raise EngineError(f"{shown(command)} ended with {result.returncode}: {last_line(result.stderr)}")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return repetitions_of(lines, bench_test(row))

    def start_command(self, model, threads):
        return [self.binary, "ask", "--model", model, "--max-tokens", "1", "--temperature", "0", "--json-lines",
                *CARAT_OPTIONS, "--threads", str(threads), "a"]

    def start(self, model, threads):
        timed = Timed(self.start_command(model, threads), self.environment)
        return Repetition(timed.seconds, timed.others)

    def resident_command(self, model, threads):
        return [self.binary, "ask", "--model", model, "--context", str(CONTEXT), "--max-tokens", "7", "--json-lines",
                *CARAT_OPTIONS, "--threads", str(threads)]

    def resident(self, model, threads):
        """The context is filled: random digits, each a token of its own in Gemma's vocabulary."""
        source = random.Random(1)
        digits = "".join(source.choice("0123456789") for _ in range(CONTEXT - 8))
        timed = Timed(self.resident_command(model, threads), self.environment, digits.encode())
        return Repetition(timed.peak_bytes, 0.0)

    def forget_cache(self, model):
        """Removes the packed copy of that model, and of no other."""
        if not self.has_cache:
            return
        command = [self.binary, "cache", "--rm", model]
        result = subprocess.run(command, capture_output=True, text=True, check=False,
                                env={**os.environ, **self.environment})
        if result.returncode not in (0, NOT_THERE):
            raise EngineError(f"{shown(command)} ended with {result.returncode}: {last_line(result.stderr)}")


def bench_test(row):
    """The name carat bench gives it."""
    if row.kind == "prompt":
        return f"pp{row.n_tokens}"
    many = f"x{row.n_sequences}" if row.n_sequences > 1 else ""
    return f"tg{row.n_tokens}{many}@{row.depth}"


def repetitions_of(lines, test):
    """Of one test in the lines of carat bench --json. Errors: EngineError when they are not there."""
    for line in lines:
        if line["test"] == test and "repetitions" in line:
            return [Repetition(r["speed"], r["others"], r["peak"], r["rate"] / r["peak"] if r["peak"] > 0 else 0.0)
                    for r in line["repetitions"]]
    raise EngineError(f"carat bench --json has no repetitions of {test}; build carat from this source")


class Peer:
    """A peer that keeps one model in memory and measures when asked."""

    def __init__(self, name, program, model, threads, states):
        arguments, self.environment = WAYS[name]
        self.command = [program, model, "--threads", str(threads), *arguments]
        if states is not None:
            states.mkdir(parents=True, exist_ok=True)
            self.command += ["--states", states]
        self._process = subprocess.Popen([os.fspath(word) for word in self.command], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env={**os.environ, **self.environment})
        self._answer()

    def measure(self, request):
        """`request`: a line of peer_bench.cc, such as "pp 512"."""
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its answer, or the lack of one, says more
        answer = self._answer()
        return Repetition(answer["speed"], answer["others"], answer["peak"])

    def _answer(self):
        # ik_llama.cpp writes notes of its own to stdout.
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise EngineError(f"{shown(self.command)} ended with {self._process.wait()}; its message is above")

    @property
    def pid(self):
        return self._process.pid

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def peer_request(row):
    if row.kind == "prompt":
        return f"pp {row.n_tokens}"
    if row.n_sequences > 1:
        return f"seqs {row.n_tokens} {row.n_sequences}"
    return f"tg {row.n_tokens} {row.depth}"


def peer_start_command(way, program, model, threads, context=256):
    return [program, model, "--threads", str(threads), "--context", str(context), *WAYS[way][0]]


def peer_start(way, program, model, threads, context=256):
    """A Timed: from the start of the program to its first token."""
    return Timed(peer_start_command(way, program, model, threads, context), WAYS[way][1], stop_at_first_line=True)

"""Measures a row: engines take turns, round by round, and each turn goes on until it has its quiet repetitions."""

import dataclasses
import time

from compare_lib import engines, machine
from compare_lib.figures import Repetition, is_quiet
from compare_lib.machine import busy_processes, wait_until_quiet

BUSY_TOKENS = 16  # of llama.cpp beside busy processes: it may make one a second


@dataclasses.dataclass(frozen=True)
class Settings:
    threads: int
    rounds: int
    most_repetitions: int  # a turn
    patience: float  # seconds a turn


def take_turn(once, wanted, patience, wait=wait_until_quiet, clock=time.monotonic):
    """Repetitions until `wanted` are quiet, or three times as many, or the patience is over (never fewer)."""
    done, start = [], clock()
    while sum(map(is_quiet, done)) < wanted and len(done) < 3 * wanted:
        left = patience - (clock() - start)
        if len(done) >= wanted and left <= 0:
            break
        wait(max(0.0, min(10.0, left)))
        done.append(once())
    return done


class Runner:
    """`peer_programs`: {peer: path}; those that are not there are left out. Holds the peers of one model at a time."""

    def __init__(self, carat, peer_programs, work, settings):
        self._carat = carat
        self._programs = peer_programs
        self._work = work
        self._settings = settings
        self._peers = {}
        self._model = None

    def measure(self, row, model):
        """({label: [Repetition]}, [command])."""
        if self._model not in (None, model) and self._work in self._model.parents:
            self._carat.forget_cache(self._model)  # all packed copies at once would take 20 GB
        self._model = model
        by_kind = {"start": self._start, "first_start": self._first_start, "resident": self._resident,
                   "busy": self._busy}
        return by_kind.get(row.kind, self._speed)(row, model)

    def close(self):
        for peer in self._peers.values():
            peer.close()
        self._peers = {}

    def _threads(self, row):
        return row.threads or self._settings.threads

    def _wanted(self, row):
        return min(row.repetitions, self._settings.most_repetitions)

    def _peers_of(self, row):
        return [name for name in row.peers if name in self._programs]

    def _peer(self, name, row, model):
        """Loads it once; peers of another model, or made for other threads, go first."""
        key = (name, model, self._threads(row))
        if key not in self._peers:
            for other in [k for k in self._peers if k[0] == name or k[1:] != key[1:]]:
                self._peers.pop(other).close()
            states = self._work / "states" / f"{name}-{model.stem}"
            program = self._programs[name]
            self._peers[key] = engines.Peer(name, program, model, self._threads(row), states)
        return self._peers[key]

    def _speed(self, row, model):
        s, wanted, threads = self._settings, self._wanted(row), self._threads(row)
        found = {name: [] for name in ("carat", *self._peers_of(row))}
        peers = {name: self._peer(name, row, model) for name in found if name != "carat"}
        for _ in range(s.rounds):
            found["carat"] += self._carat.bench(model, row, threads, wanted, s.patience)
            for name, peer in peers.items():
                found[name] += take_turn(lambda: peer.measure(engines.peer_request(row)), wanted, s.patience)
        commands = [engines.shown(self._carat.bench_command(model, row, threads, wanted, s.patience))]
        for peer in peers.values():
            commands.append(f"echo {engines.peer_request(row)} | {engines.shown(peer.command, peer.environment)}")
        return found, commands

    def _start(self, row, model):
        """Warm: the first start of each, which is not counted, may write what later ones use."""
        return self._starts(row, model, lambda: None)

    def _first_start(self, row, model):
        return self._starts(row, model, lambda: self._carat.forget_cache(model))

    def _starts(self, row, model, before):
        s, wanted, threads = self._settings, self._wanted(row), self._threads(row)
        self.close()
        ways = [way for way in engines.WAYS if way.startswith("llama")] if "llama" in self._peers_of(row) else []

        def carat_once():
            before()
            return self._carat.start(model, threads)

        def llama_once(way):
            timed = engines.peer_start(way, self._programs["llama"], model, threads)
            return Repetition(timed.seconds, timed.others)

        found = {name: [] for name in ("carat", *ways)}
        carat_once()
        for _ in range(s.rounds):
            found["carat"] += take_turn(carat_once, wanted, s.patience)
            for way in ways:
                found[way] += take_turn(lambda: llama_once(way), 1, s.patience)
        commands = [engines.shown(self._carat.start_command(model, threads))]
        for way in ways:
            commands.append(engines.shown(engines.peer_start_command(way, self._programs["llama"], model, threads),
                                          engines.WAYS[way][1]))
        return found, commands

    def _resident(self, row, model):
        threads = self._threads(row)
        self.close()
        self._carat.start(model, threads)  # the file of packed weights is there afterwards
        found = {"carat": [self._carat.resident(model, threads) for _ in range(self._wanted(row))]}
        commands = [engines.shown(self._carat.resident_command(model, threads)) + " < DIGITS"]
        if "llama" in self._peers_of(row):
            timed = engines.peer_start("llama", self._programs["llama"], model, threads, engines.CONTEXT)
            found["llama"] = [Repetition(timed.peak_bytes, 0.0)]
            commands.append(engines.shown(engines.peer_start_command("llama", self._programs["llama"], model, threads,
                                                                     engines.CONTEXT), engines.WAYS["llama"][1]))
        return found, commands

    def _busy(self, row, model):
        """Others are there on purpose: what counts as disturbance is what neither we nor they took."""
        s, wanted, threads = self._settings, self._wanted(row), self._threads(row)
        llama = self._peer("llama", row, model) if "llama" in self._peers_of(row) else None
        found = {}
        for _ in range(s.rounds):
            for n in (0, 1, 2):
                suffix = f"+{n}" if n else ""
                wait_until_quiet(min(10.0, s.patience))
                with busy_processes(n) as pids:
                    watch = machine.OthersWatch(pids)
                    # Beside busy processes nothing is quiet for carat bench: without patience it does what is wanted.
                    done = self._carat.bench(model, row, threads, wanted, 0 if n else s.patience)
                    others = watch.share()
                    found.setdefault("carat" + suffix, []).extend(
                        dataclasses.replace(r, others=others) if n else r for r in done)
                    if llama is not None:
                        watch = machine.OthersWatch([*pids, llama.pid])
                        done = [llama.measure(f"tg {BUSY_TOKENS} 0") for _ in range(wanted)]
                        others = watch.share()
                        found.setdefault("llama" + suffix, []).extend(
                            dataclasses.replace(r, others=others) if n else r for r in done)
        command = self._carat.bench_command(model, row, threads, wanted, 0)
        commands = [engines.shown(command) + ", beside loops in Python"]
        if llama is not None:
            commands.append(f"echo tg {BUSY_TOKENS} 0 | {engines.shown(llama.command, llama.environment)}")
        return found, commands

#!/usr/bin/env python3
"""Kills writers of kept chats at random moments; what was acknowledged must be there, and the file in order.

    kill_test.py PATH/TO/chat_writer [--moments N] [--seed S]

Kinds of moments: while one or two processes write on; while a file is being made; while a damaged one is being salvaged.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time


class Known:
    """What the writers said is saved."""

    def __init__(self):
        self.chats, self.turns, self.names, self.removed = set(), {}, {}, set()

    def learn(self, line):
        kind, *rest = line.split(" ")
        if kind == "chat":
            self.chats.add(rest[0])
        elif kind == "turn":
            self.turns[rest[0]] = tuple(rest[1:])
        elif kind == "named":
            self.names[rest[0]] = " ".join(rest[1:])
        elif kind == "removed":
            self.removed.add(rest[0])


class Round:
    def __init__(self, program, home):
        self.program, self.home = program, home
        self.file = os.path.join(home, "carat", "chats.sqlite")
        self.env = dict(os.environ, XDG_DATA_HOME=home)

    def kill(self, commands, after_first_line, wait):
        """Runs the program once for each command, kills all of them; the whole lines that they said."""
        running = [subprocess.Popen([self.program, *command], env=self.env, stdout=subprocess.PIPE)
                   for command in commands]
        first = [process.stdout.readline() if after_first_line else b"" for process in running]
        time.sleep(wait)
        for process in running:
            process.send_signal(signal.SIGKILL)
        lines = []
        for process, begin in zip(running, first):
            lines += (begin + process.stdout.read()).decode().split("\n")[:-1]
            process.stdout.close()
            process.wait()
        return lines

    def read(self):
        result = subprocess.run([self.program, "read"], env=self.env, capture_output=True, text=True, timeout=120)
        if result.returncode != 0:
            raise AssertionError(f"it does not open: {result.returncode} {result.stdout[-500:]} {result.stderr}")
        return result.stdout.splitlines()

    def damage(self):
        with open(self.file, "r+b") as file:
            file.write(b"damaged!")


def check(known, lines, file, n_writers, may_be_salvaged=False):
    """Raises when something known is missing. Returns what is there."""
    notes = [line for line in lines if line.startswith("note ")]
    if notes and not may_be_salvaged:
        raise AssertionError(f"an undamaged file was taken for damaged: {notes}")
    there = Known()
    for line in lines:
        there.learn(line)
    # Each writer may have been killed after a removal was done and before it was said.
    gone = known.chats - there.chats
    if len(gone - known.removed) > n_writers:
        raise AssertionError(f"chats are lost: {sorted(gone - known.removed)}")
    for turn, content in known.turns.items():
        if content[0] not in gone and there.turns.get(turn) != content:
            raise AssertionError(f"turn {turn} {content} was acknowledged; there is {there.turns.get(turn)}")
    for chat in known.removed & there.chats:
        raise AssertionError(f"chat {chat} was removed and is there")
    for chat, name in known.names.items():
        if chat in there.chats and chat not in there.names:
            raise AssertionError(f"chat {chat} lost its name {name}")
    database = sqlite3.connect(file)
    verdict = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    if verdict != [("ok",)]:
        raise AssertionError(f"integrity_check: {verdict}")
    return there


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    known, n_turns, n_kinds = Known(), 0, {}
    homes = tempfile.mkdtemp(prefix="carat-kill-")
    try:
        for moment in range(options.moments):
            kind = ["one", "two", "one", "new", "two", "salvage"][moment % 6]
            n_kinds[kind] = n_kinds.get(kind, 0) + 1
            home = os.path.join(homes, str(moment) if kind == "new" else "grown")
            os.makedirs(home, exist_ok=True)
            this = Round(os.path.abspath(options.program), home)
            if kind == "salvage" and os.path.exists(this.file):
                this.damage()
                this.kill([["read"]], False, dice.uniform(0, 0.1))
                known = check(known, this.read(), this.file, 0, may_be_salvaged=True)
                if not os.path.exists(this.file + ".damaged-1"):
                    raise AssertionError("the damaged file was not kept")
                continue
            commands = [["write", str(dice.randrange(1 << 30))] for _ in range(2 if kind == "two" else 1)]
            lines = this.kill(commands, kind != "new", dice.uniform(0, 0.06 if kind == "new" else 0.25))
            expected = Known() if kind == "new" else known
            for line in lines:
                if not line.startswith("ok "):
                    raise AssertionError(line)
                expected.learn(line[3:])
            there = check(expected, this.read(), this.file, len(commands))
            n_turns += len(expected.turns)
            if kind != "new":
                known = there  # what is there now must stay
        print(f"{options.moments} moments ({n_kinds}): {n_turns} acknowledged turns looked for, all there; "
              f"{len(known.turns)} turns in {len(known.chats)} chats at the end")
    except AssertionError as error:
        print(f"moment {moment} ({kind}), seed {options.seed}: {error}\nkept for a look: {homes}", file=sys.stderr)
        return 1
    shutil.rmtree(homes)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Kills `carat chat` at random moments, in a pipe: what it had gone on from is kept.

    chat_kill_test.py PATH/TO/carat [--moments N] [--seed S]

A question is saved before its answer begins, an answer before the next one does. So when B answers have begun, B
questions and B - 1 answers must be there, word for word.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "text" / "e2b"
ASK = ["--json-lines", "--max-tokens", "6", "--context", "131072", "--logit-bias", "1=-1000", "--logit-bias", "106=-1000"]


def answers_of(output):
    """The texts of the answers that were begun, from whole lines."""
    texts, begun = [], False
    for line in output.split("\n")[:-1]:
        event = json.loads(line)
        if not begun:
            texts.append("")
        texts[-1] += event.get("text", "") if event["type"] == "text" else ""
        begun = event["type"] != "end"
    return texts


def turns_of(file):
    """Role and text of the newest chat's turns, from the first to the head."""
    database = sqlite3.connect(file)
    verdict = database.execute("PRAGMA integrity_check").fetchall()
    row = database.execute("SELECT head FROM chats ORDER BY touched DESC LIMIT 1").fetchone()
    turns = []
    turn = row[0] if row else None
    while turn is not None:
        role, content, turn = database.execute("SELECT role, content, parent FROM turns WHERE id = ?", (turn,)).fetchone()
        turns.insert(0, (role, content))
    n_all = database.execute("SELECT count(*) FROM turns").fetchone()[0]
    database.close()
    if verdict != [("ok",)]:
        raise AssertionError(f"integrity_check: {verdict}")
    return turns, n_all


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("carat")
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    carat, dice = os.path.abspath(options.carat), random.Random(options.seed)
    home = pathlib.Path(tempfile.mkdtemp(prefix="carat-kill-"))
    model = home / "model"
    shutil.copytree(GOLDEN, model, ignore=shutil.ignore_patterns("*.gguf", "expected.*", "model-*"))
    (model / "chat_template.jinja").write_text("any")
    environment = dict(os.environ, HOME=str(home), XDG_DATA_HOME=str(home))
    file = home / "carat" / "chats.sqlite"
    kept, n_looked_for, n_begun, n_all = [], 0, 0, 0
    try:
        for moment in range(options.moments):
            go_on = bool(kept) and moment % 3 == 2
            questions = [f"question {moment}.{i} " + "x" * dice.randrange(200) for i in range(2000)]
            chat = subprocess.Popen([carat, "chat", *(["--continue"] if go_on else []), "--model", model, *ASK],
                                    env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL)
            # No more than a pipe holds, and the end stays open: it must be killed.
            chat.stdin.write("".join(q + "\n" for q in questions[:200]).encode())
            chat.stdin.flush()
            first = chat.stdout.readline() if moment % 4 else b""
            time.sleep(dice.uniform(0, 0.3))
            chat.send_signal(signal.SIGKILL)
            output = (first + chat.stdout.read()).decode(errors="replace")
            chat.stdin.close()
            chat.stdout.close()
            if chat.wait() != -signal.SIGKILL:
                raise AssertionError("carat chat ended by itself: " + output[-500:])
            answers = answers_of(output)
            n_begun += len(answers)
            listed = subprocess.run([carat, "chat", "--list"], env=environment, capture_output=True, text=True)
            if listed.returncode != 0 or "damaged" in listed.stderr:
                raise AssertionError(f"it does not open: {listed.stderr}")
            if not answers and not file.exists():
                continue
            before = kept if go_on else []
            there, n_there = turns_of(file)
            if n_there < n_all:
                raise AssertionError(f"{n_all} turns before, {n_there} now")
            n_all = n_there
            if not answers:
                continue
            expected = list(before[:-1] if before and before[-1][0] == "user" else before)
            for i, answer in enumerate(answers):
                expected.append(("user", questions[i]))
                if i + 1 < len(answers):
                    expected.append(("assistant", answer))
            there_words = [(role, content.strip()) for role, content in there]
            for i, (role, content) in enumerate(expected):
                if i >= len(there) or there_words[i] != (role, content.strip()):
                    raise AssertionError(f"turn {i} {role} {content!r} was said; there is {there[i:i + 1]}")
            n_looked_for += len(expected)
            kept = there
        if n_begun == 0:
            raise AssertionError("no answer was ever begun: nothing was tested")
        print(f"{options.moments} moments: {n_begun} answers begun, {n_looked_for} turns looked for, all there; "
              f"{n_all} turns in the file")
    except AssertionError as error:
        print(f"moment {moment}, seed {options.seed}: {error}\nkept for a look: {home}", file=sys.stderr)
        return 1
    shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())

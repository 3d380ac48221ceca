"""What is said of every outcome: read or refused, soon, in little memory, and in one sentence."""

import dataclasses
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from carat_program import JARGON  # noqa: E402
from case import EITHER, READ, REFUSALS, Hole, Link  # noqa: E402
from process import Launcher  # noqa: E402


@dataclasses.dataclass
class Verdict:
    case: object
    read: bool
    seconds: float
    mib: float
    crashed: bool
    problems: list


def place(folder, files):
    """Makes the files of a case; returns the bytes that can be mapped of them."""
    total = 0
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Hole):
            with open(path, "wb") as file:
                file.write(content.head)
                file.truncate(content.size)
            total += content.size
        elif isinstance(content, pathlib.Path):
            os.link(content, path) if content.stat().st_dev == folder.stat().st_dev else path.symlink_to(content)
            total += content.stat().st_size
        elif content is not None:  # None: a folder of this name
            path.write_bytes(content)
            total += len(content)
        else:
            path.mkdir(exist_ok=True)
    return total


STACK_BYTES = 256 << 10  # nothing may recurse as deep as a file says


class Judge:
    """`sanitized`: the program is one of a sanitizer's builds, whose memory, stack and time are not the program's own."""

    def __init__(self, carat, sanitized=False):
        self.sanitized = sanitized
        self.carat = os.path.abspath(carat)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("CARAT_")}
        trivial = [self.carat, "--help"]
        self.launcher = Launcher(None if sanitized else STACK_BYTES)
        self.base_mib = self.launcher.run(trivial, self.environment).mib
        self.base_space = None if sanitized else self.launcher.least_address_space(trivial, self.environment)

    def judge(self, case, folder):
        """Runs all commands of a case, whose files are to be made in the empty `folder`."""
        self.environment.update(HOME=str(folder / "home"), XDG_DATA_HOME="", XDG_CACHE_HOME="")
        n_bytes = place(folder, case.files)
        verdict = Verdict(case, False, 0, 0, False, [])
        outcomes = []
        for i, command in enumerate(case.commands):
            arguments = [self.carat] + [str(folder / a[1:]) if a.startswith("@") else a for a in command]
            # A file that is to be refused may not even try to take more; what is read may need its model's memory.
            space = None if case.expect == READ or self.sanitized else self.base_space + int(case.mib * (1 << 20)) + 3 * n_bytes
            outcome = self.launcher.run(arguments, self.environment, case.stdin, space, patience=120 * case.seconds)
            outcomes.append(outcome)
            problems = []
            self.check(case, case.expect if i == 0 else EITHER, outcome, problems)
            verdict.read = verdict.read or (i == 0 and outcome.code == 0)
            verdict.crashed = verdict.crashed or outcome.code < 0 or outcome.code in (1, 127)
            verdict.seconds = max(verdict.seconds, outcome.seconds)
            verdict.mib = max(verdict.mib, outcome.mib - self.base_mib)
            shown = " ".join(command)
            verdict.problems += [f"{case.name}: {shown}: {p}\n    {outcome.stderr[-400:]!r}" for p in problems]
        if case.check is not None:
            verdict.problems += [f"{case.name}: {problem}" for problem in case.check(folder, outcomes)]
        return verdict

    def check(self, case, expect, outcome, problems):
        if outcome.code < 0:
            problems.append(f"ended by signal {-outcome.code}")
            return
        if expect == READ and outcome.code != 0:
            problems.append(f"exit code {outcome.code}; the file is whole and must be read")
        elif expect == EITHER and outcome.code not in (0, *REFUSALS):
            problems.append(f"exit code {outcome.code}")
        elif expect not in (READ, EITHER) and outcome.code != expect:
            problems.append(f"exit code {outcome.code}, expected {expect}")
        if outcome.seconds > case.seconds and not self.sanitized:
            problems.append(f"{outcome.seconds:.2f} s of processor time, at most {case.seconds} are allowed")
        if outcome.mib - self.base_mib > case.mib and not self.sanitized:
            problems.append(f"{outcome.mib - self.base_mib:.1f} MiB, at most {case.mib} are allowed")
        if outcome.code == 0:
            self.check_answer(case, outcome, problems)
        else:
            self.check_sentence(case if expect not in (READ, EITHER) else None, outcome, problems)

    @staticmethod
    def check_answer(case, outcome, problems):
        if not outcome.stdout:
            problems.append("read, but nothing on stdout")
        lines = outcome.stdout.splitlines()
        for text in lines if lines and lines[0][:1] == b"{" and len(lines[0]) > 1 else [outcome.stdout]:
            if not text.startswith(b"{"):
                break
            try:
                json.loads(text)
            except ValueError as error:
                problems.append(f"stdout is no JSON: {error}")
                break
        if b"\x1b" in outcome.stderr:
            problems.append("a control character of the file reaches the terminal")

    @staticmethod
    def check_sentence(case, outcome, problems):
        try:
            text = outcome.stderr.decode()
        except UnicodeDecodeError:
            problems.append("stderr is no UTF-8")
            return
        *notes, sentence = text.removesuffix("\n").split("\n")
        if outcome.stdout:
            problems.append(f"something on stdout: {outcome.stdout[:80]!r}")
        if not sentence.startswith("carat: error: ") or not text.endswith("\n"):
            problems.append("no sentence at the end of stderr")
        if any(not n.startswith("carat: ") or n.startswith("carat: error") for n in notes):
            problems.append("more than one sentence on stderr")
        if not sentence.isprintable():
            problems.append("the sentence holds characters that a terminal would obey")
        if len(sentence) > 700:
            problems.append(f"the sentence has {len(sentence)} characters")
        for word in JARGON:
            if word in sentence:
                problems.append(f"jargon: {word}")
        for word in case.words if case else ():
            if word not in sentence:
                problems.append(f"the sentence does not name {word!r}")

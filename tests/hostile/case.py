"""A hostile file, and what carat must make of it."""

import dataclasses
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
MODELS = GOLDEN / "text"

# Exit codes of docs/cli.md, and the two expectations that are none.
USAGE, NOT_FOUND, CORRUPT, UNSUPPORTED, IO, MEMORY, LIMIT = 2, 3, 4, 5, 6, 7, 8
READ = "read"  # loads, and answers
EITHER = "either"  # read or refused, as the damage happens to fall: only the manners are held

REFUSALS = (NOT_FOUND, CORRUPT, UNSUPPORTED, LIMIT, USAGE, IO)


@dataclasses.dataclass(frozen=True)
class Link:
    """A symbolic link in place of a file."""

    target: str


@dataclasses.dataclass(frozen=True)
class Hole:
    """A file of `head` and then nothing but a hole up to `size` bytes."""

    head: bytes
    size: int


@dataclasses.dataclass
class Case:
    """`files` are {name: bytes, Link, Hole, or a path that is linked to}; the first is what the sentence must name.
    `commands` are argument lists, in which "@name" stands for the path of a file or folder of the case; the first one
    gives the exit code that is expected, the others only have to keep their manners."""

    name: str
    files: dict
    commands: list
    expect: object  # an exit code, READ or EITHER
    words: tuple = ()  # the sentence holds them all
    stdin: bytes = b""
    seconds: float = 1.0  # of processor time
    mib: float = 64.0  # above a run that does nothing
    check: object = None  # called with the folder and the outcomes of all commands; gives problems
    recipe: str = None  # for the manifest, of files that the program itself makes

    @property
    def category(self):
        return self.name.split("-")[0]


def seeded(name):
    """Random numbers that are the same on every machine and in every run."""
    return random.Random(f"carat hostile {name}")

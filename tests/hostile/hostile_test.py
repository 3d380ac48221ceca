#!/usr/bin/env python3
"""Hostile files, made here and given to the real program: hostile_test.py CARAT [CORPUS...] [options]; see README.md."""

import argparse
import hashlib
import importlib
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from case import GOLDEN, Hole, Link  # noqa: E402
from manners import Judge  # noqa: E402

# corpus: the modules that make its files, and how many there are at least.
CORPORA = {
    "gguf": (("gguf_container", "gguf_values", "gguf_tensors", "gguf_splits"), 400),
    "folders": (("safetensors_files", "shards"), 120),
    "tokenizers": (("gguf_vocabularies", "tokenizer_json", "long_inputs"), 120),
    "configs": (("configs",), 100),
    "messages": (("messages",), 100),
    "packed": (("packed_copies",), 20),
}
MANIFEST = HERE / "manifest.txt"


def cases_of(corpus):
    for module in CORPORA[corpus][0]:
        yield from importlib.import_module(module).cases()


def digest(case):
    """Of all that a case is made of, but for golden files, which have tests of their own."""
    if case.recipe is not None:
        return hashlib.sha256(case.recipe.encode()).hexdigest()[:12]
    h = hashlib.sha256(repr((case.commands, hashlib.sha256(case.stdin).hexdigest())).encode())
    for name, content in case.files.items():
        if isinstance(content, Hole):
            content = repr((content.head, content.size)).encode()
        elif isinstance(content, Link):
            # Where the repository lies is another matter on every machine.
            content = content.target.replace(str(GOLDEN), "GOLDEN").encode()
        elif isinstance(content, pathlib.Path):  # the real model may have any name
            content = (content.name if GOLDEN in content.parents else "the real model").encode()
        elif content is None:
            content = b"a folder"
        h.update(hashlib.sha256(name.encode() + b"\0" + content).digest())
    return h.hexdigest()[:12]


def row(corpus, verdicts):
    def most(read, value, form):
        of_kind = [v for v in verdicts if v.read == read]
        top = max(of_kind, key=value, default=None)
        return "" if top is None else f"{value(top):{form}} ({top.case.name})"

    read = sum(v.read for v in verdicts)
    cells = [corpus, len(verdicts), len(verdicts) - read, read]
    for value, form in ((lambda v: v.seconds, ".2f"), (lambda v: v.mib, ".1f")):
        cells += [most(False, value, form), most(True, value, form)]
    return f"| {' | '.join(map(str, cells))} | {sum(v.crashed for v in verdicts)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("carat")
    parser.add_argument("corpus", nargs="*", help=f"of {', '.join(CORPORA)}; all of them if none is named")
    parser.add_argument("--only", default="", metavar="REGEX", help="only the files whose name matches")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the files there")
    parser.add_argument("--verbose", action="store_true", help="a line for each file")
    parser.add_argument("--update", action="store_true", help="rewrite the lines of manifest.txt")
    parser.add_argument("--sanitized", action="store_true", help="a sanitizer's build: no limits of memory and time")
    options = parser.parse_args()
    for corpus in options.corpus:
        if corpus not in CORPORA:
            parser.error(f"there is no corpus {corpus}")

    judge = Judge(options.carat, options.sanitized)
    manifest = MANIFEST.read_text().splitlines() if MANIFEST.exists() else []
    problems, rows = [], []
    for corpus in options.corpus or CORPORA:
        verdicts, lines = [], []
        for case in cases_of(corpus):
            lines.append(f"{corpus}/{case.name} {digest(case)} {case.expect}")
            if not re.search(options.only, case.name):
                continue
            with tempfile.TemporaryDirectory(prefix="carat-hostile-") as temporary:
                folder = pathlib.Path(options.keep or temporary) / case.name
                folder.mkdir(parents=True)
                verdict = judge.judge(case, folder)
            verdicts.append(verdict)
            if options.verbose:
                print(f"{case.name}: {'read' if verdict.read else 'refused'}, {verdict.seconds:.3f} s, {verdict.mib:.1f} MiB")
            for problem in verdict.problems:
                print(problem, flush=True)
            problems += verdict.problems
        names = [line.split()[0] for line in lines]
        if len(set(names)) != len(names):
            problems.append(f"{corpus}: names that are there twice: {sorted({n for n in names if names.count(n) > 1})}")
        known = [line for line in manifest if line.startswith(f"{corpus}/")]
        if options.update:
            manifest = [line for line in manifest if not line.startswith(f"{corpus}/")] + lines
        elif sorted(lines) != sorted(known):
            changed = sorted(set(lines) ^ set(known))[:6]
            problems.append(f"{corpus}: the files are not those of manifest.txt; --update rewrites it: {changed}")
        if not options.only and len(verdicts) < CORPORA[corpus][1]:
            problems.append(f"{corpus}: {len(verdicts)} files; {CORPORA[corpus][1]} are wanted")
        if verdicts:
            rows.append(row(corpus, verdicts))
    judge.launcher.close()
    if options.update:
        MANIFEST.write_text("".join(line + "\n" for line in sorted(manifest)))
    print(f"(above `carat --help`, which takes {judge.base_mib:.1f} MiB)")
    print("| corpus | files | refused | read | s, refused | s, read | MiB, refused | MiB, read | crashes |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    if problems:
        print(f"{len(problems)} problems; the last: {problems[-1]}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

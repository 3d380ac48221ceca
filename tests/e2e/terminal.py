"""A program on a terminal of its own: what is typed goes in, what it draws comes out."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

ESCAPE = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
CTRL_C, CTRL_D, CTRL_U, ENTER, TAB, UP = "\x03", "\x04", "\x15", "\r", "\t", "\x1b[A"


class Terminal:
    """Starts `command` with a new terminal as its controlling one, stdin, stdout and stderr."""

    def __init__(self, command, environment, columns=100, rows=40):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes = termios.tcgetattr(self.slave)
        self.output = ""
        self.seen = 0
        self.process = subprocess.Popen([os.fspath(word) for word in command], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, env=environment, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def send(self, text):
        data = text.encode()
        while data:
            self.read(0)
            data = data[os.write(self.master, data[:512]):]

    def read(self, seconds):
        """Takes what was drawn; waits for it so long at most."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                self.output += os.read(self.master, 65536).decode(errors="replace")
            except OSError:  # the program has gone
                return False
        return bool(ready)

    def wait_for(self, words, seconds=30):
        """Until these words, behind those waited for before, stand in what was drawn; returns what came up to them."""
        end = time.monotonic() + seconds
        while True:
            at = self.output.find(words, self.seen)
            if at >= 0:
                text, self.seen = self.output[self.seen:at + len(words)], at + len(words)
                return text
            if time.monotonic() > end or (self.process.poll() is not None and not self.read(0)):
                raise AssertionError(f"{words!r} did not come; instead: … {self.output[self.seen:][-600:]!r}")
            self.read(0.1)

    def wait_for_more(self, n=20, seconds=30):
        """Until so many characters more have been drawn."""
        end, size = time.monotonic() + seconds, len(self.output) + n
        while len(self.output) < size:
            if time.monotonic() > end:
                raise AssertionError(f"nothing more came; the last was {self.output[-200:]!r}")
            self.read(0.1)

    def line(self, text):
        """Waits for the prompt, types a line."""
        self.wait_for(">>> ")
        self.send(text + ENTER)

    def paste(self, text):
        self.send("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def text(self):
        """All that was drawn, without escape sequences."""
        return ESCAPE.sub("", self.output)

    def leave(self, seconds=30):
        """The exit code, once the program has ended by itself."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        while self.read(0):
            pass
        if self.process.poll() is None:
            raise AssertionError(f"it did not end: {self.output[-500:]!r}")
        return self.process.returncode

    def is_as_before(self):
        """Whether the program left the terminal's modes as it found them."""
        return termios.tcgetattr(self.slave) == self.modes

    def waits_for_lines(self):
        """Whether the terminal gives what is typed only at a line's end, and Ctrl-D as the end of a file."""
        local_modes = termios.tcgetattr(self.slave)[3]
        return bool(local_modes & termios.ICANON)

    def marks_pastes(self):
        """Whether the terminal was left in the mode that puts marks around what is pasted."""
        return self.output.rfind("\x1b[?2004h") > self.output.rfind("\x1b[?2004l")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

"""A small process that starts others and measures them, spoken to by process.py in marshal over its stdin and stdout.

The kernel counts the memory of the process that forks to the peak of the one that is started, so the one that forks
must be small: nothing is imported here that need not be."""

import marshal
import os
import resource
import select
import signal
import sys


def limit(kind, value):
    resource.setrlimit(kind, (value, value))


def launch(arguments, environment, files, stack, address_space, patience):
    pid = os.fork()
    if pid == 0:
        try:
            for number, path in enumerate(files):
                fd = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                os.dup2(fd, number)
            limit(resource.RLIMIT_CORE, 0)
            if stack is not None:
                limit(resource.RLIMIT_STACK, stack)
            if address_space is not None:
                limit(resource.RLIMIT_AS, address_space)
            os.execve(arguments[0], arguments, environment)
        finally:
            os._exit(127)
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    if not poll.poll(patience * 1000):
        os.kill(pid, signal.SIGKILL)
    os.close(ended)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss


if __name__ == "__main__":
    while True:
        try:
            request = marshal.load(sys.stdin.buffer)
        except EOFError:
            break
        marshal.dump(launch(*request), sys.stdout.buffer)
        sys.stdout.buffer.flush()

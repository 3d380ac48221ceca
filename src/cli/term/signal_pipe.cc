#include "cli/term/signal_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace carat::cli {
namespace {

// A signal handler has no other way to say anything. Both ends stay open until the process ends.
int ends[2] = {-1, -1};

}  // namespace

void SignalPipe::create() {
  if (ends[0] < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) ends[0] = ends[1] = -1;
}

void SignalPipe::notify() {
  const int error = errno;
  const char byte = 0;
  // A full pipe wakes as well.
  if (ends[1] >= 0 && ::write(ends[1], &byte, 1) < 0) errno = error;
}

bool SignalPipe::wait(int fd) {
  pollfd waits[] = {{fd, POLLIN, 0}, {ends[0], POLLIN, 0}};
  if (::poll(waits, ends[0] < 0 ? 1 : 2, -1) < 0) return false;
  if (waits[1].revents == 0) return true;
  char bytes[64];
  while (::read(ends[0], bytes, sizeof bytes) > 0) {
  }
  return false;
}

}  // namespace carat::cli

#include "cli/term/prompt_signals.h"

#include <unistd.h>

#include <atomic>

#include "cli/term/signal_pipe.h"

namespace carat::cli {
namespace {

// A signal handler has no other way to say anything.
std::atomic<bool> resized{false}, stopped{false};
std::atomic<int> ended{0};

void on_signal(int signal) {
  if (signal == SIGWINCH) resized = true;
  if (signal == SIGTSTP) stopped = true;
  if (signal == SIGTERM || signal == SIGHUP) ended = signal;
  SignalPipe::notify();
}

}  // namespace

PromptSignals::PromptSignals() {
  resized = stopped = false;
  ended = 0;
  SignalPipe::create();
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < kCount; ++i) sigaction(kSignals[i], &action, &before_[i]);
}

PromptSignals::~PromptSignals() {
  for (int i = 0; i < kCount; ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

PromptSignals::Event PromptSignals::wait(int fd) {
  const bool input = SignalPipe::wait(fd);
  if (ended != 0) return Event::kEnd;
  if (stopped.exchange(false)) return Event::kStop;
  if (resized.exchange(false)) return Event::kResized;
  return input ? Event::kInput : Event::kSignal;
}

void PromptSignals::stop() { kill(getpid(), SIGSTOP); }

int PromptSignals::end_signal() const { return ended; }

}  // namespace carat::cli

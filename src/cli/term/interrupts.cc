#include "cli/term/interrupts.h"

#include "cli/term/signal_pipe.h"
#include "cli/term/terminal_guard.h"

namespace carat::cli {
namespace {

// A signal handler has no other way to say anything.
std::atomic<bool> interrupted{false};
std::atomic<int> n_interrupts{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

constexpr int kMaxIgnored = 2;

void on_interrupt(int signal) {
  interrupted = true;
  SignalPipe::notify();
  if (n_interrupts.fetch_add(1) < kMaxIgnored) return;
  TerminalGuard::restore();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

Interrupts::Interrupts() {
  clear();
  SignalPipe::create();
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_);
}

Interrupts::~Interrupts() { sigaction(SIGINT, &before_, nullptr); }

const std::atomic<bool>& Interrupts::flag() const { return interrupted; }
int Interrupts::count() const { return n_interrupts; }

void Interrupts::clear() {
  n_interrupts = 0;
  interrupted = false;
}

}  // namespace carat::cli

#include "cli/term/line_editor.h"

#include <fmt/core.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "cli/term/line_history.h"
#include "cli/term/pasted_texts.h"
#include "cli/term/prompt_signals.h"
#include "cli/term/safe_text.h"
#include "cli/term/terminal_guard.h"
#include "cli/term/text_width.h"
#include "cli/term/wide_text.h"

namespace carat::cli {
namespace {

constexpr std::string_view kPasteOn = "\x1b[?2004h";
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";
// Keys that no keyboard has: orders of ours that libedit takes in the middle of a line.
constexpr const char* kTypeInitial = "\x1b[9001~";
constexpr const char* kToEnd = "\x1b[9002~";
constexpr char kCtrlD = '\4';
constexpr wchar_t kInvisible = L'\1';  // around escape sequences of a prompt

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// A stream of its own over a descriptor, so that closing it closes nothing of ours.
File stream_over(int fd, const char* mode) {
  const int copy = dup(fd);
  return File(copy < 0 ? nullptr : fdopen(copy, mode));
}

/// Bytes of the character that `bytes` begin with, 1 for what is no UTF-8; 0 while it is not there as a whole.
std::size_t whole_character(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (const CodePoint point = decode_utf8(bytes, 0); point.length > 0) return point.length;
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const std::size_t expected = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 1;
  return bytes.size() < expected ? 0 : 1;
}

}  // namespace

class LineEditor::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}
  ~Impl() {
    if (editor_ != nullptr) el_end(editor_);
    if (history_ != nullptr) history_wend(history_);
    release();
  }

  Result<void> start();
  Result<InputLine> read(std::string_view prompt, std::string_view initial);
  void release() {
    TerminalGuard::restore();
    released_ = true;
  }
  void take_typed();
  void remember(std::string_view text);
  /// Of the last read: the signal that ended it, or 0.
  int end_signal() const { return end_signal_; }

 private:
  static Impl& of(EditLine* editor) {
    void* self = nullptr;
    el_wget(editor, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }
  static wchar_t* prompt_text(EditLine* editor) { return of(editor).prompt_.data(); }
  static int read_char(EditLine* editor, wchar_t* c) { return of(editor).next_char(c); }
  static unsigned char paste_key(EditLine* editor, wint_t) { return of(editor).paste(); }
  static unsigned char insert_newline(EditLine* editor, wint_t) {
    el_winsertstr(editor, L"\n");
    return CC_REFRESH;
  }
  static unsigned char type_initial(EditLine* editor, wint_t) {
    el_winsertstr(editor, to_wide(of(editor).initial_).c_str());
    return CC_REFRESH;
  }
  static unsigned char to_end(EditLine* editor, wint_t) {
    const LineInfoW* line = el_wline(editor);
    el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
    return CC_CURSOR;
  }
  static unsigned char up_key(EditLine* editor, wint_t) { return move_line(editor, -1); }
  static unsigned char down_key(EditLine* editor, wint_t) { return move_line(editor, +1); }
  static unsigned char move_line(EditLine* editor, int direction);
  static unsigned char complete_key(EditLine* editor, wint_t) { return of(editor).complete(); }

  void bind_keys();
  int next_char(wchar_t* c);
  bool wait_for_input();
  /// Takes what there is to be read; false: the terminal is gone.
  bool take_bytes();
  void suspend();
  unsigned char paste();
  unsigned char complete();
  void list(const std::vector<std::string>& candidates);
  void write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), out_.get());
    std::fflush(out_.get());
  }

  Options options_;
  std::optional<TerminalGuard> guard_;  ///< of the terminal as it was before libedit came
  File in_, out_, err_;
  EditLine* editor_ = nullptr;
  HistoryW* history_ = nullptr;
  std::wstring prompt_;
  std::string initial_;   ///< to be typed when the line is there
  std::string orders_;    ///< keys of ours, before what was typed
  bool leaving_ = false;  ///< the line is given up
  PastedTexts pasted_;    ///< of the line being edited
  std::string bytes_;     ///< read, and from begin_ on not yet given to libedit
  std::size_t begin_ = 0;
  bool released_ = false;  ///< the terminal is as it was found, for others
  PromptSignals* signals_ = nullptr;
  int end_signal_ = 0;
};

Result<void> LineEditor::Impl::start() {
  const Utf8Locale utf8;
  guard_.emplace(TerminalGuard::Options{
      .modes_fd = STDIN_FILENO, .shown_on = options_.out_fd, .marks_pastes = true, .colour = options_.colour});
  in_ = stream_over(STDIN_FILENO, "r");
  out_ = stream_over(options_.out_fd, "w");
  err_ = stream_over(STDERR_FILENO, "w");
  if (in_ && out_ && err_) editor_ = el_init("carat", in_.get(), out_.get(), err_.get());
  history_ = history_winit();
  if (editor_ == nullptr || history_ == nullptr) {
    return io_error("cannot edit lines on this terminal; with TERM=dumb it works without editing");
  }
  HistEventW event;
  history_w(history_, &event, H_SETSIZE, static_cast<int>(LineHistory::kMaxEntries));
  history_w(history_, &event, H_SETUNIQUE, 1);
  el_wset(editor_, EL_CLIENTDATA, this);
  el_wset(editor_, EL_SIGNAL, 0);  // prompt_signals.h
  el_wset(editor_, EL_GETCFN, &Impl::read_char);
  el_wset(editor_, EL_PROMPT_ESC, &Impl::prompt_text, kInvisible);
  el_wset(editor_, EL_HIST, history_w, history_);
  el_wset(editor_, EL_EDITOR, L"emacs");
  bind_keys();
  el_source(editor_, nullptr);  // a person's own ~/.editrc has the last word
  // Between two reads, too, no key may meet a terminal that waits for a line's end: there Ctrl-D is an end of file,
  // which is a NUL once the mode has changed. What came before this moment did.
  el_wset(editor_, EL_SETTY, L"-x", L"-icanon", L"-echo", nullptr);
  guard_->quiet();
  take_typed();
  std::replace(bytes_.begin(), bytes_.end(), '\0', kCtrlD);
  return {};
}

void LineEditor::Impl::bind_keys() {
  el_wset(editor_, EL_ADDFN, L"carat-paste", L"takes a pasted text as it is", &Impl::paste_key);
  el_wset(editor_, EL_ADDFN, L"carat-newline", L"a new line inside the message", &Impl::insert_newline);
  el_wset(editor_, EL_ADDFN, L"carat-up", L"the line above in a message of many, else the history", &Impl::up_key);
  el_wset(editor_, EL_ADDFN, L"carat-down", L"the line below in a message of many, else the history", &Impl::down_key);
  el_wset(editor_, EL_ADDFN, L"carat-complete", L"completes commands and file names", &Impl::complete_key);
  el_wset(editor_, EL_ADDFN, L"carat-initial", L"types what the line begins with", &Impl::type_initial);
  el_wset(editor_, EL_ADDFN, L"carat-end", L"the end of the message", &Impl::to_end);
  constexpr std::pair<const wchar_t*, const wchar_t*> kKeys[] = {
      {L"\\e[9001~", L"carat-initial"}, {L"\\e[9002~", L"carat-end"},    {L"\\e[200~", L"carat-paste"},
      {L"\\e\\r", L"carat-newline"},    {L"\\e\\n", L"carat-newline"},   {L"\\t", L"carat-complete"},
      {L"^R", L"em-inc-search-prev"},   {L"^W", L"ed-delete-prev-word"}, {L"\\e[3~", L"ed-delete-next-char"},
      {L"\\e[1~", L"ed-move-to-beg"},   {L"\\e[4~", L"ed-move-to-end"},  {L"\\e[H", L"ed-move-to-beg"},
      {L"\\e[F", L"ed-move-to-end"},    {L"\\eOH", L"ed-move-to-beg"},   {L"\\eOF", L"ed-move-to-end"},
      {L"\\e[A", L"carat-up"},          {L"\\e[B", L"carat-down"},       {L"\\eOA", L"carat-up"},
      {L"\\eOB", L"carat-down"},        {L"\\e[1;5C", L"em-next-word"},  {L"\\e[1;5D", L"ed-prev-word"},
      {L"\\e[1;3C", L"em-next-word"},   {L"\\e[1;3D", L"ed-prev-word"},
  };
  for (const auto& [key, function] : kKeys) el_wset(editor_, EL_BIND, key, function, nullptr);
}

Result<InputLine> LineEditor::Impl::read(std::string_view prompt, std::string_view initial) {
  const Utf8Locale utf8;
  if (std::exchange(released_, false)) guard_->quiet();
  PromptSignals signals;
  signals_ = &signals;
  pasted_.clear();
  initial_ = initial;
  leaving_ = false;
  orders_ = initial.empty() ? "" : kTypeInitial;
  prompt_ = to_wide(prompt);
  if (options_.colour) prompt_ = L"\1\x1b[1m\1" + prompt_ + L"\1\x1b[0m\1";
  write(kPasteOn);
  int n = 0;
  errno = 0;
  const wchar_t* line = el_wgets(editor_, &n);
  const bool interrupted = options_.interrupted != nullptr && options_.interrupted->load();
  guard_->quiet();
  signals_ = nullptr;
  end_signal_ = signals.end_signal();

  InputLine result;
  if (line != nullptr && n > 0) {
    std::wstring_view text(line, static_cast<std::size_t>(n));
    if (text.ends_with(L'\n')) text.remove_suffix(1);
    result.text = pasted_.expand(to_utf8(text));
    return result;
  }
  write(interrupted ? "^C\n" : "\n");
  if (interrupted) {
    const LineInfoW* rest = el_wline(editor_);
    result.kind = InputLine::Kind::kInterrupt;
    result.text = to_utf8({rest->buffer, static_cast<std::size_t>(rest->lastchar - rest->buffer)});
    el_reset(editor_);
    return result;
  }
  result.kind = InputLine::Kind::kEnd;
  return result;
}

void LineEditor::Impl::remember(std::string_view text) {
  HistEventW event;
  history_w(history_, &event, H_ENTER, to_wide(text).c_str());
}

/// What libedit reads with: the next character, whatever the locale, or -1 when the line is to be given up.
int LineEditor::Impl::next_char(wchar_t* c) {
  if (!orders_.empty()) {
    *c = static_cast<unsigned char>(orders_.front());
    orders_.erase(0, 1);
    return 1;
  }
  if (leaving_) {
    errno = EINTR;
    return -1;
  }
  for (;;) {
    if (const std::size_t length = whole_character(std::string_view(bytes_).substr(begin_)); length > 0) {
      const CodePoint point = decode_utf8(bytes_, begin_);
      *c = point.length == 0 ? L'\uFFFD' : static_cast<wchar_t>(point.value);
      begin_ += length;
      return 1;
    }
    if (!wait_for_input()) {
      leaving_ = true;
      orders_ = kToEnd;  // what is printed next shall not stand inside the line
      return next_char(c);
    }
    if (!take_bytes()) return 0;
  }
}

bool LineEditor::Impl::take_bytes() {
  bytes_.erase(0, std::exchange(begin_, 0));
  char chunk[4096];
  const ssize_t n = ::read(STDIN_FILENO, chunk, sizeof chunk);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  bytes_.append(chunk, static_cast<std::size_t>(n));
  return n > 0;
}

void LineEditor::Impl::take_typed() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (::poll(&input, 1, 0) == 1 && (input.revents & POLLIN) != 0 && take_bytes()) {
  }
}

/// False: Ctrl-C, or the end.
bool LineEditor::Impl::wait_for_input() {
  for (;;) {
    const auto event = signals_->wait(STDIN_FILENO);
    if (options_.interrupted != nullptr && options_.interrupted->load()) return false;
    switch (event) {
      case PromptSignals::Event::kInput:
        return true;
      case PromptSignals::Event::kEnd:
        return false;
      case PromptSignals::Event::kStop:
        suspend();
        break;
      case PromptSignals::Event::kResized:
        el_resize(editor_);
        break;
      case PromptSignals::Event::kSignal:
        break;
    }
  }
}

void LineEditor::Impl::suspend() {
  el_wset(editor_, EL_PREP_TERM, 0);
  release();
  signals_->stop();
  released_ = false;
  el_wset(editor_, EL_PREP_TERM, 1);
  write(kPasteOn);
  el_resize(editor_);
  el_wset(editor_, EL_REFRESH);
}

unsigned char LineEditor::Impl::paste() {
  std::wstring text;
  wchar_t c;
  while (!text.ends_with(kPasteEnd) && el_wgetc(editor_, &c) == 1) text += c;
  if (text.ends_with(kPasteEnd)) text.resize(text.size() - kPasteEnd.size());
  el_winsertstr(editor_, to_wide(pasted_.add(to_utf8(text))).c_str());
  return CC_REFRESH;
}

/// Arrow keys inside a message of many lines; at its first and last line they go through the history, by the keys that
/// do so in emacs mode.
unsigned char LineEditor::Impl::move_line(EditLine* editor, int direction) {
  const LineInfoW* line = el_wline(editor);
  const std::wstring_view text(line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer));
  const auto cursor = static_cast<std::size_t>(line->cursor - line->buffer);
  const auto begin_of = [&](std::size_t at) { return at == 0 ? 0 : text.rfind(L'\n', at - 1) + 1; };  // npos + 1 = 0
  const std::size_t begin = begin_of(cursor), end = std::min(text.find(L'\n', cursor), text.size());
  if (direction < 0 ? begin == 0 : end == text.size()) {
    el_wpush(editor, direction < 0 ? L"\x10" : L"\x0e");  // Ctrl-P, Ctrl-N
    return CC_NORM;
  }
  const std::size_t other_begin = direction < 0 ? begin_of(begin - 1) : end + 1;
  const std::size_t other_end = std::min(text.find(L'\n', other_begin), text.size());
  const std::size_t target = std::min(other_begin + (cursor - begin), other_end);
  el_cursor(editor, static_cast<int>(target) - static_cast<int>(cursor));
  return CC_REFRESH;
}

unsigned char LineEditor::Impl::complete() {
  const LineInfoW* line = el_wline(editor_);
  const std::string before = to_utf8({line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)});
  const Completion completion = options_.completer ? options_.completer(before) : Completion{};
  const std::string addition = common_completion(completion, before);
  if (!addition.empty()) {
    el_winsertstr(editor_, to_wide(addition).c_str());
    return CC_REFRESH;
  }
  if (completion.candidates.size() < 2) return CC_REFRESH_BEEP;
  list(completion.candidates);
  return CC_REDISPLAY;
}

void LineEditor::Impl::list(const std::vector<std::string>& candidates) {
  std::string text = "\n";
  for (const std::string& candidate : candidates) text += safe_line(candidate) + "  ";
  write(text + "\n");
}

LineEditor::LineEditor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineEditor::~LineEditor() = default;

Result<std::unique_ptr<LineEditor>> LineEditor::create(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(impl)));
}

Result<InputLine> LineEditor::read(std::string_view prompt, std::string_view initial) {
  auto line = impl_->read(prompt, initial);
  // The terminal is as it was before; now the signal may do what it does.
  if (impl_->end_signal() != 0) {
    release();
    std::raise(impl_->end_signal());
  }
  return line;
}
void LineEditor::take_typed() { impl_->take_typed(); }
void LineEditor::release() { impl_->release(); }
void LineEditor::remember(std::string_view text) { impl_->remember(text); }

}  // namespace carat::cli

#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bus_error.h"
#include "cli/exit_code.h"
#include "cli/memory_reserve.h"
#include "cli/output.h"
#include "cli/overview.h"
#include "cli/page.h"
#include "cli/program.h"
#include "cli/term/terminal.h"
#include "cli/unknown_command.h"
#include "cli/version.h"
#include "store/near_miss.h"

namespace carat::cli {
namespace {

int fail(const Error& error) {
  say(fmt::format("error: {}", error.to_string()));
  return exit_code(error.code());
}

int fail_usage(std::string_view message, std::string_view command) {
  // CLI11 ends some messages with a full stop or a newline, some not.
  while (message.ends_with('.') || message.ends_with('\n')) message.remove_suffix(1);
  say(fmt::format("error: {}; see carat {}{}--help", message, command, command.empty() ? "" : " "));
  return kExitUsage;
}

/// CLI11 only says which words it did not expect; a mistyped option deserves better. Empty: no near miss.
std::string near_option(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const std::string& word : command.remaining()) {
    if (!word.starts_with("--")) continue;
    const std::vector<std::string> near = store::near_misses(word.substr(0, word.find('=')), names);
    if (!near.empty()) return fmt::format("there is no option {}; did you mean {}?", word, fmt::join(near, " or "));
  }
  return "";
}

/// --schema needs none of the required arguments.
bool asks_for_schema(int argc, const char* const* argv) {
  if (argc < 3 || page_of(argv[1]).schema.empty()) return false;
  for (int i = 2; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    if (std::string_view(argv[i]) == "--schema") return true;
  }
  return false;
}

int parse_and_run(int argc, const char* const* argv) {
  const auto printed = [](std::string_view text) {
    auto written = write_stdout(text);
    return written ? kExitOk : fail(written.error());
  };
  if (argc > 1 && argv[1][0] != '-') {
    if (auto known = known_command(argv[1]); !known) return fail(known.error());
  }
  if (argc > 1 && std::string_view(argv[1]) == "--version") return printed(version_line() + "\n");
  if (asks_for_schema(argc, argv)) return printed(page_of(argv[1]).schema);

  Program program;
  CLI::App& app = *program.app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {  // --help
    const auto chosen = app.get_subcommands();
    return printed((chosen.empty() ? &app : chosen.front())->help());
  } catch (const CLI::ExtrasError& error) {
    const auto chosen = app.get_subcommands();
    const CLI::App& command = chosen.empty() ? app : *chosen.front();
    if (const std::string near = near_option(command); !near.empty()) return fail(invalid_argument(near));
    return fail_usage(error.what(), chosen.empty() ? "" : command.get_name());
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    return fail_usage(error.what(), chosen.empty() ? "" : chosen.front()->get_name());
  }
  for (const auto& [sub, action] : program.commands) {
    if (!sub->parsed()) continue;
    if (auto done = action(); !done) return fail(done.error());
    return kExitOk;
  }
  return printed(overview_page(look_around(), terminal_of(STDOUT_FILENO)));
}

}  // namespace

int run(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_DFL);  // a parent may have left it ignored
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is an error of write(), like a full disk
  install_bus_error_sentence();
  keep_memory_reserve();
  reserve_standard_descriptors();
  try {
    return parse_and_run(argc, argv);
  } catch (const std::bad_alloc&) {
    return fail(out_of_memory("out of memory; a smaller context or a smaller model needs less"));
  } catch (const std::exception& error) {
    return fail(internal_error(fmt::format("unexpected: {}; please report this", error.what())));
  }
}

}  // namespace carat::cli

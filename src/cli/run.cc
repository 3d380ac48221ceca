#include "cli/run.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bus_error.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "store/near_miss.h"

namespace carat::cli {
namespace {

constexpr std::string_view kAbout =
    "carat runs the Gemma 4 family (and Gemma 3 text) on your own machine.\n"
    "Exit codes and the formats of every command: docs/cli.md.";

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

/// CLI11 only says that an argument was not expected; a mistyped command deserves better.
Result<void> known_command(std::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == word) return {};
    names.emplace_back(command.name);
  }
  const std::vector<std::string> near = store::near_misses(word, names);
  return invalid_argument(near.empty()
                              ? fmt::format("there is no command {}; the commands are {}", word, fmt::join(names, ", "))
                              : fmt::format("there is no command {}; did you mean {}?", word, fmt::join(near, " or ")));
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App app{std::string(kAbout), "carat"};
  app.require_subcommand(0, 1);
  app.set_help_flag("-h,--help", "print this help");
  app.get_formatter()->column_width(34);

  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    actions.emplace_back(sub, command.add(*sub));
  }

  if (argc > 1 && argv[1][0] != '-') {
    if (auto known = known_command(argv[1]); !known) return fail(known.error());
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success) == 0 ? kExitOk : kExitUsage;
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    return fail_usage(error.what(), chosen.empty() ? "" : chosen.front()->get_name());
  }
  for (const auto& [sub, action] : actions) {
    if (!sub->parsed()) continue;
    if (auto done = action(); !done) return fail(done.error());
    return kExitOk;
  }
  if (auto written = write_stdout(app.help()); !written) return fail(written.error());
  return kExitOk;
}

}  // namespace

int run(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_DFL);  // a parent may have left it ignored
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is an error of write(), like a full disk
  install_bus_error_sentence();
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

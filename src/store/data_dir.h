#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace carat::store {

/// The environment variables that decide where things are, as values, so that a test can set them.
struct Environment {
  std::string xdg_data_home;   ///< XDG_DATA_HOME
  std::string home;            ///< HOME, else the home folder of the user database
  std::string carat_model;     ///< CARAT_MODEL: the default model, a path or a name
  std::string xdg_cache_home;  ///< XDG_CACHE_HOME

  static Environment of_process();
};

/// $XDG_DATA_HOME/carat, else ~/.local/share/carat. An empty or relative XDG_DATA_HOME counts as unset, as the XDG base
/// directory specification says. Nothing is created. Errors: kInvalidArgument without any home folder.
Result<std::filesystem::path> data_dir(const Environment& environment);

}  // namespace carat::store

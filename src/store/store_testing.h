#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace carat::store {

/// A new folder, in memory where there is a file system for that: hundreds of commits wait for the disk otherwise.
inline std::filesystem::path make_test_dir() {
  const bool memory = access("/dev/shm", W_OK | X_OK) == 0;
  std::string form = (memory ? "/dev/shm/" : ::testing::TempDir()) + "carat-test-XXXXXX";
  return mkdtemp(form.data()) == nullptr ? "" : form;
}

}  // namespace carat::store

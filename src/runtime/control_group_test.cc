#include "runtime/control_group.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace carat::runtime {
namespace {

namespace fs = std::filesystem;

class ControlGroup : public ::testing::Test {
 protected:
  ControlGroup() : root_(fs::path(::testing::TempDir()) / ("carat_groups_" + std::to_string(getpid()))) {
    fs::remove_all(root_);
  }
  ~ControlGroup() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_;
};

TEST_F(ControlGroup, NothingMeansNoLimit) {
  EXPECT_FALSE(control_group_memory(root_).limit_bytes);
  write("proc/self/cgroup", "0::/\nnonsense\n:\n");
  EXPECT_FALSE(control_group_memory(root_).limit_bytes);
  EXPECT_FALSE(control_group_memory(root_).available_bytes);
}

TEST_F(ControlGroup, TheLowestLimitOnTheWayHolds) {
  write("proc/self/cgroup", "0::/user.slice/app.scope\n");
  write("sys/fs/cgroup/user.slice/memory.max", "4000000\n");
  write("sys/fs/cgroup/user.slice/memory.current", "3000000\n");
  write("sys/fs/cgroup/user.slice/memory.stat", "anon 1000000\ninactive_file 1500000\n");
  write("sys/fs/cgroup/user.slice/app.scope/memory.max", "max\n");
  const ControlGroupMemory memory = control_group_memory(root_);
  EXPECT_EQ(memory.limit_bytes, 4000000);
  EXPECT_EQ(memory.available_bytes, 2500000);  // what the cache holds can be taken back
}

TEST_F(ControlGroup, AContainerSeesItsOwnGroupAsTheTop) {
  write("proc/self/cgroup", "0::/../../outside\n");
  write("sys/fs/cgroup/memory.max", "1000\n");
  write("sys/fs/cgroup/memory.current", "5000\n");
  EXPECT_EQ(control_group_memory(root_).limit_bytes, 1000);
  EXPECT_EQ(control_group_memory(root_).available_bytes, 0);
}

TEST_F(ControlGroup, VersionOne) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(control_group_memory(root_).limit_bytes);
  write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "8000\n");
  write("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "3000\n");
  write("sys/fs/cgroup/memory/docker/abc/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\n");
  EXPECT_EQ(control_group_memory(root_).limit_bytes, 8000);
  EXPECT_EQ(control_group_memory(root_).available_bytes, 6000);
}

}  // namespace
}  // namespace carat::runtime

#include "cli/machine_facts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

class FakeMachine : public ::testing::Test {
 protected:
  FakeMachine() : root_(fs::path(::testing::TempDir()) / ("carat_machine_" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    write("proc/cpuinfo",
          "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Fancy CPU 9000  \n\nprocessor\t: 1\nmodel name\t: "
          "second\n");
    write("proc/meminfo",
          "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:   9000 kB\nHugePages_Total:  0\n"
          "SwapTotal:       500 kB\n");
    write("proc/loadavg", "1.25 0.5 0.1 1/100 4242\n");
    write("proc/sys/kernel/osrelease", "6.16.0-2-amd64\n");
    write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    write("sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n");
  }
  ~FakeMachine() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_;
};

TEST_F(FakeMachine, IsReadAsItSays) {
  const MachineFacts facts = machine_facts(root_);
  EXPECT_EQ(facts.cpu, "Fancy CPU 9000");
  EXPECT_GE(facts.n_processors, 1);
  EXPECT_EQ(facts.memory_bytes, 16000 * 1024);
  EXPECT_EQ(facts.available_bytes, 9000 * 1024);
  EXPECT_EQ(facts.swap_bytes, 500 * 1024);
  EXPECT_FALSE(facts.limit_bytes);
  EXPECT_EQ(facts.huge_pages, "madvise");
  EXPECT_TRUE(facts.kernel_maps_files_huge);
  EXPECT_EQ(facts.governor, "powersave");
  EXPECT_EQ(facts.governor_driver, "acpi-cpufreq");
  EXPECT_EQ(facts.load, 1.25);
}

TEST_F(FakeMachine, AControlGroupLeavesLess) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "4096000\n");
  write("sys/fs/cgroup/memory.current", "96000\n");
  EXPECT_EQ(machine_facts(root_).limit_bytes, 4096000);
  EXPECT_EQ(machine_facts(root_).available_bytes, 4000000);
  write("sys/fs/cgroup/memory.max", "999999999999\n");  // more than there is
  EXPECT_FALSE(machine_facts(root_).limit_bytes);
  EXPECT_EQ(machine_facts(root_).available_bytes, 9000 * 1024);
}

TEST_F(FakeMachine, HugePagesOfFilesNeedKernelAndSetting) {
  for (const auto& [release, setting, expected] :
       {std::tuple("6.15.9", "[always] madvise never", false), std::tuple("6.16", "[always] madvise never", true),
        std::tuple("7.0.1", "always madvise [never]", false), std::tuple("10.2-x", "always [madvise] never", true),
        std::tuple("unknown", "[always] madvise never", false)}) {
    write("proc/sys/kernel/osrelease", release);
    write("sys/kernel/mm/transparent_hugepage/enabled", setting);
    EXPECT_EQ(machine_facts(root_).kernel_maps_files_huge, expected) << release << " " << setting;
  }
}

TEST_F(FakeMachine, WhatIsMissingOrNonsenseIsAbsent) {
  for (const char* name : {"proc/cpuinfo", "proc/meminfo", "proc/loadavg", "sys/kernel/mm/transparent_hugepage/enabled",
                           "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"}) {
    write(name, "nonsense [ ]\n");
  }
  write("proc/meminfo", "MemTotal: -5 kB\nMemAvailable: 99999999999999999999 kB\n");
  write("sys/kernel/mm/transparent_hugepage/enabled", "]always[\n");
  write("proc/cpuinfo", "model name\nmodel name\t:  \n");
  MachineFacts facts = machine_facts(root_);
  EXPECT_FALSE(facts.cpu || facts.memory_bytes || facts.available_bytes || facts.huge_pages || facts.load);
  fs::remove_all(root_);
  facts = machine_facts(root_);
  EXPECT_FALSE(facts.cpu || facts.memory_bytes || facts.available_bytes || facts.swap_bytes || facts.huge_pages ||
               facts.governor || facts.load || facts.limit_bytes);
}

TEST(MachineFacts, ThisMachine) {
  const MachineFacts facts = machine_facts();
  ASSERT_TRUE(facts.memory_bytes && facts.available_bytes);
  EXPECT_GT(*facts.memory_bytes, std::int64_t{1} << 28);
  EXPECT_LE(*facts.available_bytes, *facts.memory_bytes);
}

TEST(FreeBytes, OfTheNearestFolderThatExists) {
  const auto here = free_bytes(::testing::TempDir());
  ASSERT_TRUE(here);
  EXPECT_TRUE(free_bytes(fs::path(::testing::TempDir()) / "not/there/yet"));
  EXPECT_TRUE(free_bytes("not-there/relative"));
}

}  // namespace
}  // namespace carat::cli

#include "cli/doctor/machine_findings.h"

#include <gtest/gtest.h>

namespace carat::cli {
namespace {

using State = Finding::State;

MachineFacts a_good_machine() {
  MachineFacts facts;
  facts.cpu = "Fancy CPU 9000";
  facts.n_processors = 8;
  facts.memory_bytes = std::int64_t{32} << 30;
  facts.available_bytes = std::int64_t{20} << 30;
  facts.swap_bytes = 0;
  facts.huge_pages = "madvise";
  facts.kernel_maps_files_huge = true;
  return facts;
}

Finding about(const std::vector<Finding>& findings, const std::string& topic) {
  for (const Finding& f : findings) {
    if (f.topic == topic) return f;
  }
  ADD_FAILURE() << "nothing about " << topic;
  return {};
}

TEST(MachineFindings, AGoodMachineIsOk) {
  const auto findings = machine_findings(a_good_machine(), true);
  for (const Finding& f : findings) {
    EXPECT_EQ(f.state, State::kOk) << f.topic;
    EXPECT_EQ(f.advice, "");
  }
  EXPECT_EQ(about(findings, "processor").text, "Fancy CPU 9000; 8 processors for carat");
  EXPECT_EQ(about(findings, "memory").text, "32.00 GiB; 20.00 GiB available; no swap");
  EXPECT_EQ(about(findings, "huge pages").text, "madvise: packed weights get them");
}

TEST(MachineFindings, LittleMemory) {
  MachineFacts facts = a_good_machine();
  facts.available_bytes = 500 << 20;
  EXPECT_EQ(about(machine_findings(facts, true), "memory").state, State::kNote);
  facts.limit_bytes = std::int64_t{2} << 30;
  const Finding limited = about(machine_findings(facts, true), "memory");
  EXPECT_EQ(limited.text, "32.00 GiB, of which a control group allows 2.00 GiB; 500.0 MiB available; no swap");
  EXPECT_NE(limited.advice.find("control group"), std::string::npos);
  EXPECT_EQ(about(machine_findings({}, true), "memory").state, State::kNote);
}

TEST(MachineFindings, HugePages) {
  MachineFacts facts = a_good_machine();
  EXPECT_NE(about(machine_findings(facts, false), "huge pages").text.find("ext4 or XFS"), std::string::npos);
  facts.kernel_maps_files_huge = false;
  EXPECT_NE(about(machine_findings(facts, true), "huge pages").text.find("Linux 6.16"), std::string::npos);
  facts.huge_pages = "never";
  const Finding never = about(machine_findings(facts, true), "huge pages");
  EXPECT_EQ(never.state, State::kNote);
  EXPECT_EQ(never.advice, "run: echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
  facts.huge_pages.reset();
  EXPECT_EQ(about(machine_findings(facts, true), "huge pages").state, State::kNote);
}

TEST(MachineFindings, AGovernorThatHoldsTheFrequencyDown) {
  MachineFacts facts = a_good_machine();
  const auto state = [&](const char* governor, const char* driver) {
    facts.governor = governor;
    facts.governor_driver = driver;
    return about(machine_findings(facts, true), "governor").state;
  };
  EXPECT_EQ(state("powersave", "acpi-cpufreq"), State::kNote);
  EXPECT_EQ(state("powersave", "intel_pstate"), State::kOk);
  EXPECT_EQ(state("powersave", "amd-pstate-epp"), State::kOk);
  EXPECT_EQ(state("schedutil", "acpi-cpufreq"), State::kOk);
}

TEST(KernelFindings, AWrongKernelIsABugToReport) {
  const std::vector<runtime::KernelCheck> checks = {
      {"scalar", 45, {}}, {"avx2", 45, {"matmul Q4_0", "rope"}}, {"avx512", 45, {}}};
  const auto findings = kernel_findings(checks, {"", std::string("avx512"), "avx512"});
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].text, "avx512 in use");
  EXPECT_EQ(findings[1].state, State::kProblem);
  EXPECT_EQ(findings[1].code, ErrorCode::kInternal);
  EXPECT_EQ(findings[1].text, "avx2: 2 of 45 known answers are wrong: matmul Q4_0, rope");
  EXPECT_NE(findings[1].advice.find("report"), std::string::npos);
  EXPECT_NE(findings[1].advice.find("CARAT_ISA=avx512"), std::string::npos);
  EXPECT_EQ(findings[2].text, "scalar, avx512: all 45 known answers are right");
}

TEST(KernelFindings, WhatCaratIsaDoes) {
  const auto first = [](ChosenIsa isa) { return kernel_findings({{"scalar", 45, {}}}, isa).front(); };
  EXPECT_EQ(first({"avx2", std::string("avx2"), "avx2"}).state, State::kOk);
  const Finding slower = first({"scalar", std::string("scalar"), "avx2"});
  EXPECT_EQ(slower.state, State::kNote);
  EXPECT_EQ(slower.text, "CARAT_ISA forces scalar; avx2 is faster here");
  const Finding unknown = first({"sse", invalid_argument("unknown kernels 'sse'"), "avx2"});
  EXPECT_EQ(unknown.state, State::kProblem);
  EXPECT_EQ(unknown.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(unknown.advice, "unset CARAT_ISA");
}

TEST(NeighboursFinding, AreNotedFromTheShareThatSpoilsMeasurements) {
  EXPECT_EQ(neighbours_finding(0.01).state, State::kOk);
  EXPECT_EQ(neighbours_finding(0.5).state, State::kNote);
  EXPECT_EQ(neighbours_finding(0.5).text, "other programs take 50 % of the processors now");
}

}  // namespace
}  // namespace carat::cli

#include "runtime/self_test.h"

#include <algorithm>
#include <span>

#include "base/arena.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"
#include "runtime/self_test_answers.h"
#include "runtime/self_test_cases.h"

namespace carat::runtime {
namespace {

/// All cases with what they run on: two threads, which attention's three steps need.
class Examiner {
 public:
  Result<KernelCheck> check(const kernels::KernelTable& table) {
    RETURN_IF_ERROR(arena_.reserve(kernel_case_scratch_bytes()));
    KernelCheck result{table.name, static_cast<int>(cases_.size()), {}};
    kernels::Exec exec{&table, &pool_, &arena_};
    for (const KernelCase& c : cases_) {
      if (answer_hash(c.run(exec)) != known_answer(c.name)) result.wrong.push_back(c.name);
    }
    return result;
  }

 private:
  std::vector<KernelCase> cases_ = kernel_cases();
  ThreadPool pool_{2};
  Arena arena_;
};

}  // namespace

Result<KernelCheck> check_kernels(const kernels::KernelTable& table) { return Examiner().check(table); }

Result<std::vector<KernelCheck>> check_all_kernels() {
  Examiner examiner;
  std::vector<KernelCheck> checks;
  for (const kernels::IsaTarget& target : kernels::isa_targets()) {
    if (!target.supported()) continue;
    ASSIGN_OR_RETURN(KernelCheck check, examiner.check(*target.table));
    checks.push_back(std::move(check));
  }
  return checks;
}

std::uint64_t answer_hash(const std::vector<float>& values) { return hash64(std::as_bytes(std::span(values))); }

std::uint64_t known_answer(std::string_view case_name) {
  const auto* it = std::find_if(std::begin(kKnownAnswers), std::end(kKnownAnswers),
                                [&](const KnownAnswer& answer) { return answer.name == case_name; });
  return it == std::end(kKnownAnswers) ? 0 : it->hash;
}

}  // namespace carat::runtime

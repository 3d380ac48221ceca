// Measures llama.cpp or ik_llama.cpp (PEER_IK) on one GGUF file through its C interface, a repetition a command, so
// that bench/compare can take turns between engines while each keeps its model in memory.
//
//   peer_bench MODEL [--threads N] [--mmap] [--no-repack] [--context N] [--states FOLDER]
//
// Loads MODEL as read, repacked weights (--mmap, --no-repack: not so), computes one token and says so. Then each line
// of stdin is one repetition, after a short pass that is not timed, and answered by one JSON object:
//
//   pp N         a prompt of N tokens
//   tg N DEPTH   N tokens, one at a time, with DEPTH positions already there (kept in FOLDER, since filling takes long)
//   seqs N S     N tokens by each of S sequences together, from position 0
//
// "speed": tokens/s of all sequences together; "others": part of the machine that others took meanwhile; "peak": GB/s
// of reading 256 MiB in huge pages with as many threads, just before and just after. Token ids are random.
#include <llama.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "machine.h"

namespace {

constexpr int kBatch = 2048, kMicroBatch = 512, kFillStep = 4096;
constexpr double kMinSeconds = 0.25;  // /proc/stat counts in hundredths

// ---- the two interfaces under one set of names

#ifdef PEER_IK
void clear(llama_context* c) { llama_kv_cache_clear(c); }
std::size_t state_size(llama_context* c) { return llama_state_seq_get_size(c, 0, 0); }
void get_state(llama_context* c, std::vector<std::uint8_t>& s) {
  llama_state_seq_get_data(c, s.data(), s.size(), 0, 0);
}
bool set_state(llama_context* c, std::vector<std::uint8_t>& s) {
  return llama_state_seq_set_data(c, s.data(), s.size(), 0, 0) != 0;
}
#else
void clear(llama_context* c) { llama_memory_clear(llama_get_memory(c), true); }
std::size_t state_size(llama_context* c) { return llama_state_seq_get_size(c, 0); }
void get_state(llama_context* c, std::vector<std::uint8_t>& s) { llama_state_seq_get_data(c, s.data(), s.size(), 0); }
bool set_state(llama_context* c, std::vector<std::uint8_t>& s) {
  return llama_state_seq_set_data(c, s.data(), s.size(), 0) != 0;
}
#endif

struct Options {
  std::string model, states;
  int threads = 2, context = 256;
  bool mmap = false, repack = true;
};

llama_model* load(const Options& o) {
  llama_model_params p = llama_model_default_params();
  p.n_gpu_layers = 0;
#ifdef PEER_IK
  p.use_mmap = o.mmap;
  p.repack_tensors = o.repack;
  p.use_thp = true;
  p.flash_attn = true;
  p.n_seq_max = 1;  // more make its attention abort
  p.n_ubatch = kMicroBatch;
  llama_model* model = llama_model_load_from_file(o.model.c_str(), p);
#else
  p.load_mode = o.mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
  p.use_extra_bufts = o.repack;
  llama_model* model = llama_model_load_from_file(o.model.c_str(), p);
#endif
  if (model == nullptr) fail("cannot load " + o.model);
  return model;
}

llama_context* make_context(llama_model* model, const Options& o, int n_positions, int n_sequences) {
  llama_context_params p = llama_context_default_params();
  p.n_ctx = n_positions * n_sequences;
  p.n_batch = kBatch;
  p.n_ubatch = kMicroBatch;
  p.n_seq_max = n_sequences;
  p.n_threads = p.n_threads_batch = o.threads;
#ifdef PEER_IK
  p.flash_attn = true;
#else
  p.kv_unified = false;
  p.swa_full = false;
  p.no_perf = true;
#endif
  llama_context* context = llama_init_from_model(model, p);
  if (context == nullptr) fail("cannot make a context of " + std::to_string(n_positions) + " positions");
  return context;
}

// ---- the workloads

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), model_(load(options)) {
    n_vocab_ = llama_vocab_n_tokens(llama_model_get_vocab(model_));
    use(options.context, 1);
    feed(1, 0);
    check();
  }

  void prompt(int n) {
    use(n + 64, 1);
    clear(context_);
    feed(std::min(n, 64), 0);
    measure(
        n, [&] { clear(context_); }, [&] { feed(n, 0); });
  }

  void generate(int n, int depth) {
    use(depth + n + 64, 1);
    if (depth > 0) fill(depth);
    const auto rewind = [&] {
      clear(context_);
      if (depth > 0 && !set_state(context_, state_)) fail("cannot restore a state");
    };
    rewind();
    step_all(1, 4, depth);
    measure(n, rewind, [&] { step_all(1, n, depth); });
  }

  void sequences(int n, int n_sequences) {
    use(n + 64, n_sequences);
    clear(context_);
    step_all(n_sequences, 2, 0);
    measure(
        n * n_sequences, [&] { clear(context_); }, [&] { step_all(n_sequences, n, 0); });
  }

 private:
  void use(int n_positions, int n_sequences) {
    if (context_ != nullptr && n_positions == n_positions_ && n_sequences == n_sequences_) return;
    if (context_ != nullptr) llama_free(context_);
    state_.clear();
    context_ = make_context(model_, options_, n_positions, n_sequences);
    n_positions_ = n_positions;
    n_sequences_ = n_sequences;
  }

  int random_token() {
    random_ = random_ * 1664525u + 1013904223u;
    return static_cast<int>((random_ >> 8) % static_cast<unsigned>(n_vocab_));
  }

  void decode(llama_batch batch) {
    if (llama_decode(context_, batch) != 0) fail("llama_decode failed");
    llama_synchronize(context_);
    llama_batch_free(batch);
  }

  void add(llama_batch& batch, int position, int sequence, bool logits) {
    const int i = batch.n_tokens++;
    batch.token[i] = random_token();
    batch.pos[i] = position;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = sequence;
    batch.logits[i] = logits;
  }

  /// n tokens of sequence 0 from `position`, logits of the last.
  void feed(int n, int position) {
    for (int done = 0; done < n;) {
      const int part = std::min(kBatch, n - done);
      llama_batch batch = llama_batch_init(part, 0, 1);
      for (int i = 0; i < part; ++i) add(batch, position + done + i, 0, done + i == n - 1);
      decode(batch);
      done += part;
    }
  }

  void step_all(int n_sequences, int n, int position) {
    for (int i = 0; i < n; ++i) {
      llama_batch batch = llama_batch_init(n_sequences, 0, 1);
      for (int s = 0; s < n_sequences; ++s) add(batch, position + i, s, true);
      decode(batch);
    }
  }

  /// Makes state_ that of `depth` positions, in steps that are kept: a fill that was stopped goes on from the last.
  void fill(int depth) {
    if (!state_.empty()) return;
    int filled = depth;
    while (filled > 0 && !read_state(filled)) filled = (filled - 1) / kFillStep * kFillStep;
    clear(context_);
    if (filled > 0 && !set_state(context_, state_)) fail("cannot restore a state of " + options_.states);
    while (filled < depth) {
      const int next = std::min(depth, (filled / kFillStep + 1) * kFillStep);
      feed(next - filled, filled);
      state_.resize(state_size(context_));
      get_state(context_, state_);
      write_state(next);
      if (!options_.states.empty()) std::remove(state_path(filled).c_str());
      filled = next;
    }
  }

  std::string state_path(int depth) const { return options_.states + "/" + std::to_string(depth) + ".state"; }

  bool read_state(int depth) {
    if (options_.states.empty()) return false;
    std::ifstream file(state_path(depth), std::ios::binary | std::ios::ate);
    if (!file) return false;
    state_.resize(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(state_.data()), static_cast<std::streamsize>(state_.size()));
    return static_cast<bool>(file);
  }

  void write_state(int depth) const {
    if (options_.states.empty()) return;
    const std::string path = state_path(depth), aside = path + ".part";
    std::ofstream out(aside, std::ios::binary);
    out.write(reinterpret_cast<const char*>(state_.data()), static_cast<std::streamsize>(state_.size()));
    out.close();
    if (!out || std::rename(aside.c_str(), path.c_str()) != 0) fail("cannot write " + path);
  }

  /// Figures of a model that computes no numbers count for nothing.
  void check() {
    const float* logits = llama_get_logits_ith(context_, -1);
    for (int i = 0; i < n_vocab_; i += 97) {
      if (!(logits[i] > -1e30f && logits[i] < 1e30f)) fail("logits are not finite");
    }
  }

  template <typename Rewind, typename Work>
  void measure(int n_tokens, const Rewind& rewind, const Work& work) {
    if (!probe_) probe_ = std::make_unique<ReadProbe>();
    const double before = probe_->gb_per_s(options_.threads);
    const double start = now(), start_others = others_seconds();
    double seconds = 0;
    int n_rounds = 0;
    for (; seconds < kMinSeconds; ++n_rounds) {
      rewind();
      const double round_start = now();
      work();
      seconds += now() - round_start;
    }
    const double window = (now() - start) * std::thread::hardware_concurrency();
    const double share = (others_seconds() - start_others) / window;
    check();
    std::printf("{\"speed\": %.4f, \"others\": %.4f, \"peak\": %.2f}\n", n_rounds * n_tokens / seconds,
                std::clamp(share, 0.0, 1.0), (before + probe_->gb_per_s(options_.threads)) / 2);
    std::fflush(stdout);
  }

  Options options_;
  llama_model* model_;
  llama_context* context_ = nullptr;
  int n_vocab_ = 0, n_positions_ = 0, n_sequences_ = 0;
  std::vector<std::uint8_t> state_;  ///< of sequence 0 at the depth that is measured
  std::uint32_t random_ = 12345;
  std::unique_ptr<ReadProbe> probe_;  ///< not before something is measured: starting is timed too
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= argc) fail(name + " needs a value");
      return argv[++i];
    };
    if (name == "--threads")
      o.threads = std::stoi(value());
    else if (name == "--context")
      o.context = std::stoi(value());
    else if (name == "--states")
      o.states = value();
    else if (name == "--mmap")
      o.mmap = true;
    else if (name == "--no-repack")
      o.repack = false;
    else if (o.model.empty())
      o.model = name;
    else
      fail("unknown argument " + name);
  }
  if (o.model.empty()) fail("no model");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  const double start = now();
  Bench bench(options);
  std::printf("{\"ready\": true, \"load_seconds\": %.3f}\n", now() - start);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    int n = 0, m = 0;
    words >> command >> n >> m;
    if (command == "pp")
      bench.prompt(n);
    else if (command == "tg")
      bench.generate(n, m);
    else if (command == "seqs")
      bench.sequences(n, m);
    else
      fail("unknown command " + line);
  }
}

// What llama.cpp computes for given token ids: the logits of every position, as a safetensors file that
// `carat eval MODEL --against FILE` reads. Only a caller of its public C interface (llama.h).
//
//   peer_logits --model FILE.gguf --ids-file IDS --out FILE.safetensors [--threads 2] [--kv f16|f32] [--rows 256]
//
// Built against llama.cpp v0.6.0 (sources in L, built in L/build with BUILD_SHARED_LIBS on):
//
//   g++ -O2 -std=c++20 bench/peers/peer_logits.cc -I L/include -I L/ggml/include -o peer_logits
//       -L L/build/bin -lllama -lggml -lggml-base -Wl,-rpath,L/build/bin
//
// IDS holds numbers separated by commas or blanks, `<bos>` included. --rows is how many positions go into one
// llama_decode: logits of no more than that are in memory at once. Everything else is llama.cpp's default.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "llama.h"

namespace {

struct Options {
  std::string model, ids_file, out;
  std::string kv = "f16";
  int threads = 2;
  int rows = 256;
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "peer_logits: %s\n", message.c_str());
  std::exit(1);
}

int positive(const std::string& name, const std::string& value) {
  const int n = std::atoi(value.c_str());
  if (n < 1) fail(name + " " + value + ": expected a number of at least 1");
  return n;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) fail(name + ": expected a value after it");
    const std::string value = argv[i + 1];
    if (name == "--model") {
      options.model = value;
    } else if (name == "--ids-file") {
      options.ids_file = value;
    } else if (name == "--out") {
      options.out = value;
    } else if (name == "--kv") {
      options.kv = value;
    } else if (name == "--threads") {
      options.threads = positive(name, value);
    } else if (name == "--rows") {
      options.rows = positive(name, value);
    } else {
      fail("unknown option " + name);
    }
  }
  if (options.model.empty() || options.ids_file.empty() || options.out.empty()) {
    fail("expected --model FILE.gguf --ids-file IDS --out FILE.safetensors");
  }
  if (options.kv != "f16" && options.kv != "f32") fail("--kv " + options.kv + ": expected f16 or f32");
  return options;
}

std::vector<llama_token> read_ids(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path + ": cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<llama_token> ids;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == ',' || std::isspace(c) != 0) {
      ++i;
    } else if (std::isdigit(c) != 0) {
      llama_token id = 0;
      for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i) {
        if (id > 100'000'000) fail(path + ": a number is no token id");
        id = id * 10 + (text[i] - '0');
      }
      ids.push_back(id);
    } else {
      fail(path + ": expected numbers separated by commas or blanks");
    }
  }
  if (ids.empty()) fail(path + ": holds no ids");
  return ids;
}

// The safetensors header and the ids; the logits follow them row by row.
void write_head(std::ofstream& out, const std::vector<llama_token>& ids, int vocab_size, const Options& options) {
  const std::uint64_t n = ids.size(), ids_end = n * 8;
  const std::uint64_t logits_end = ids_end + n * static_cast<std::uint64_t>(vocab_size) * 4;
  const auto text = [](std::uint64_t value) { return std::to_string(value); };
  std::string header = R"({"__metadata__":{"compute":"llama.cpp","kv":")" + options.kv +
                       R"("},"ids":{"dtype":"I64","shape":[)" + text(n) + R"(],"data_offsets":[0,)" + text(ids_end) +
                       R"(]},"logits":{"dtype":"F32","shape":[)" + text(n) + "," +
                       text(static_cast<std::uint64_t>(vocab_size)) + R"(],"data_offsets":[)" + text(ids_end) + "," +
                       text(logits_end) + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = header.size();
  out.write(reinterpret_cast<const char*>(&header_bytes), 8);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const llama_token id : ids) {
    const std::int64_t wide = id;
    out.write(reinterpret_cast<const char*>(&wide), 8);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::vector<llama_token> ids = read_ids(options.ids_file);
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  ggml_backend_load_all();
  llama_backend_init();
  llama_model_params model_params = llama_model_default_params();
  model_params.n_gpu_layers = 0;
  const std::unique_ptr<llama_model, decltype(&llama_model_free)> model(
      llama_model_load_from_file(options.model.c_str(), model_params), llama_model_free);
  if (!model) fail(options.model + ": llama.cpp does not load it");
  const int vocab_size = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));

  const int n = static_cast<int>(ids.size());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(n + 8);
  params.n_batch = static_cast<std::uint32_t>(std::min(n, options.rows));
  params.n_threads = params.n_threads_batch = options.threads;
  if (options.kv == "f32") params.type_k = params.type_v = GGML_TYPE_F32;
  const std::unique_ptr<llama_context, decltype(&llama_free)> context(llama_init_from_model(model.get(), params),
                                                                      llama_free);
  if (!context) fail("llama.cpp makes no context of " + std::to_string(n + 8) + " positions");

  std::ofstream out(options.out, std::ios::binary);
  write_head(out, ids, vocab_size, options);
  for (int first = 0; first < n; first += options.rows) {
    const int count = std::min(options.rows, n - first);
    llama_batch batch = llama_batch_init(count, 0, 1);
    batch.n_tokens = count;
    for (int i = 0; i < count; ++i) {
      if (ids[static_cast<std::size_t>(first + i)] >= vocab_size) fail("an id is outside the vocabulary");
      batch.token[i] = ids[static_cast<std::size_t>(first + i)];
      batch.pos[i] = first + i;
      batch.n_seq_id[i] = 1;
      batch.seq_id[i][0] = 0;
      batch.logits[i] = 1;
    }
    if (llama_decode(context.get(), batch) != 0) fail("llama_decode failed at position " + std::to_string(first));
    llama_synchronize(context.get());
    for (int i = 0; i < count; ++i) {
      out.write(reinterpret_cast<const char*>(llama_get_logits_ith(context.get(), i)),
                static_cast<std::streamsize>(sizeof(float)) * vocab_size);
    }
    llama_batch_free(batch);
  }
  out.close();
  if (!out) fail(options.out + ": cannot be written (is the disk full?)");
  std::printf("%d rows of %d logits in %s\n", n, vocab_size, options.out.c_str());
  return 0;
}

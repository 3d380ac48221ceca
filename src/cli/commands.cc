#include "cli/commands.h"

#include "cli/commands/ask.h"
#include "cli/commands/bench.h"
#include "cli/commands/cache.h"
#include "cli/commands/eval.h"
#include "cli/commands/probe.h"
#include "cli/commands/render.h"
#include "cli/commands/show.h"
#include "cli/commands/tokenize.h"

namespace carat::cli {
namespace {

constexpr Command kCommands[] = {
    {"ask", "answer a question (a base model: continue a text)", add_ask},
    {"show", "what a model is made of, and the memory it will need", add_show},
    {"render", "messages to the prompt they become", add_render},
    {"tokenize", "text to token ids and back", add_tokenize},
    {"probe", "logits and hidden states of given ids, as a file", add_probe},
    {"eval", "perplexity of a text, and the distance from a reference", add_eval},
    {"bench", "how fast a model runs here, against what the machine could do", add_bench},
    {"cache", "the packed copies of models: what there is, and away with it", add_cache},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace carat::cli

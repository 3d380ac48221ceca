#include "cli/commands.h"

#include "cli/commands/add.h"
#include "cli/commands/ask.h"
#include "cli/commands/bench.h"
#include "cli/commands/cache.h"
#include "cli/commands/chat.h"
#include "cli/commands/completion.h"
#include "cli/commands/doctor.h"
#include "cli/commands/eval.h"
#include "cli/commands/help.h"
#include "cli/commands/list.h"
#include "cli/commands/probe.h"
#include "cli/commands/render.h"
#include "cli/commands/rm.h"
#include "cli/commands/show.h"
#include "cli/commands/tokenize.h"

namespace carat::cli {
namespace {

constexpr std::string_view kTalk = "Talk";
constexpr std::string_view kModels = "Models";
constexpr std::string_view kMeasure = "Measure";
constexpr std::string_view kPort = "Port and compare";
constexpr std::string_view kProgram = "This program";

constexpr Command kCommands[] = {
    {"chat", kTalk, "talk with a model; chats are kept", add_chat},
    {"ask", kTalk, "answer a question (a base model: continue a text)", add_ask},
    {"list", kModels, "the models of the store", add_list},
    {"add", kModels, "give a model a name in the store", add_add},
    {"rm", kModels, "take models out of the store", add_rm},
    {"show", kModels, "what a model is made of, and the memory it will need", add_show},
    {"cache", kModels, "the packed copies of models: what there is, and away with it", add_cache},
    {"eval", kMeasure, "perplexity of a text, and the distance from a reference", add_eval},
    {"bench", kMeasure, "how fast a model runs here, against what the machine could do", add_bench},
    {"render", kPort, "messages to the prompt they become", add_render},
    {"tokenize", kPort, "text to token ids and back", add_tokenize},
    {"probe", kPort, "logits and hidden states of given ids, as a file", add_probe},
    {"doctor", kProgram, "this machine, kernels and files: what is wrong, what to do", add_doctor},
    {"help", kProgram, "the whole page of a command, also as Markdown or a manual page", add_help},
    {"completion", kProgram, "completion script for a shell", add_completion},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace carat::cli

#include "cli/chat/pipe_chat.h"

#include <fmt/core.h>
#include <unistd.h>

#include "cli/chat/plain_view.h"
#include "cli/chat/turn_details.h"
#include "cli/output.h"
#include "cli/term/plain_line_reader.h"

namespace carat::cli {

Result<void> pipe_chat(Conversation& conversation, ChatLog& log, bool json_lines) {
  PlainLineReader reader(STDIN_FILENO, -1, nullptr);
  for (bool first = true;;) {
    ASSIGN_OR_RETURN(const InputLine line, reader.read("", ""));
    if (line.kind == InputLine::Kind::kEnd) return {};
    if (line.text.find_first_not_of(" \t") == std::string::npos) continue;

    const ChatTurn message{"user", line.text, {}, {}};
    const std::size_t n_before = log.n_answered();
    std::vector<const ChatTurn*> turns = log.turns_before(n_before);
    turns.push_back(&message);
    ASSIGN_OR_RETURN(const ConversationPrompt prompt, conversation.prompt(turns, log.system(), log.think()));
    log.add(n_before, message);

    if (!first && !json_lines) RETURN_IF_ERROR(write_stdout("\n"));
    first = false;
    TextWriter text({terminal_of(STDOUT_FILENO), terminal_of(STDERR_FILENO), true});
    JsonLinesWriter json;
    PlainView view(json_lines ? static_cast<AnswerWriter&>(json) : text);
    const auto choice = static_cast<std::uint32_t>(log.n_alternatives(n_before + 1));
    ASSIGN_OR_RETURN(const ConversationAnswer answer, conversation.answer(prompt, choice, view, nullptr));
    keep_answer(log, n_before + 1, conversation.options(), choice, answer);
    for (const std::string& note : log.take_notes()) say(note);
    if (answer.error) return *answer.error;
  }
}

}  // namespace carat::cli

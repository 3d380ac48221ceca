"""carat chat: in a pipe, and on a terminal: messages of many lines, Ctrl-C, slash commands, chats that are kept."""

import json
import os
import signal
import stat
import subprocess
import time

from carat_program import MODELS, ProgramTest, main, real_model
from terminal import CTRL_C, CTRL_D, CTRL_U, ENTER, TAB, UP, Terminal

NO_END = ("--logit-bias", "1=-1000", "--logit-bias", "106=-1000")
SHORT = ("--max-tokens", "12", *NO_END)
ENDLESS = ("--max-tokens", "100000", "--context", "131072", *NO_END)


class ChatTest(ProgramTest):
    def setUp(self):
        super().setUp()
        # A chat model with thinking: the small one with a template beside it (which one does not matter).
        self.model = self.copy_model("e2b", "taught")
        (self.model / "chat_template.jinja").write_text("any")
        for name in ("VISUAL", "EDITOR", "NO_COLOR"):
            self.environment.pop(name, None)
        self.environment["TERM"] = "xterm-256color"

    def chats(self):
        return json.loads(self.ok("chat", "--list", "--json"))["chats"]

    def messages(self, terminal):
        """The chat that goes on at the prompt, by /export."""
        path = self.folder / f"export-{time.monotonic_ns()}.json"
        terminal.line(f"/export {path}")
        terminal.wait_for("written to")
        return json.loads(path.read_text())["messages"]

    def terminal(self, *arguments, model=True, **environment):
        command = [self.carat, "chat", *([self.model] if model else []), *arguments]
        terminal = Terminal(command, {**self.environment, **environment})
        self.addCleanup(terminal.close)
        return terminal


class PipeTest(ChatTest):
    def test_every_line_is_a_turn(self):
        answers = self.ok("chat", self.model, *SHORT, stdin="hello\n\n  \nand then?")
        first = self.ok("ask", "hello", "--model", self.model, *SHORT)
        self.assertTrue(answers.startswith(first + "\n"), "an answer as ask gives it, and an empty line")
        self.assertNotEqual(answers[len(first) + 1:].strip(), "")
        self.assertEqual(self.ok("chat", self.model, *SHORT, stdin="hello\nand then?\n"), answers)
        self.assertEqual(self.ok("chat", "--model", self.model, *SHORT, stdin="hello\nand then?\n"), answers)

    def test_lines_command_nothing(self):
        for line in ("/bye", "/export /tmp/x.md", "//", '"""', "ends in \\"):
            *_, end = self.json_lines("chat", self.model, *SHORT, stdin=line)
            self.assertEqual(end["n_tokens"], 12, line)

    def test_json_lines(self):
        events = self.json_lines("chat", self.model, *SHORT, "--no-save", stdin="hello\nand then?\n")
        ends = [event for event in events if event["type"] == "end"]
        self.assertEqual(len(ends), 2)
        *ask, end = self.json_lines("ask", "hello", "--model", self.model, *SHORT)
        self.assertEqual(events[:len(ask)], ask)
        self.assertEqual(set(ends[0]), set(end))
        self.assertGreater(ends[1]["n_prompt_tokens"], end["n_prompt_tokens"] + 12)

    def test_it_is_kept_turn_by_turn(self):
        self.ok("chat", self.model, *SHORT, "--system", "be kind", "--think", stdin="hello\nand then?\n")
        chat, = self.chats()
        self.assertEqual((chat["n_turns"], chat["system"], chat["think"], chat["first_words"]),
                         (4, "be kind", True, "hello"))
        self.assertEqual(chat["model"], str(self.model))
        data = self.folder / "home" / ".local" / "share" / "carat"
        self.assertEqual(stat.S_IMODE((data / "chats.sqlite").stat().st_mode), 0o600)
        self.assertFalse((data / "chat_history").exists(), "nothing was typed")
        self.assertIn("hello", self.ok("chat", "--list"))

    def test_no_save(self):
        self.ok("chat", self.model, *SHORT, "--no-save", stdin="hello\n")
        self.assertFalse((self.folder / "home" / ".local" / "share" / "carat").exists())
        self.assertEqual(self.chats(), [])
        self.ok("chat", self.model, *SHORT, stdin="a kept one\n")
        self.assertIn("a kept one", self.ok("chat", "--list", "--no-save"))

    def test_continue_and_load(self):
        self.refused(3, ("--continue", "no chat"), "chat", self.model, "--continue")
        self.refused(3, "there is no chat", "chat", self.model, "--load", "plans")
        whole = self.ok("chat", self.model, *SHORT, "--no-save", stdin="one\ntwo\nthree\n")
        parts = self.ok("chat", self.model, *SHORT, stdin="one\ntwo\n")
        self.ok("chat", self.model, *SHORT, stdin="another chat\n")
        number = str(self.chats()[1]["id"])
        # The model is the chat's.
        parts += "\n" + self.ok("chat", "--load", number, *SHORT, stdin="three\n")
        self.assertEqual(parts, whole, "as if it had been one conversation")
        self.assertEqual(self.chats()[0]["n_turns"], 6, "last talked in first")
        *_, end = self.json_lines("chat", "--continue", *SHORT, stdin="four\n")
        self.assertGreater(end["n_prompt_tokens"], 60)

    def test_an_answer_of_which_nothing_came_is_no_turn(self):
        self.ok("chat", self.model, "--logit-bias", "106=1000", stdin="one\ntwo\n")
        chat, = self.chats()
        self.assertEqual((chat["n_turns"], chat["first_words"]), (1, "one"))

    def test_rm(self):
        for text in ("one", "two", "three"):
            self.ok("chat", self.model, *SHORT, stdin=text + "\n")
        third, second, first = (chat["id"] for chat in self.chats())
        self.refused(3, "there is no chat", "chat", "--rm", "99")
        self.refused(2, ("2 turns", "--yes"), "chat", "--rm", str(second))
        self.refused(2, "--rm", "chat", "--yes")
        self.refused(2, ("--rm", "--list"), "chat", "--rm", "1", "--list")
        self.assertEqual(self.ok("chat", "--rm", str(second), "--yes"), "")
        self.assertEqual([chat["id"] for chat in self.chats()], [third, first])
        for word, left in (("n", [third, first]), ("y", [third])):
            terminal = self.terminal("--rm", str(first), model=False)
            terminal.wait_for("[y/N] ")
            terminal.send(word + "\n")
            self.assertEqual(terminal.leave() == 0, word == "y")
            self.assertEqual([chat["id"] for chat in self.chats()], left)

    def test_a_thinking_chat_goes_on_with_a_model_that_cannot(self):
        self.ok("chat", self.model, *SHORT, "--think", stdin="one\n")
        self.ok("chat", real_model(), "--max-tokens", "4", "--context", "512", "--continue", stdin="two\n")
        chat, = self.chats()
        self.assertFalse(chat["think"])
        self.assertGreater(chat["n_turns"], 2)

    def test_a_base_model_says_so(self):
        result = self.run_carat("chat", MODELS / "e2b", *SHORT, stdin="hello\n")
        self.assertIn(b"was not taught to chat", result.stderr)
        self.assertNotIn(b"was not taught", self.run_carat("chat", self.model, *SHORT, stdin="hello\n").stderr)
        self.refused(2, "no thinking", "chat", MODELS / "gemma3", "--think")

    def test_wrong_usage(self):
        self.refused(2, "twice", "chat", self.model, "--model", self.model)
        self.refused(2, "--json", "chat", self.model, "--json")
        self.refused(2, "--load", "chat", self.model, "--continue", "--load", "x")
        self.refused(2, ("--no-save", "--load"), "chat", self.model, "--no-save", "--load", "x")
        self.refused(2, ("--json-lines", "--list"), "chat", "--list", "--json-lines")
        self.refused(8, ("--context 131073", "131072"), "chat", self.model, "--context", "131073")
        self.refused(2, "stop string", "chat", self.model, "--stop", "")

    def test_a_line_over_the_context(self):
        sentence = self.refused(8, ("context is 8,192", "--context"), "chat", self.model, stdin="word " * 20000,
                                said_before=True)
        self.assertRegex(sentence, r"the chat is \d\d,\d\d\d tokens")
        self.assertEqual(self.chats(), [], "what is refused is not a turn")

    def test_saving_fails(self):
        """A data directory that cannot be: said once, the chat goes on, and its end says what is lost."""
        blocked = self.write("blocked", "a file where a folder should be")
        result = self.run_carat("chat", self.model, *SHORT, stdin="one\ntwo\n", XDG_DATA_HOME=blocked)
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertEqual(result.stderr.count(b"cannot be saved"), 1, result.stderr)
        self.assertIn(b"carat: error: 4 turns of this chat could not be saved: ", result.stderr.splitlines()[-1])
        self.assertEqual(result.stdout.decode(), self.ok("chat", self.model, *SHORT, "--no-save", stdin="one\ntwo\n"))

    def test_a_reader_that_leaves(self):
        command = subprocess.Popen([self.carat, "chat", self.model, *ENDLESS], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        command.stdin.write(b"hello\n")
        command.stdin.flush()
        self.assertEqual(len(command.stdout.read(1)), 1)
        command.stdout.close()
        _, said = command.communicate(timeout=60)
        self.assertEqual(command.returncode, -13)
        self.assertNotIn(b"error", said)
        self.assertEqual(self.chats()[0]["n_turns"], 1, "the question is kept")

    def test_a_full_disk_on_stdout(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([self.carat, "chat", self.model, *SHORT], input=b"hello\n", stdout=full,
                                    stderr=subprocess.PIPE, env=self.environment)
        self.assertEqual(result.returncode, 6)
        self.assertIn("carat: error: cannot write to stdout", result.stderr.decode().splitlines()[-1])

    def test_bytes_that_are_no_text(self):
        for line in (b"\xff\xfe", b"a\x00b", b"\x1b[2J"):
            result = self.run_carat("chat", self.model, *SHORT, stdin=line + b"\n")
            self.assertEqual(result.returncode, 0, result.stderr)


class TerminalTest(ChatTest):
    def test_a_conversation(self):
        terminal = self.terminal(*SHORT)
        terminal.line("hello there")
        terminal.wait_for("(stopped after 12 tokens")
        terminal.line("/stats")
        terminal.wait_for("12 tokens, generated")
        terminal.line("/stts")
        terminal.wait_for("did you mean /stats?")
        terminal.line("/help")
        terminal.wait_for("/retry")
        terminal.line("//begins with a slash")
        terminal.wait_for("(stopped after 12 tokens")
        contents = [message["content"] for message in self.messages(terminal)]
        self.assertEqual(contents[0::2], ["hello there", "/begins with a slash"])
        terminal.line("/bye")
        self.assertEqual(terminal.leave(), 0)
        self.assertTrue(terminal.is_as_before())
        self.assertFalse(terminal.marks_pastes())
        self.assertEqual(self.chats()[0]["n_turns"], 4)

    def test_a_turn_costs_its_new_tokens(self):
        terminal = self.terminal(*SHORT)
        terminal.line("a message that takes quite some tokens, word for word, before anything is answered")
        terminal.wait_for("(stopped after")
        terminal.line("short")
        terminal.wait_for("(stopped after")
        terminal.line("/stats")
        terminal.wait_for("last prompt: ")
        total = int(terminal.wait_for(" tokens, ").split()[0])
        cached = int(terminal.wait_for(" of them cached").split()[0])
        # The small model's answers are bytes that are no text, so that they come back as other tokens; the first
        # prompt at least is kept.
        self.assertGreater(cached, 60)
        self.assertGreater(total, cached)

    def test_messages_of_many_lines(self):
        terminal = self.terminal(*SHORT)
        terminal.wait_for(">>> ")
        terminal.paste("def f():\n\treturn 1\n\n# /help\n")
        terminal.send(ENTER)
        terminal.wait_for("(stopped after")
        terminal.line("one\\")
        terminal.wait_for("... ")
        terminal.send("two" + ENTER)
        terminal.wait_for("(stopped after")
        terminal.line('"""')
        terminal.wait_for("... ")
        terminal.send("/bye" + ENTER)
        terminal.wait_for("... ")
        terminal.send('"""' + ENTER)
        terminal.wait_for("(stopped after")
        lines = "\n".join(f"line {i} é" for i in range(300))
        terminal.wait_for(">>> ")
        terminal.send("see ")
        terminal.paste(lines)
        terminal.wait_for("[pasted 300 lines #1]")
        terminal.send(" end" + ENTER)
        terminal.wait_for("(stopped after")
        contents = [message["content"] for message in self.messages(terminal)]
        self.assertEqual(contents[0::2], ["def f():\n\treturn 1\n\n# /help", "one\ntwo", "/bye", f"see {lines} end"])

    def test_a_paste_while_answering_waits_as_one_message(self):
        terminal = self.terminal(*ENDLESS)
        terminal.line("hello")
        terminal.wait_for("\n")
        lines = "\n".join(f"line {i}" for i in range(1500))  # more than a terminal's line may have
        terminal.paste(lines)
        terminal.wait_for_more()
        terminal.send(CTRL_C)
        terminal.wait_for("[pasted 1500 lines #1]")
        self.assertNotIn("line 7", terminal.output, "no echo into the answer")
        terminal.send(ENTER)
        terminal.wait_for("\n")
        terminal.wait_for_more()
        terminal.send(CTRL_C)
        terminal.wait_for("(stopped")
        time.sleep(1.1)
        self.assertEqual(self.messages(terminal)[2]["content"], lines)

    def test_ctrl_c_stops_the_answer_only(self):
        terminal = self.terminal(*ENDLESS)
        for n in range(2):
            terminal.line("hello")
            terminal.wait_for("\n")
            terminal.wait_for_more()
            terminal.send(CTRL_C)
            terminal.wait_for("(stopped; the answer is kept")
            time.sleep(1.1)  # a second Ctrl-C sooner than this would leave
        first, answer, *_ = self.messages(terminal)
        self.assertEqual(answer["details"]["reason"], "cancelled")
        self.assertGreater(len(answer["content"]), 0)
        terminal.wait_for(">>> ")
        terminal.send("half a line")
        terminal.wait_for("half a line")
        terminal.send(CTRL_C)
        terminal.wait_for("Ctrl-C again")
        terminal.line("/stats")  # something between two: they are not twice
        terminal.wait_for(">>> ")
        terminal.send(CTRL_C)
        terminal.wait_for("Ctrl-C again")
        terminal.wait_for(">>> ")
        terminal.send(CTRL_C)
        self.assertEqual(terminal.leave(), 0)
        self.assertTrue(terminal.is_as_before())
        self.assertEqual(self.chats()[0]["n_turns"], 4)

    def test_ctrl_c_twice_leaves_while_answering(self):
        terminal = self.terminal(*ENDLESS)
        terminal.line("hello")
        terminal.wait_for("\n")
        terminal.wait_for_more()
        terminal.send(CTRL_C)
        time.sleep(0.2)  # two signals at once are one
        terminal.send(CTRL_C)
        self.assertEqual(terminal.leave(), 0)
        self.assertTrue(terminal.is_as_before())
        self.assertEqual(self.chats()[0]["n_turns"], 2, "what came is kept")

    def test_ctrl_d_leaves(self):
        terminal = self.terminal(*SHORT)
        terminal.wait_for(">>> ")
        terminal.send(CTRL_D)
        self.assertEqual(terminal.leave(), 0)
        self.assertEqual(self.chats(), [])

    def test_ctrl_d_while_the_model_loads_leaves(self):
        terminal = self.terminal(*SHORT)
        terminal.send(CTRL_D)
        self.assertEqual(terminal.leave(), 0)
        self.assertTrue(terminal.is_as_before())

    def test_a_key_typed_as_soon_as_the_prompt_is_there(self):
        """The terminal must not be one that waits for a line's end: it would make an end of file of Ctrl-D."""
        terminal = self.terminal(*SHORT)
        for _ in range(20):
            terminal.wait_for(">>> ")
            self.assertFalse(terminal.waits_for_lines())
            terminal.send(ENTER)

    def test_the_terminal_comes_back_after_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            for answering in (False, True):
                with self.subTest(signal=number, answering=answering):
                    terminal = self.terminal(*ENDLESS)
                    terminal.wait_for(">>> ")
                    if answering:
                        terminal.send("hello" + ENTER)
                        terminal.wait_for("\n")
                        time.sleep(0.3)
                    terminal.process.send_signal(number)
                    self.assertEqual(terminal.leave(), -number)
                    self.assertTrue(terminal.is_as_before())
                    self.assertFalse(terminal.marks_pastes())
                    self.assertTrue(not answering or terminal.output.endswith("\x1b[0m"), "no colour is left")

    def test_the_terminal_comes_back_when_nobody_reads_the_answer(self):
        terminal = Terminal(["bash", "-c", '"$0" "$@" | head -c 1', self.carat, "chat", self.model, *ENDLESS],
                            self.environment)
        self.addCleanup(terminal.close)
        terminal.line("hello")
        self.assertEqual(terminal.leave(), 0)
        self.assertTrue(terminal.is_as_before())
        self.assertFalse(terminal.marks_pastes())

    def test_retry(self):
        terminal = self.terminal(*SHORT, "--temperature", "1", "--seed", "3")
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        before = self.messages(terminal)
        terminal.line("/retry")
        terminal.wait_for("(stopped after")
        after = self.messages(terminal)
        self.assertEqual([m["role"] for m in after], ["user", "assistant"])
        self.assertEqual(after[0], before[0])
        self.assertNotEqual(after[1]["content"], before[1]["content"])
        self.assertEqual([m[1]["details"]["sampling"]["choice"] for m in (before, after)], [0, 1])

    def test_edit(self):
        terminal = self.terminal(*SHORT)
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        terminal.line("first")
        terminal.wait_for("(stopped after")
        terminal.line("/edit")
        terminal.wait_for("first")
        terminal.send(" or not" + ENTER)
        terminal.wait_for("(stopped after")
        contents = [message["content"] for message in self.messages(terminal)]
        self.assertEqual(contents[0::2], ["hello", "first or not"])
        terminal.line("/edit")
        terminal.wait_for("or not")
        terminal.send(CTRL_C)
        terminal.wait_for("Ctrl-C again")
        self.assertEqual([m["content"] for m in self.messages(terminal)], contents, "given up, as it was")
        for command in ("/stats", "/stts"):
            terminal.line("/edit")
            terminal.wait_for("or not")
            terminal.send(CTRL_U + command + ENTER)
            terminal.wait_for("as it was")
        terminal.line("another question")
        terminal.wait_for("(stopped after")
        contents = [message["content"] for message in self.messages(terminal)]
        self.assertEqual(contents[0::2], ["hello", "first or not", "another question"], "it takes nobody's place")

    def test_edit_of_many_lines_in_an_editor(self):
        editor = self.write("editor", "#!/bin/sh\nsed -i s/two/three/ \"$1\"\n")
        os.chmod(editor, 0o700)
        terminal = self.terminal(*SHORT, EDITOR=editor)
        terminal.line("one\\")
        terminal.wait_for("... ")
        terminal.send("two" + ENTER)
        terminal.wait_for("(stopped after")
        terminal.line("/edit")
        terminal.wait_for("(stopped after")
        self.assertEqual(self.messages(terminal)[0]["content"], "one\nthree")

    def test_files(self):
        notes = self.write("my notes.txt", "alpha\nbeta\n")
        terminal = self.terminal(*SHORT)
        terminal.line(f"/file {self.folder}/nowhere")
        terminal.wait_for("nowhere")
        terminal.wait_for(">>> ")
        terminal.send(f"/file {self.folder}/my" + TAB)
        terminal.wait_for("notes.txt")
        terminal.send(ENTER)
        terminal.wait_for("goes with the next message: ")
        self.assertGreater(int(terminal.wait_for(" tokens").split()[0]), 5)
        terminal.line("what is in it?")
        terminal.wait_for("(stopped after")
        terminal.line("/edit")
        terminal.wait_for("what is in it?")
        terminal.send("!" + ENTER)
        terminal.wait_for("(stopped after")
        message = self.messages(terminal)[0]
        self.assertTrue(message["content"].endswith("\nwhat is in it?!"))
        self.assertIn("alpha\nbeta\n", message["content"], "the file goes along with the edited message")
        self.assertEqual(message["details"]["files"], [notes])

    def test_files_that_do_not_fit(self):
        large, small = self.write("large.txt", "long " * 90), self.write("small.txt", "long " * 20)
        terminal = self.terminal(*SHORT, "--context", "600")
        terminal.line(f"/file {small}")
        terminal.wait_for("goes with the next message: ")
        left = int(terminal.wait_for(" that are left").split(" of the ")[1].split()[0])
        terminal.line(f"/file {large}")
        terminal.wait_for(f"{large} is ")
        n = int(terminal.wait_for(" tokens, of the context of 600").split()[0])
        self.assertLess(n, left, "it is the file that waits already for which it does not fit")
        self.assertLess(int(terminal.wait_for(" left:").split()[1]), n)
        terminal.line("long " * 100)
        terminal.wait_for("the context is 600")
        terminal.wait_for(f"{small}; /file - leaves them out")
        terminal.line("/file -")
        terminal.wait_for(f"left out: {small}")
        terminal.line("long " * 100)
        terminal.wait_for("(stopped after")
        self.assertNotIn("small.txt", self.messages(terminal)[0]["content"])

    def test_files_and_refused_messages_stay_with_their_chat(self):
        notes = self.write("notes.txt", "alpha beta")
        terminal = self.terminal(*SHORT, "--context", "300")
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        for leave in ("/new", "/load 1"):
            terminal.line(f"/file {notes}")
            terminal.wait_for("goes with the next message")
            terminal.wait_for(">>> ")
            terminal.paste("long " * 200)
            terminal.send(ENTER)
            terminal.wait_for("/edit brings it back")
            terminal.line(leave)
            terminal.wait_for(f"left out: {notes}")
            terminal.line("/edit")
            terminal.wait_for("there is no message to change yet" if leave == "/new" else ">>> hello")
            terminal.send(CTRL_U)
        terminal.send("what is it?" + ENTER)
        terminal.wait_for("(stopped after")
        self.assertNotIn("alpha", self.messages(terminal)[0]["content"])

    def test_a_message_over_the_context_is_not_lost(self):
        terminal = self.terminal(*SHORT, "--context", "100")
        terminal.wait_for(">>> ")
        terminal.paste("long " * 200)
        terminal.send(ENTER)
        terminal.wait_for("the context is 100")
        terminal.line("/edit")
        terminal.wait_for("long long")
        terminal.send(CTRL_C)
        terminal.line("short")
        terminal.wait_for("(stopped after")
        terminal.line("/edit")
        terminal.wait_for("short")
        terminal.paste("long " * 200)
        terminal.send(ENTER)
        terminal.wait_for("the context is 100")
        terminal.line("/stats")
        terminal.line("/edit")
        terminal.wait_for("long long")
        terminal.send(CTRL_U + "shorter" + ENTER)
        terminal.wait_for("(stopped after")
        self.assertEqual([m["content"] for m in self.messages(terminal)][0::2], ["shorter"], "an edit stays one")

    def test_names(self):
        terminal = self.terminal(*SHORT)
        terminal.line("the first chat")
        terminal.wait_for("(stopped after")
        terminal.line("/save my plans")
        terminal.wait_for("this chat is now my plans")
        terminal.line("/new")
        terminal.line("the second chat")
        terminal.wait_for("(stopped after")
        terminal.line("/save my plans")
        terminal.wait_for("my plans")
        terminal.line("/list")
        terminal.wait_for("the second chat")
        terminal.wait_for("the first chat")
        terminal.line("/load my pans")
        terminal.wait_for("my plans")
        terminal.wait_for(">>> ")
        terminal.send("/load my" + TAB)
        terminal.wait_for("plans")
        terminal.send(ENTER)
        terminal.wait_for("the first chat")
        self.assertEqual(self.messages(terminal)[0]["content"], "the first chat")
        terminal.line("/bye")
        terminal.leave()
        self.assertEqual([chat["name"] for chat in self.chats()], [None, "my plans"])
        again = self.terminal("--load", "my plans", *SHORT, model=False)
        again.wait_for("the first chat")
        self.assertEqual(len(self.messages(again)), 2)

    def test_settings(self):
        terminal = self.terminal(*SHORT)
        terminal.line("/think")
        terminal.wait_for("thinks first")
        terminal.line("/think off")
        terminal.wait_for("without thinking")
        terminal.line("/think maybe")
        terminal.wait_for("expected on, off, show or fold")
        terminal.line("/system be kind")
        terminal.wait_for("holds for the whole chat")
        terminal.line("/system")
        terminal.wait_for("system message: be kind")
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        self.assertEqual(self.messages(terminal)[0], {"role": "system", "content": "be kind"})
        terminal.line("/system -")
        terminal.line("/bye")
        terminal.leave()
        self.assertEqual(self.chats()[0]["system"], "")

    def test_what_could_not_be_saved_is_saved_on_leaving(self):
        """A data directory that cannot be, until the person has made room."""
        blocked = self.write("blocked", "a file where a folder should be")
        terminal = self.terminal(*SHORT, XDG_DATA_HOME=blocked)
        terminal.line("hello")
        terminal.wait_for("cannot be saved")
        terminal.wait_for("(stopped after")
        for command in ("/new", "/load 1"):
            terminal.line(command)
            terminal.wait_for("2 turns are not saved yet" if command == "/new" else "blocked")
        self.assertEqual(len(self.messages(terminal)), 2, "the chat goes on")
        os.remove(blocked)
        terminal.line("/bye")
        self.assertEqual(terminal.leave(), 0)
        chat, = json.loads(self.ok("chat", "--list", "--json", XDG_DATA_HOME=blocked))["chats"]
        self.assertEqual(chat["n_turns"], 2)

    def test_killed_while_answering(self):
        terminal = self.terminal(*ENDLESS)
        terminal.line("the question")
        terminal.wait_for("\n")
        terminal.wait_for_more()
        terminal.process.kill()
        terminal.process.wait()
        self.assertEqual(self.chats()[0]["n_turns"], 1)
        again = self.terminal("--continue", *SHORT, model=False)
        again.wait_for("the question")
        again.wait_for("has no answer")
        again.line("/retry")
        again.wait_for("(stopped after")
        self.assertEqual([m["role"] for m in self.messages(again)], ["user", "assistant"])

    def test_history(self):
        terminal = self.terminal(*SHORT)
        terminal.line("remember me")
        terminal.wait_for("(stopped after")
        terminal.line("/bye")
        terminal.leave()
        path = self.folder / "home" / ".local" / "share" / "carat" / "chat_history"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        again = self.terminal(*SHORT)
        again.wait_for(">>> ")
        again.send(UP + UP + ENTER)
        again.wait_for("(stopped after")
        self.assertEqual(self.messages(again)[0]["content"], "remember me")
        private = self.terminal(*SHORT, "--no-save")
        private.line("secret")
        private.wait_for("(stopped after")
        self.assertNotIn("secret", path.read_text())

    def test_nothing_drives_the_terminal(self):
        """What was pasted, and comes back from the store, holds no escape sequences."""
        terminal = self.terminal(*SHORT)
        terminal.wait_for(">>> ")
        terminal.paste("evil \x1b]0;owned\x07 \x1b[2J text")
        terminal.send(ENTER)
        terminal.wait_for("(stopped after")
        terminal.line("/save evil\x07name")
        terminal.line("/bye")
        terminal.leave()
        again = self.terminal("--continue", *SHORT, model=False)
        shown = again.wait_for(" text")
        self.assertNotIn("\x1b]0", again.output)
        self.assertNotIn("\x1b[2J", again.output)
        self.assertNotIn("\x07", again.output)
        self.assertIn("␛]0;owned␇", shown)
        self.assertNotIn("\x1b]0", self.ok("chat", "--list"))

    def test_without_colours(self):
        terminal = self.terminal(*SHORT, NO_COLOR="1")
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        terminal.line("/help")
        terminal.line("/bye")
        terminal.leave()
        self.assertNotRegex(terminal.output, "\x1b\\[[0-9;]+m")

    def test_a_dumb_terminal(self):
        terminal = self.terminal(*SHORT, TERM="dumb")
        terminal.line("hello")
        terminal.wait_for("(stopped after")
        terminal.wait_for(">>> ")
        terminal.send(CTRL_C)
        terminal.wait_for("Ctrl-C again")
        terminal.wait_for(">>> ")
        terminal.send(CTRL_D)
        self.assertEqual(terminal.leave(), 0)
        self.assertNotIn("\x1b", terminal.output)
        self.assertEqual(self.chats()[0]["n_turns"], 2)

    def test_answers_into_a_file(self):
        """`carat chat > file`: the prompt is on the terminal, the answers are in the file, as they are."""
        out = self.folder / "answers"
        terminal = Terminal(["bash", "-c", f'"$0" "$@" > {out}', self.carat, "chat", self.model, *SHORT],
                            self.environment)
        self.addCleanup(terminal.close)
        terminal.line("hello")
        terminal.line("/bye")
        self.assertEqual(terminal.leave(), 0)
        self.assertEqual(out.read_text(), self.ok("ask", "hello", "--model", self.model, *SHORT))


if __name__ == "__main__":
    main()

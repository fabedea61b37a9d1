"""Random conversations through a folder of chat templates, as transformers' own Jinja environment renders them.

    python scripts/chat-template-wild.py FOLDER COUNT SEED > FILE        then: scripts/chat-template-wild.ts FILE

FOLDER holds *.jinja files (published templates are their makers', so none lie here); COUNT conversations are made for each. needs jinja2==3.1.6 and
transformers. The first line says which day it is; every other line is one case as the chat goldens have them, with the template's path and `text`,
or `error` where Python raises. What a template asks for beside the messages (variables, roles, fields of a message) is looked up in its own source, so
that all its branches are visited. Texts hold the template's own marks.
"""
import copy
import datetime
import json
import os
import random
import re
import signal
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import jinja2
from jinja2 import meta, nodes
from transformers.utils import chat_template_utils

assert jinja2.__version__ == "3.1.6", jinja2.__version__
NOW = datetime.datetime(2025, 3, 9, 12, 0, 0)
WORDS = ["What is 2 < 3 & why?", "Hello!", "  padded \n", "", "\n", "a\nb\n\nc", "Gr\u00fc\u00dfe \u4e16\u754c \U0001f600", "it's \"quoted\" \\ back\\n", "<think>hm</think>done", "<think>\nlong\n</think>\n\nBecause.", "</think>", "{\"a\": 1}", "[1, 2]", "null", "12", "tab\there\r\n", "\u2028\u00a0x\u0085", "'", "<b>&amp;</b>", "[TOOL_CALLS]x", "I will look it up.", "/no_think", "text/think", "<tool_response>ok</tool_response>"]
SCHEMAS = [
    {"type": "object", "properties": {"city": {"type": "string", "description": "City, \"quoted\""}, "days": {"type": "integer", "default": 3, "minimum": 1}}, "required": ["city"]},
    {"type": "object", "properties": {"x": {"type": "number"}, "deep": {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string"}}, "any": {"anyOf": [{"type": "null"}, {"type": "boolean"}]}, "pick": {"type": "string", "enum": ["a", "b"]}}}, "\u00fc": {"type": ["string", "null"]}}, "required": ["x", "deep"], "additionalProperties": False},
    {"type": "object", "properties": {}},
    {"type": "object", "properties": {"objs": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string", "nullable": True}}}}, "ref": {"$ref": "#/$defs/t"}, "flag": {"type": "boolean", "description": None}}, "$defs": {"t": {"type": "string"}}},
    {"properties": {"typeless": {"description": "no type"}}},
    {},
]


class Source:
    """What a template reads, from its syntax tree."""

    def __init__(self, environment, text):
        tree = environment.parse(text)
        self.variables = sorted(meta.find_undeclared_variables(tree) - {"messages", "tools", "documents", "add_generation_prompt", "raise_exception", "strftime_now", "namespace", "range", "dict", "loop", "cycler", "joiner", "lipsum", "self", "caller"})
        fields, words = set(), set()
        for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Compare, nodes.Test, nodes.Filter)):
            if isinstance(node, nodes.Getattr):
                fields.add(node.attr)
            elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                fields.add(node.arg.value)
            elif isinstance(node, nodes.Compare):
                for const in node.find_all(nodes.Const):
                    if isinstance(const.value, str):
                        words.add(const.value)
        self.fields = sorted(field for field in fields | {word for word in words if re.fullmatch(r"[a-z_]+", word)} if not hasattr(str, field) and not hasattr(dict, field))
        self.words = sorted(word for word in words if len(word) < 30)
        self.roles = [word for word in self.words if re.fullmatch(r"[a-z_]{3,20}", word)]
        self.marks = sorted(set(re.findall(r"<[^<>\s{}'\"%]{1,40}>|\[/?[A-Z_]{2,20}\]", text)))[:40]


class Conversations:
    def __init__(self, seed, source):
        self.r = random.Random(seed)
        self.source = source

    def chance(self, p):
        return self.r.random() < p

    def words(self):
        r = self.r
        if self.chance(0.12) and self.source.marks:
            return r.choice(WORDS) + r.choice(self.source.marks) + r.choice(["", "x", " y"])
        if self.chance(0.06) and self.source.words:
            return r.choice(self.source.words)
        return r.choice(WORDS)

    def content(self, nothing=0.0):
        r = self.r
        if self.chance(nothing):
            return r.choice([None, "", None])
        if self.parts and self.chance(0.2):
            return [r.choice([{"type": "text", "text": self.words()}, {"type": "text", "text": self.words()}, {"type": "image"}, {"type": "image_url", "image_url": {"url": "u"}}, {"type": "video"}, {"type": "audio"}, self.words(), {"text": self.words()}]) for _ in range(r.randrange(0, 4))]
        return self.words()

    def value(self, depth=2):
        r = self.r
        return r.choice([
            lambda: self.words(), lambda: self.words(), lambda: r.randrange(-3, 1000), lambda: r.choice([1.5, -0.25, 1e22, 3.0, 1e-7]), lambda: r.choice([True, False]), lambda: None,
            lambda: [self.value(depth - 1) for _ in range(r.randrange(0, 3))] if depth else [],
            lambda: {r.choice(["a", "b", "c d", "\u00e9"]): self.value(depth - 1) for _ in range(r.randrange(0, 3))} if depth else {},
        ])()

    def arguments(self):
        value = {self.r.choice(["city", "days", "x", "deep", "objs", "code", "\u00fc"]): self.value() for _ in range(self.r.randrange(0, 4))}
        if self.text_arguments:
            return self.r.choice([json.dumps(value), json.dumps(value, ensure_ascii=False), "not json"] if self.wild and self.chance(0.2) else [json.dumps(value)])
        return value

    def call(self):
        function = {"name": self.r.choice(["get_weather", "f", "python", "ns.do-it"]), "arguments": self.arguments()}
        if self.wild and self.chance(0.1):
            del function["arguments"]
        if self.chance(0.1):
            return function
        call = {"type": "function", "function": function}
        if self.ids:
            call = {"id": "".join(self.r.choice("abcdefghijkXYZ0123456789") for _ in range(self.r.choice([9, 9, 9, 9, 12]))), **call}
        return call

    def assistant(self):
        message = {"role": self.r.choice(["assistant"] * 12 + ["model"]), "content": self.content()}
        self.reasoning(message)
        return message

    def reasoning(self, message):
        if self.chance(0.25):
            message[self.r.choice(["reasoning_content", "reasoning_content", "thinking", "reasoning"])] = self.words()

    def calling(self):
        r = self.r
        calls = [self.call() for _ in range(r.choice([1, 1, 1, 2, 3]))]
        message = {"role": "assistant", "content": self.content(0.6), "tool_calls": calls}
        if self.chance(0.25):
            del message["content"]
        self.reasoning(message)
        turns = [message]
        for call in calls if not self.chance(0.05) else calls[:-1]:
            result = {"role": r.choice(["tool"] * 10 + ["ipython", "function", "observation"]), "content": r.choice([self.content, lambda: json.dumps({"r": [1, None, "\u00e9"]}), lambda: {"temp": 21.5, "ok": True}] if self.wild and self.chance(0.3) else [self.content])()}
            if "id" in call:
                result["tool_call_id"] = call["id"]
            if self.chance(0.6):
                result["name"] = call.get("function", call)["name"]
            turns.append(result)
        if self.chance(0.75):
            turns.append(self.assistant())
        return turns

    def messages(self):
        r = self.r
        messages = []
        if self.chance(0.4):
            messages.append({"role": r.choice(["system"] * 6 + ["developer"]), "content": self.content()})
        for _ in range(r.choice([1, 1, 2, 2, 3])):
            messages.append({"role": "user", "content": self.content()})
            messages.extend(self.calling() if self.calls and self.chance(0.6) else [self.assistant()])
        if self.chance(0.4):
            messages.append({"role": "user", "content": self.content()})
        if self.wild and self.chance(0.6):
            self.disturb(messages)
        return messages

    def disturb(self, messages):
        r = self.r
        at = r.randrange(len(messages))
        what = r.randrange(8)
        if what == 0:
            del messages[at]
        elif what == 1:
            messages.insert(at, copy.deepcopy(messages[at]))
        elif what == 2:
            messages[at]["role"] = r.choice(self.source.roles + ["custom", "user", "system", "tool"])
        elif what == 3:
            messages[at].pop(r.choice(list(messages[at])))
        elif what == 4 and self.source.fields:
            messages[at][r.choice(self.source.fields)] = self.value()
        elif what == 5 and self.source.fields:
            for _ in range(4):
                messages[at].setdefault(r.choice(self.source.fields), r.choice([True, self.words(), [self.words()]]))
        elif what == 6:
            messages[at]["content"] = self.value()
        else:
            r.shuffle(messages)

    def tools(self):
        r = self.r
        if self.chance(0.4 if self.calls else 0.8):
            return r.choice([None, None, []])
        tools = []
        for name in r.sample(["get_weather", "f", "python", "ns.do-it"], r.randrange(1, 4)):
            function = {"name": name, "description": self.words(), "parameters": copy.deepcopy(r.choice(SCHEMAS))}
            if self.chance(0.1):
                function["return"] = {"type": "string", "description": self.words()}
            if self.wild and self.chance(0.15):
                function.pop(r.choice(list(function)))
            tools.append(function if self.chance(0.1) else {"type": "function", "function": function})
        return tools

    def variables(self):
        r = self.r
        given = {"bos_token": r.choice(["<s>", "<|begin_of_text|>", "<bos>"]), "eos_token": r.choice(["</s>", "<|im_end|>", "<eos>"])}
        for name in self.source.variables:
            if name not in given and self.chance(0.4):
                given[name] = r.choice([True, False] if not self.wild else [True, False, None, self.words(), 0, 3, r.choice(self.source.words or [""]), self.value(1)]) if not name.endswith("_token") else f"<{name}>"
        return given

    def case(self):
        r = self.r
        self.calls = self.chance(0.5)
        self.wild = self.chance(0.4)
        self.parts = self.chance(0.3)
        self.ids = self.chance(0.7)
        self.text_arguments = self.chance(0.35)
        case = {"messages": self.messages()}
        tools = self.tools()
        if tools is not None:
            case["tools"] = tools
        if self.chance(0.1):
            case["documents"] = [{"title": self.words(), "text": self.words()} for _ in range(r.randrange(1, 3))]
        case["addGenerationPrompt"] = self.chance(0.5)
        case["variables"] = self.variables()
        return case


class Slow(Exception):
    pass


def answer(template, case):
    def stop(*_):
        raise Slow()
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(5)
    try:
        return {"text": template.render(messages=case["messages"], tools=case.get("tools"), documents=case.get("documents"), add_generation_prompt=case["addGenerationPrompt"], **case["variables"])}
    except Slow:
        return None
    except Exception as error:
        return {"error": True, "reason": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.alarm(0)


ADDRESS = re.compile(r"0x[0-9a-f]{6,}|<generator|<function|<built-in|<bound method|<Macro|<class '|jinja2\.|<LoopContext|<method|dict_(items|keys|values)\(")


def main():
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    print(json.dumps({"now": NOW.isoformat()}))
    for path in sorted(folder.rglob("*.jinja")):
        text = path.read_bytes().decode()
        name = str(path.relative_to(folder))
        try:
            template = chat_template_utils._compile_jinja_template(text)
        except Exception as error:
            print(json.dumps({"template": name, "messages": [], "malformed": True, "error": True, "reason": str(error)[:200]}))
            continue
        template.globals["strftime_now"] = NOW.strftime
        source = Source(template.environment, text)
        for index in range(count):
            case = Conversations(f"{seed} {name} {index}", source).case()
            answered = answer(template, copy.deepcopy(case))
            if answered is not None and not ADDRESS.search(answered.get("text", "")):
                print(json.dumps({"template": name, **case, **answered}))


main()

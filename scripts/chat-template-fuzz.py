"""Random Jinja programs and what Python's Jinja2 makes of them, in the environment that transformers makes for chat templates.

    python scripts/chat-template-fuzz.py COUNT SEED [LONGEST] > FILE        then: scripts/chat-template-fuzz.ts FILE

fixtures/random.jsonl of packages/tokenizer/src/chat-template is 300 2025 500.

needs jinja2==3.1.6 and transformers. One JSON array a line, [program, text], where null means that Python raises. Programs whose text holds an address
of the interpreter are left out. The variables are those of `VARIABLES`, written in the first line.
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

warnings.simplefilter("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import jinja2
from transformers.utils import chat_template_utils

assert jinja2.__version__ == "3.1.6", jinja2.__version__
NOW = datetime.datetime(2025, 3, 9, 16, 5, 7)
VARIABLES = {
    "s": "Hello, World",
    "uni": "Gr\u00fc\u00dfe \u4e16\u754c \U0001f600 \u01c6 \u0391\u03a3 \ufb01",
    "esc": "a<b> & \"q\" 'p' \\ \n\t\x07\x7f\u200b\u2028\u00e9",
    "users": [
        {"name": "Zoe", "age": 31, "tags": ["a", "b"], "city": {"zip": 3}},
        {"name": "adam", "age": 25, "tags": [], "city": {"zip": 1}},
        {"name": "Bob", "age": 31, "admin": True, "city": {"zip": 2}},
    ],
    "messages": [
        {"role": "system", "content": "  Be brief.\n"},
        {"role": "user", "content": "What is 2 < 3 & why?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"x": 1.5, "y": [1, None, "\u00e9"]}}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"r\": true}"},
        {"role": "user", "content": [{"type": "text", "text": "a\nb"}, {"type": "image"}]},
        {"role": "assistant", "content": "<think>hm\n</think>\n\nBecause.", "reasoning_content": "hm"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d \"q\"", "parameters": {"type": "object", "properties": {"x": {"type": "number", "default": 1.5}, "y": {"enum": ["a", "b"], "type": ["string", "null"]}}, "required": ["x"], "items": None}}}],
    "n": 7,
    "f": 2.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": {},
    "d": {"b": 1, "a": "x", "C": None, "items": [1, 2], "k y": {"deep": [True, -0.0]}},
    "nums": [3, 1, 2, 10, -4],
}


class R(random.Random):
    def one(self, *options):
        return self.choice(options)


class Generator:
    """Expressions by the type that they probably have; now and then of another."""

    def __init__(self, seed):
        self.r = R(seed)
        self.names = {"str": ["s", "uni", "esc"], "int": ["n"], "float": ["f"], "bool": ["yes", "no"], "list": ["users", "messages", "tools", "nums"], "dict": ["d", "empty"], "any": ["nothing", "undef", "mystery"]}
        self.macros = []
        self.namespaces = []
        self.loops = 0

    def expr(self, kind, depth):
        r = self.r
        if r.random() < 0.04:
            kind = r.one("str", "int", "float", "bool", "list", "dict", "any")
        if depth <= 0 or r.random() < 0.15:
            return self.atom(kind)
        text = getattr(self, "make_" + kind)(depth - 1)
        return "(" + text + ")" if r.random() < 0.5 else text

    def sub(self, kind, depth):
        text = self.expr(kind, depth)
        return text if re.fullmatch(r"[\w.]+|\(.*\)|'[^']*'", text, re.S) and not text[0].isdigit() and text.count("(") <= 1 else "(" + text + ")"

    def atom(self, kind):
        r = self.r
        if r.random() < 0.45 and self.names[kind]:
            return r.choice(self.names[kind])
        if kind == "str":
            return r.one("''", "'abc'", '"it\'s"', "'a,b,,c'", "' x '", "'\\n'", "'%s'", "'\\u00e9\\t'", "'aAbB'", "'12'", "'-3.5e1'", "'<|im_start|>'", "'Title Case words'", "'\u4e16\u754c'", "'line1\\nline2\\r\\n'", "users[0].name", "messages[1]['content']", "messages[0].role", "'a' 'b'", "'{}-{}'")
        if kind == "int":
            return r.one("0", "1", "2", "-1", "3", "7", "10", "100", "12345678901234567890", "1_000", "users[0].age", "0x1f", "0b11", "nums[0]")
        if kind == "float":
            return r.one("0.0", "1.5", "-0.5", "2.675", "1e3", "1e22", "1.0", "1e-7", "0.1", "100.25", "3.0")
        if kind == "bool":
            return r.one("true", "false", "True", "False")
        if kind == "list":
            return r.one("[]", "[1, 2, 3]", "['b', 'A', 'c']", "[1, 'x', none, 2.5]", "(1, 2)", "('a',)", "[[1, 2], [3]]", "range(4)", "[true, 0, 1.0]", "users[0].tags", "()")
        if kind == "dict":
            return r.one("{}", "{'a': 1}", "{'b': 1, 'a': 'x', 'C': none}", "{1: 'one', 2.5: [true]}", "users[0]", "messages[2]", "tools[0]", "tools[0].function.parameters", "{'x': {'y': [1]}}", "dict(a=1, b='c')", "users[2].city")
        return r.one("none", "None", "undef", "users[5]", "d.zzz", "messages[2].content")

    def any(self, depth):
        return self.expr(self.r.one("str", "str", "int", "float", "bool", "list", "dict", "any"), depth)

    def make_any(self, depth):
        r = self.r
        return r.one(
            lambda: f"{self.sub('list', depth)}[{self.expr('int', 0)}]",
            lambda: f"{self.sub('list', depth)}|{r.one('first', 'last', 'max', 'min', 'sum')}",
            lambda: f"{self.sub('dict', depth)}.{r.one('a', 'b', 'name', 'items', 'x', 'role', 'get', 'nope')}",
            lambda: f"{self.sub('dict', depth)}[{self.expr('str', 0)}]",
            lambda: f"{self.sub('dict', depth)}.get({self.expr('str', 0)}{r.one('', ', ' + self.any(0))})",
            lambda: f"{self.any(depth)} if {self.expr('bool', depth)}{r.one('', ' else ' + self.any(depth))}",
            lambda: f"{self.any(depth)} {r.one('or', 'and')} {self.any(depth)}",
            lambda: f"{self.sub('any', depth)}|{r.one('default', 'd')}({self.any(0)}{r.one('', ', true', ', boolean=true')})",
            lambda: self.any(depth),
        )()

    def make_str(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        return r.one(
            lambda: f"{self.any(depth)} ~ {self.any(depth)}",
            lambda: f"{expr('str', depth)} + {expr('str', depth)}",
            lambda: f"{sub('str', depth)} * {r.one('0', '2', '3', '-1')}",
            lambda: f"{sub('str', depth)}.{r.one('upper', 'lower', 'title', 'capitalize', 'swapcase', 'strip', 'lstrip', 'rstrip', 'casefold')}()",
            lambda: f"{sub('str', depth)}.{r.one('strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix')}({expr('str', 0)})",
            lambda: f"{sub('str', depth)}.replace({expr('str', 0)}, {expr('str', 0)}{r.one('', ', ' + expr('int', 0))})",
            lambda: f"{sub('str', depth)}.{r.one('ljust', 'rjust', 'center', 'zfill', 'expandtabs')}({r.one('0', '5', '12', '20')})",
            lambda: f"{sub('str', depth)}.{r.one('ljust', 'rjust', 'center')}({r.one('5', '12', '20')}, {r.one(chr(39) + '*' + chr(39), chr(39) + 'é' + chr(39))})",
            lambda: f"{sub('str', depth)}.join({sub('list', depth)}{r.one('', '|map(' + chr(39) + 'string' + chr(39) + ')')})",
            lambda: f"{self.any(depth)}|{r.one('string', 'upper', 'lower', 'title', 'capitalize', 'trim', 'e', 'escape', 'safe', 'forceescape', 'striptags', 'urlencode', 'tojson', 'wordcount', 'xmlattr', 'indent')}",
            lambda: f"{self.any(depth)}|tojson({self.tojson_options()})",
            lambda: f"{sub('str', depth)}|{r.one('replace', 'replace')}({expr('str', 0)}, {expr('str', 0)}{r.one('', ', 1', ', count=2')})",
            lambda: f"{sub('str', depth)}|trim({expr('str', 0)})",
            lambda: f"{sub('str', depth)}|indent({r.one('2', '4, true', '2, first=true', 'width=3', chr(39) + '> ' + chr(39), '2, false, true', 'blank=true')})",
            lambda: f"{sub('str', depth)}|center({r.one('5', '20', 'width=9')})",
            lambda: f"{sub('str', depth)}|truncate({r.one('5', '9, true', '7, false, ' + chr(39) + '~' + chr(39), '3, true, ' + chr(39) + chr(39) + ', 0', 'length=8')})",
            lambda: f"{sub('str', depth)}|wordwrap({r.one('5', '3, false', '8, true, ' + chr(39) + '|' + chr(39), '10, break_on_hyphens=false')})",
            lambda: f"{sub('list', depth)}|join({r.one('', expr('str', 0), expr('str', 0) + ', attribute=' + chr(39) + 'name' + chr(39))})",
            lambda: f"{sub('list', depth)}|map({r.one(chr(39) + 'string' + chr(39), chr(39) + 'tojson' + chr(39), chr(39) + 'upper' + chr(39))})|join({expr('str', 0)})",
            lambda: f"{sub('str', depth)}{self.slice()}",
            lambda: f"{sub('str', depth)}[{expr('int', 0)}]",
            lambda: self.percent(depth),
            lambda: self.format(depth),
            lambda: f"{sub('str', depth)}.{r.one('split', 'rsplit')}({r.one('', expr('str', 0))})[{r.one('0', '-1', '1')}]",
            lambda: f"{sub('str', depth)}.{r.one('partition', 'rpartition')}({expr('str', 0)})[{r.one('0', '-1', '1')}]",
            lambda: f"{sub('str', depth)}|{r.one('first', 'last', 'reverse')}",
            lambda: f"strftime_now('{r.one('%Y-%m-%d', '%d %b %Y', '%A %B %-d %H:%M:%S %p', '%j %y %I %% %U', '%c', '%x %X')}')",
            lambda: f"{sub('float', depth)}|filesizeformat{r.one('', '(true)')}",
            lambda: f"{r.choice(self.macros)}({r.one('', self.any(0), self.any(0) + ', b=' + self.any(0), 'a=' + self.any(0))})" if self.macros else "'m'",
            lambda: f"caller({r.one('', self.any(0))})" if self.macros and r.random() < 0.3 else "'c'",
        )()

    def tojson_options(self):
        r = self.r
        options = [r.one("indent=2", "indent=4", "indent=0", "indent='\\t'", "indent=none"), r.one("ensure_ascii=true", "ensure_ascii=false"), r.one("sort_keys=true", "sort_keys=false"), r.one("separators=(',', ':')", "separators=(', ', ': ')", "separators=[';', '=']")]
        r.shuffle(options)
        return ", ".join(options[: r.randrange(4)])

    def slice(self):
        part = lambda: self.r.one("", "", "0", "1", "2", "-1", "-2", "5", "100", "-100", "none")
        return f"[{part()}:{part()}{self.r.one('', '', ':' + self.r.one('', '1', '2', '-1', '-2', '0'))}]"

    def percent(self, depth):
        r = self.r
        spec = lambda: "%" + r.one("", "-", "0", "+", " ", "#", "-0", "+0") + r.one("", "", "5", "10") + r.one("", "", ".0", ".2", ".10") + r.one("s", "r", "d", "i", "f", "e", "g", "x", "X", "o", "c", "a", "G", "E", "%")
        specs = [spec() for _ in range(r.randrange(1, 3))]
        values = [self.expr(r.one("int", "float", "str", "any", "list"), 0) for s in specs if s[-1] != "%"]
        given = f"({', '.join(values)}{',' if len(values) == 1 else ''})" if r.random() < 0.8 else self.any(0)
        text = "'" + r.one(" ", "|", "").join(specs) + "'"
        if r.random() < 0.3:
            return f"{text}|format({', '.join(values)})"
        return f"{text} % {given}"

    def format(self, depth):
        r = self.r
        def spec():
            if r.random() < 0.4:
                return ""
            return ":" + r.one("", "", "<", ">", "^", "=", "*^", "0>") + r.one("", "", "+", " ", "-") + r.one("", "", "#") + r.one("", "0") + r.one("", "6", "12") + r.one("", "", ",", "_") + r.one("", "", ".0", ".2", ".7") + r.one("", "", "s", "d", "f", "e", "g", "x", "b", "o", "%", "n", "c", "F", "G", "E", "X")
        fields = [r.one("", "0", "1", "a", "a.x", "0[name]", "a[0]", "b") for _ in range(r.randrange(1, 3))]
        body = r.one("", " ", "{{}}").join("{" + f + r.one("", "", "!r", "!s", "!a") + spec() + "}" for f in fields)
        args = [self.expr(r.one("int", "float", "str", "any", "list", "dict", "bool"), 0) for _ in range(r.randrange(1, 3))]
        return f"'{body}'.format({', '.join(args + r.one([], ['a=' + self.any(0)], ['a=' + self.any(0), 'b=' + self.any(0)]))})"

    def make_int(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        return r.one(
            lambda: f"{expr('int', depth)} {r.one('+', '-', '*', '//', '%')} {expr('int', depth)}",
            lambda: f"{sub('int', depth)} ** {r.one('0', '1', '2', '3')}",
            lambda: f"-{sub('int', depth)}",
            lambda: f"{self.sub(r.one('list', 'str', 'dict'), depth)}|{r.one('length', 'count')}",
            lambda: f"{sub(r.one('str', 'float', 'any', 'bool'), depth)}|int{r.one('', '(9)', '(default=-1)', '(0, 16)', '(base=0)')}",
            lambda: f"{sub('int', depth)}|abs",
            lambda: f"{sub('str', depth)}.{r.one('find', 'rfind', 'index', 'count', 'rindex')}({expr('str', 0)}{r.one('', ', 1', ', 0, -1')})",
            lambda: f"{sub('list', depth)}.{r.one('index', 'count')}({self.any(0)})",
            lambda: f"{sub('list', depth)}|sum{r.one('', '(start=5)', '(attribute=' + chr(39) + 'age' + chr(39) + ')')}",
            lambda: f"{sub('str', depth)}|wordcount",
            lambda: r.one("loop.index", "loop.index0", "loop.revindex", "loop.revindex0", "loop.length", "loop.depth", "loop.depth0") if self.loops else "n",
        )()

    def make_float(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        return r.one(
            lambda: f"{expr(r.one('int', 'float'), depth)} / {expr(r.one('int', 'float'), depth)}",
            lambda: f"{expr('float', depth)} {r.one('+', '-', '*', '//', '%')} {expr(r.one('int', 'float', 'bool'), depth)}",
            lambda: f"{sub('float', depth)}|round{r.one('', '(1)', '(2)', '(0, ' + chr(39) + 'floor' + chr(39) + ')', '(1, ' + chr(39) + 'ceil' + chr(39) + ')', '(-1)', '(precision=3)')}",
            lambda: f"{sub(r.one('str', 'int', 'any'), depth)}|float{r.one('', '(1.5)', '(default=0.25)')}",
            lambda: f"{sub('float', depth)}|abs",
            lambda: f"{sub('float', depth)} ** {r.one('2', '3', '-1')}",
            lambda: f"-{sub('float', depth)}",
        )()

    def make_bool(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        same = r.one("int", "float", "str", "list", "any")
        test = lambda: r.one("defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "callable", "true", "false", "odd", "even", "lower", "upper", "divisibleby 2", "divisibleby(3)", "sameas none", "eq 1", "equalto 'abc'", "ne 'a'", "lt 3", "gt(2)", "ge 1", "le 2", "in [1, 2, 'abc']", "escaped", "filter", "test", "== 2", "greaterthan 1")
        return r.one(
            lambda: f"{expr(same, depth)} {r.one('==', '!=', '<', '>', '<=', '>=')} {expr(same, depth)}",
            lambda: f"{expr('int', depth)} {r.one('<', '<=')} {expr('int', depth)} {r.one('<', '>', '!=', '==')} {expr(r.one('int', 'float'), depth)}",
            lambda: f"not {expr('bool', depth)}",
            lambda: f"{expr('bool', depth)} {r.one('and', 'or')} {expr('bool', depth)}",
            lambda: f"{expr('str', depth)} {r.one('in', 'not in')} {expr('str', depth)}",
            lambda: f"{self.any(depth)} {r.one('in', 'not in')} {self.sub(r.one('list', 'dict'), depth)}",
            lambda: f"{self.sub(r.one('str', 'int', 'any', 'list', 'dict', 'float'), depth)} is {r.one('', '', 'not ')}{test()}",
            lambda: f"{sub('str', depth)}.{r.one('startswith', 'endswith')}({r.one(expr('str', 0), '(' + chr(39) + 'a' + chr(39) + ', ' + expr('str', 0) + ')')})",
            lambda: f"{sub('str', depth)}.{r.one('isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower', 'istitle', 'isnumeric', 'isdecimal', 'isidentifier', 'isascii', 'isprintable')}()",
            lambda: r.one("loop.first", "loop.last", "loop.changed(loop.index // 2)", "loop.previtem is defined", "loop.nextitem is defined") if self.loops else "yes",
        )()

    def make_list(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        q = lambda text: chr(39) + text + chr(39)
        attribute = lambda: r.one("name", "age", "role", "city.zip", "tags", "content", "nope", "0", "tags.0")
        condition = lambda: r.one("", ", 'defined'", ", 'none'", ", 'equalto', 31", ", 'eq', 'user'", ", 'in', ['Zoe', 'user', 31]", ", 'string'", ", 'gt', 2", ", 'undefined'", ", '!=', 'tool'")
        test = lambda: r.one("'odd'", "'string'", "'none'", "'defined'", "'number'", "'gt', 1", "'in', [1, 'b']", "'mapping'", "'equalto', 1", "")
        return r.one(
            lambda: f"[{', '.join(self.any(depth) for _ in range(r.randrange(4)))}]",
            lambda: f"({self.any(depth)}, {self.any(depth)})",
            lambda: f"{sub('list', depth)} + {sub('list', depth)}",
            lambda: f"{sub('list', depth)} * {r.one('0', '2', '-1')}",
            lambda: f"{sub('list', depth)}{self.slice()}",
            lambda: f"{sub('str', depth)}.{r.one('split', 'rsplit')}({r.one('', expr('str', 0), expr('str', 0) + ', 1', 'none, 1')})",
            lambda: f"{sub('str', depth)}.splitlines({r.one('', 'true')})",
            lambda: f"{sub('str', depth)}|list",
            lambda: f"{sub('dict', depth)}.{r.one('items', 'keys', 'values')}(){r.one('', '|list')}",
            lambda: f"{sub('dict', depth)}|{r.one('dictsort', 'items', 'list', 'dictsort(true)', 'dictsort(reverse=true)', 'dictsort(by=' + q('value') + ')')}{r.one('', '|list')}",
            lambda: f"{sub('list', depth)}|{r.one('sort', 'sort(reverse=true)', 'sort(case_sensitive=true)', 'sort(attribute=' + q(attribute()) + ')', 'reverse|list', 'unique|list', 'list')}",
            lambda: f"{sub('list', depth)}|map(attribute={q(attribute())}{r.one('', ', default=' + self.any(0))})|list",
            lambda: f"{sub('list', depth)}|map('{r.one('upper', 'length', 'string', 'int', 'trim', 'tojson', 'first', 'list', 'abs', 'title')}')|list",
            lambda: f"{sub('list', depth)}|map('{r.one('default', 'replace', 'join')}', {self.any(0)}{r.one('', ', ' + self.any(0))})|list",
            lambda: f"{sub('list', depth)}|map('{r.one('indent', 'round', 'truncate', 'center')}', {r.one('1', '2', '8')})|list",
            lambda: f"{sub('list', depth)}|{r.one('selectattr', 'rejectattr')}({q(attribute())}{condition()})|list",
            lambda: f"{sub('list', depth)}|{r.one('select', 'reject')}({test()})|list",
            lambda: f"{sub('list', depth)}|{r.one('batch', 'slice')}({r.one('2', '3', '2, 0', '3, fill_with=none')})|list",
            lambda: f"{sub('list', depth)}|groupby({q(r.one('age', 'role', 'type'))}{r.one('', ', default=1')})|{r.one('list', 'map(' + q('first') + ')|list', 'map(attribute=' + q('list') + ')|map(' + q('length') + ')|list')}",
            lambda: f"range({r.one('3', '1, 5', '5, 0, -2', '0', 'n', '2, 9, 3')}){r.one('', '|list')}",
            lambda: f"{sub('list', depth)}|unique(attribute={q(attribute())})|list",
        )()

    def make_dict(self, depth):
        r = self.r
        sub, expr = self.sub, self.expr
        return r.one(
            lambda: "{" + ", ".join(f"{self.expr(r.one('str', 'str', 'str', 'int', 'float', 'bool'), 0)}: {self.any(depth)}" for _ in range(r.randrange(4))) + "}",
            lambda: f"dict({expr('dict', depth)}{r.one('', ', z=' + self.any(0))})",
            lambda: f"dict(a={self.any(depth)})",
            lambda: f"dict({sub('dict', depth)}|dictsort)",
            lambda: f"{r.one('users', 'messages', 'tools')}[{r.one('0', '-1', '1')}]",
            lambda: f"{r.one('users', 'messages')}|selectattr('{r.one('name', 'role', 'tool_calls')}', 'defined')|first",
        )()

    # statements
    def open(self):
        return "{%" + self.r.one("", "", "", "-", "-", "+")

    def close(self):
        return self.r.one("", "", "", "-", "-") + "%}"

    def tag(self, text):
        space = self.r.one(" ", " ", " ", "", "\n ", "  ")
        return self.open() + (space or " ") + text + (space or " ") + self.close()

    def text(self):
        return self.r.one("", "", "x", " ", "\n", "  \n", "\n\n", "<|im_start|>", "a b\n", "\t", "  y", "\r\n", "{", "}", "%", "# c", " \n  z \n", "{# note #}", "{#- n -#}", "  {# n #}\n", "\u00e9", "{{ '{%' }}", "- ")

    def out(self, depth):
        return "{{" + self.r.one("", "", "-") + " " + self.any(depth) + " " + self.r.one("", "", "-") + "}}"

    def body(self, depth):
        return "".join(self.text() + self.statement(depth) for _ in range(self.r.randrange(1, 4))) + self.text()

    def scoped(self, depth, **names):
        """A body that may read further names."""
        kept = copy.deepcopy((self.names, self.macros, self.namespaces, self.loops))
        for kind, name in names.items():
            self.names[kind].extend(name)
        text = self.body(depth)
        self.names, self.macros, self.namespaces, self.loops = kept
        return text

    def statement(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.4:
            return self.out(r.randrange(1, 4))
        kinds = ["if", "if", "for", "for", "for", "set", "set", "set", "block", "macro", "call", "filter", "ns", "with", "raw", "generation", "control", "recursive", "print", "raise", "namedblock", "pairs", "cycler"]
        return getattr(self, "st_" + r.choice(kinds))(depth - 1)

    def st_if(self, depth):
        r = self.r
        text = self.tag("if " + self.any(2)) + self.scoped(depth)
        for _ in range(r.one(0, 0, 1, 2)):
            text += self.tag("elif " + self.expr("bool", 2)) + self.scoped(depth)
        if r.random() < 0.5:
            text += self.tag("else") + self.scoped(depth)
        return text + self.tag("endif")

    def st_for(self, depth):
        r = self.r
        name = r.one("x", "item", "message", "u")
        condition = r.one("", "", "", f" if {name}", f" if {name} is string", f" if {name}.role is defined", " if " + self.expr("bool", 1))
        self_loops = self.loops
        text = self.tag(f"for {name} in {self.expr('list', 2)}{condition}")
        self.loops += 1
        text += self.scoped(depth, **{r.one("str", "any", "dict", "int"): [name], "any": ["loop", name]})
        self.loops = self_loops
        if r.random() < 0.25:
            text += self.tag("else") + self.scoped(depth)
        return text + self.tag("endfor")

    def st_pairs(self, depth):
        r = self.r
        text = self.tag(f"for k, v in {self.expr('dict', 1) if r.random() < 0.1 else self.sub('dict', 2) + r.one('.items()', '|items', '|dictsort')}")
        self.loops += 1
        text += self.scoped(depth, str=["k"], any=["v"])
        self.loops -= 1
        return text + self.tag("endfor")

    def st_recursive(self, depth):
        kids = self.r.one("[[1, [2]], 3]", "[['a', ['b', ['c']]], 'd']", "nums", "[[], [[]]]")
        return self.tag(f"for x in {kids} recursive") + "{{ loop.depth }}{{ '(' ~ loop(x) ~ ')' if x is iterable and x is not string else x }}" + self.r.one("", "{{ loop.index }}", "{{ loop.last }}") + self.tag("endfor")

    def st_set(self, depth):
        r = self.r
        kind = r.one("str", "int", "float", "bool", "list", "dict", "any")
        name = r.one("v1", "v2", "v3", "s", "n", "d")
        if r.random() < 0.15:
            text = self.tag(f"set {name}, w = {self.any(1)}, {self.any(1)}")
            self.names["any"] += [name, "w"]
            return text
        text = self.tag(f"set {name} = {self.expr(kind, 3)}")
        for names in self.names.values():
            while name in names:
                names.remove(name)
        self.names[kind].append(name)
        return text

    def st_block(self, depth):
        r = self.r
        name = r.one("b1", "b2")
        text = self.tag(f"set {name}{r.one('', '', ' | upper', ' | trim', ' | replace(' + chr(39) + 'a' + chr(39) + ', 1)', ' | indent(2) | length')}") + self.scoped(depth) + self.tag("endset")
        self.names["str"].append(name)
        return text

    def st_macro(self, depth):
        r = self.r
        name = r.one("m1", "m2")
        signature = r.one("", "a", "a, b", "a, b=1", "a='q', b=none", "a, b=a")
        text = self.tag(f"macro {name}({signature})")
        loops, self.loops = self.loops, 0
        text += self.scoped(depth, any=["a", "b"], list=["varargs"] if r.random() < 0.3 else [], dict=["kwargs"] if r.random() < 0.3 else [])
        self.loops = loops
        text += self.tag(r.one("endmacro", "endmacro"))
        self.macros.append(name)
        return text

    def st_call(self, depth):
        if not self.macros:
            return self.st_macro(depth)
        r = self.r
        return self.tag(f"call{r.one('', '(q)', '(q=2)')} {r.choice(self.macros)}({r.one('', self.any(0), self.any(0) + ', ' + self.any(0))})") + self.scoped(depth, any=["q"]) + self.tag("endcall")

    def st_filter(self, depth):
        r = self.r
        return self.tag(f"filter {r.one('upper', 'trim', 'indent(2)', 'replace(' + chr(39) + 'a' + chr(39) + ', ' + chr(39) + 'b' + chr(39) + ')', 'title', 'upper | trim', 'length', 'tojson', 'e')}") + self.scoped(depth) + self.tag("endfilter")

    def st_ns(self, depth):
        r = self.r
        if not self.namespaces or r.random() < 0.3:
            name = r.one("ns", "ns2")
            self.namespaces.append(name)
            self.names["any"].append(f"{name}.v")
            return self.tag(f"set {name} = namespace({r.one('', 'v=0', 'v=' + self.any(1), 'v=false, w=[]')})")
        name = r.choice(self.namespaces)
        return self.tag(f"set {name}.{r.one('v', 'w', 'v')} = {r.one(self.any(2), name + '.v + 1', name + '.v ~ ' + chr(39) + 'x' + chr(39), name + '.w + [' + self.any(0) + ']')}")

    def st_with(self, depth):
        return self.tag(f"with {self.r.one('', 'p = ' + self.any(1), 'p = ' + self.any(1) + ', q = ' + self.any(1))}") + self.scoped(depth, any=["p", "q"]) + self.tag("endwith")

    def st_raw(self, depth):
        return self.tag("raw") + self.r.one("{{ x }}", " {% if %}\n", "plain", "\n  a  \n") + self.tag("endraw")

    def st_generation(self, depth):
        loops, self.loops = self.loops, 0
        text = self.tag("generation") + self.scoped(depth) + self.tag("endgeneration")
        self.loops = loops
        return text

    def st_control(self, depth):
        if not self.loops:
            return self.st_for(depth)
        r = self.r
        return self.tag("if " + r.one("loop.index > 1", "loop.first", self.expr("bool", 1))) + self.text() + self.tag(r.one("break", "continue")) + self.tag("endif")

    def st_print(self, depth):
        return self.tag(f"print {self.any(2)}{self.r.one('', ', ' + self.any(1))}")

    def st_raise(self, depth):
        return self.tag("if " + self.r.one("false", "messages[0].role != 'system'", self.expr("bool", 2))) + "{{ raise_exception('no ' ~ n) }}" + self.tag("endif")

    def st_namedblock(self, depth):
        name = f"blk{self.r.randrange(10**6)}"
        loops, self.loops = self.loops, 0
        text = self.tag(f"block {name}{self.r.one('', ' scoped')}") + self.scoped(depth) + self.tag("endblock")
        self.loops = loops
        return text

    def st_cycler(self, depth):
        return self.r.one("{{ loop.cycle('a', 'b', 3) }}" if self.loops else "{{ cycler(1, 2).next() }}", "{% set j = joiner('; ') %}{{ j() }}{{ j() }}", "{{ loop.cycle() }}" if self.loops else "")


class Slow(Exception):
    pass


def answer(environment, source):
    def stop(*_):
        raise Slow()
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(5)
    try:
        return environment.from_string(source).render(**copy.deepcopy(VARIABLES))
    except Slow:
        return 0
    except Exception:
        return None
    finally:
        signal.alarm(0)


def environment():
    made = chat_template_utils._compile_jinja_template("").environment
    made.globals["strftime_now"] = NOW.strftime
    return made


ADDRESS = re.compile(r"\dj\)|0x[0-9a-f]{6,}|generator object|<function|<built-in|<bound|<Macro|<class |<jinja2|jinja2\.|<method|<LoopContext|<TemplateReference|<Cycler|namespace\(|<Namespace", re.I)


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    longest = int(sys.argv[3]) if len(sys.argv) > 3 else 4000
    env = environment()
    print(json.dumps({"variables": VARIABLES, "now": NOW.isoformat()}))
    written = 0
    errors = 0
    index = 0
    while written < count:
        index += 1
        generator = Generator(seed * 1_000_003 + index)
        source = generator.body(generator.r.randrange(1, 4))
        if len(source) > longest:
            continue
        text = answer(env, source)
        if text == 0 or (text is not None and (ADDRESS.search(text) or len(text) > 5 * longest)):
            continue
        if text is None and errors > written * 0.3:
            continue  # what raises is easy to agree on
        errors += text is None
        written += 1
        print(json.dumps([source, text]))


main()

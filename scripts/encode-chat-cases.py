"""Random conversations through transformers' own `apply_chat_template`, from tokenizer_config.json to ids and assistant masks:

    python scripts/encode-chat-cases.py COUNT SEED TEMPLATE.jinja ... > FILE        then: scripts/encode-chat-check.ts FILE

needs transformers 5.24 and jinja2 3.1.6. The first line is the tokenizer.json; then a case a line. Texts hold no control tokens: what those become in a message differs on purpose.
"""
import datetime
import json
import os
import random
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

NOW = datetime.datetime(2025, 3, 9, 16, 5, 7)
SPECIAL = ["<s>", "</s>", "<unk>", "<pad>", "<sep>", "<cls>", "<mask>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "[INST]", "[/INST]", "<|image|>"]


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat_template_utils.datetime = Clock


def tokenizer_json() -> str:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    corpus = ["the user and the assistant said: hello, what is the weather in Paris today? system tool function <think>"] * 3
    made.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=340, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return made.to_str()


def config(r: random.Random) -> dict:
    one: dict = {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": True}
    for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"):
        if r.random() < 0.6:
            token = r.choice(SPECIAL[:10])
            whole = {"__type": "AddedToken", "content": token, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
            one[name + "_token"] = whole if r.random() < 0.3 else token
        elif r.random() < 0.3:
            one[name + "_token"] = None
    if r.random() < 0.3:
        one["image_token"] = "<|image|>"
    if r.random() < 0.3:
        one["extra_special_tokens"] = {"boi_token": "<|image|>", "video": "<mask>"} if r.random() < 0.6 else ["<sep>"]
    elif r.random() < 0.3:
        one["additional_special_tokens"] = ["<|im_start|>"]
    return one


def words(r: random.Random) -> str:
    text = " ".join(r.choice(["hello", "what", "is", "the", "weather", "\u00fcber", "\u65e5\u672c", "\U0001f600", "a<b", "{{x}}", "\n", "1.5", "", "don't"]) for _ in range(r.randint(0, 6)))
    return r.choice(["", " ", "\n"]) + text + r.choice(["", " ", "\n\n", "?"])


def message(r: random.Random, role: str) -> dict:
    one: dict = {"role": role, "content": words(r)}
    if role == "assistant":
        for name in ("reasoning_content", "thinking", "reasoning"):
            if r.random() < 0.15:
                one[name] = r.choice([words(r), None])
        if r.random() < 0.2:
            one["tool_calls"] = [{"type": "function", "id": "abcdefghi", "function": {"name": "weather", "arguments": {"city": words(r), "n": 3}}}]
            if r.random() < 0.5:
                one["content"] = r.choice([None, ""])
        elif r.random() < 0.1:
            one["tool_calls"] = None
    if r.random() < 0.08:
        one["content"] = [{"type": "text", "text": words(r)}, {"type": "text", "text": words(r)}]
    if role == "tool":
        one["tool_call_id"] = "abcdefghi"
        one["name"] = r.choice(["weather", None])
    return one


def case(r: random.Random, template: str) -> dict:
    messages = [message(r, "system")] if r.random() < 0.5 else []
    for _ in range(r.randint(1, 3)):
        messages += [message(r, "user"), message(r, "assistant")]
        if messages[-1].get("tool_calls"):
            messages.append(message(r, "tool"))
    if r.random() < 0.4:
        messages.pop()
    one: dict = {"config": config(r), "template": template, "messages": messages}
    if r.random() < 0.3:
        one["tools"] = [{"type": "function", "function": {"name": "weather", "description": words(r), "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
    if r.random() < 0.15:
        one["documents"] = [{"title": words(r), "text": words(r)}]
    if messages[-1]["role"] == "assistant" and r.random() < 0.5:
        one["continueFinalMessage"] = r.choice([True, True, "reasoning_content", "thinking"])
    else:
        one["addGenerationPrompt"] = r.random() < 0.5
    if r.random() < 0.3:
        one["variables"] = r.choice([{"enable_thinking": False}, {"enable_thinking": True}, {"date_string": "1 May"}, {"bos_token": "B"}])
    return one


def main() -> None:
    count, seed, files = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    sources = [open(file, encoding="utf-8").read() for file in files]
    # What the templates of others rarely name, all at once.
    sources.append("{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ sep_token }}{{ pad_token }}{{ cls_token }}{{ mask_token }}{{ image_token }}{{ boi_token }}{{ video }}|{{ add_bos_token }}{{ additional_special_tokens }}{{ extra_special_tokens }}"
                   "{% for m in messages %}{% for k in m %}{{ k }},{% endfor %}{{ m.thinking }};{{ m.reasoning_content }};{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{{ strftime_now('%d %b') }}")
    r = random.Random(seed)
    json_text = tokenizer_json()
    print(json.dumps({"tokenizer": json_text, "now": NOW.isoformat()}))
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/tokenizer.json", "w") as file:
            file.write(json_text)
        for i in range(count):
            one = case(r, sources[i % len(sources)])
            with open(folder + "/tokenizer_config.json", "w") as file:
                json.dump(one["config"], file)
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
            options = dict(tools=one.get("tools"), documents=one.get("documents"), chat_template=one["template"], **one.get("variables", {}))
            options["continue_final_message"] = one.get("continueFinalMessage", False)
            options["add_generation_prompt"] = one.get("addGenerationPrompt", False)
            try:
                masked = not options["continue_final_message"]
                out = tokenizer.apply_chat_template(one["messages"], return_dict=True, return_assistant_tokens_mask=masked, **options)
                one["text"] = tokenizer.apply_chat_template(one["messages"], tokenize=False, **options)
                one["ids"] = list(out["input_ids"])
                if masked:
                    one["mask"] = list(out["assistant_masks"])
            except Exception as error:
                one["error"] = f"{type(error).__name__}: {error}"[:200]
            print(json.dumps(one))


main()

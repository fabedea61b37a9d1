"""Samples stories from an exported model with transformers; stories are parted by a line ---.

    sample.py --model models/stories --count 200 --temperature 0.8 [--top-p 1] --seed 1 --out samples.txt [--prompt TEXT]
"""
import argparse

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--temperature", type=float, default=0.8, help="0: greedy")
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    ids = tokenizer(options.prompt, return_tensors="pt").input_ids
    assert ids[0, 0] == tokenizer.bos_token_id, "tokenizer: expected the story to begin with the end token"
    choice = {"do_sample": True, "temperature": options.temperature, "top_p": options.top_p, "top_k": 0}
    with torch.no_grad():
        out = model.generate(ids.expand(options.count, -1), attention_mask=torch.ones_like(ids).expand(options.count, -1),
                             max_length=448, pad_token_id=1, **(choice if options.temperature > 0 else {"do_sample": False}))
    end = tokenizer.eos_token_id
    with open(options.out, "w", encoding="utf-8") as file:
        for row in out[:, 1:].tolist():
            story = row[: row.index(end) + 1] if end in row else row
            file.write(tokenizer.decode(story, skip_special_tokens=False) + "\n---\n")


if __name__ == "__main__":
    main()

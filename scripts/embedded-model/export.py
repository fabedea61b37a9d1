"""Writes a checkpoint of train.py (or the mean of several) as a Hugging Face directory: config, F16 safetensors, tokenizer.

    export.py --checkpoint run/latest.pt run/final.pt --tokenizer tokenizer.json --out models/stories
"""
import argparse
import json
import os
import shutil

import torch
from safetensors.torch import save_file

from model import CONFIG
from train_tokenizer import SPECIAL


def write_json(path: str, value) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", required=True, nargs="+")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    all_saved = [torch.load(path, map_location="cpu", weights_only=True) for path in options.checkpoint]
    saved = all_saved[-1]
    weights = {name: sum(one["model"][name] for one in all_saved) / len(all_saved) for name in saved["model"]}
    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in weights.items()}
    worst = max(float((tensors[name].float() - tensor).abs().max()) for name, tensor in weights.items())
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise ArithmeticError("weights: expected numbers that F16 can hold, got an overflow")
    save_file(tensors, os.path.join(options.out, "model.safetensors"), metadata={"format": "pt"})
    os.chmod(os.path.join(options.out, "model.safetensors"), 0o644)
    write_json(os.path.join(options.out, "config.json"), CONFIG)
    end = SPECIAL[0]
    write_json(os.path.join(options.out, "generation_config.json"), {
        "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "do_sample": True, "temperature": 0.7, "top_k": 0,
        "top_p": 0.95, "max_length": CONFIG["max_position_embeddings"],
    })
    tokenizer_path = os.path.join(options.out, "tokenizer.json")
    if os.path.abspath(options.tokenizer) != os.path.abspath(tokenizer_path):
        shutil.copyfile(options.tokenizer, tokenizer_path)
    write_json(os.path.join(options.out, "tokenizer_config.json"), {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": end, "eos_token": end, "pad_token": end,
        "add_bos_token": True, "add_eos_token": False, "clean_up_tokenization_spaces": False,
        "model_max_length": CONFIG["max_position_embeddings"],
        "added_tokens_decoder": {
            str(index): {"content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                         "special": True} for index, text in enumerate(SPECIAL)
        },
    })
    print({key: saved[key] for key in ("step", "seconds", "tokens", "bitsPerByte")}, "largest rounding", worst)


if __name__ == "__main__":
    main()

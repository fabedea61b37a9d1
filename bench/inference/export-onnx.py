"""`export-onnx.py MODEL.gguf FOLDER`: the checkpoint as an ONNX model with 4-bit weights that @huggingface/transformers loads.

Its float32 values are saved as a Hugging Face folder, onnxruntime-genai's builder (int4, cpu) makes the graph, and dimension 3 of the cache's inputs and outputs,
which the builder leaves open, is set to the size of a head. Needs torch, transformers, accelerate, gguf, onnx, onnx_ir and onnxruntime-genai.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import onnx
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def dequantised(gguf: str, folder: str) -> int:
    where = {"gguf_file": os.path.basename(gguf)}
    source = os.path.dirname(gguf)
    loaded = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, **where)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, **where).save_pretrained(folder)
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def main(gguf: str, folder: str) -> None:
    target = os.path.join(folder, "onnx")
    os.makedirs(target, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        plain, built = os.path.join(work, "plain"), os.path.join(work, "built")
        head = dequantised(gguf, plain)
        builder = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
        subprocess.run([*builder, "-i", plain, "-o", built, "-p", "int4", "-e", "cpu"], check=True, stdout=sys.stderr)
        model = onnx.load(os.path.join(built, "model.onnx"))
        for value in [*model.graph.input, *model.graph.output]:
            if value.name.startswith(("past_key_values.", "present.")):
                value.type.tensor_type.shape.dim[3].dim_value = head
        onnx.save(
            model,
            os.path.join(target, "model_q4.onnx"),
            save_as_external_data=True,
            location="model_q4.onnx_data",
        )
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(os.path.join(plain, name), folder)
        with open(os.path.join(plain, "config.json")) as file:
            config = json.load(file)
        config["transformers.js_config"] = {"use_external_data_format": {"model_q4.onnx": 1}}
        # Written last: the bench takes the folder for whole when it is there.
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(config, file)


main(sys.argv[1], sys.argv[2])

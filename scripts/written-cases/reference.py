"""Loads what write.ts wrote with transformers (GGUF through gguf-py) and keeps logits and greedy ids as conformance cases.

    pip install torch transformers gguf && python scripts/written-cases/reference.py
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

cases = pathlib.Path(__file__).parents[2] / "conformance/cases/models"
prompts = [[1, 5, 9, 17, 33, 65, 129], [2, 271, 4, 4, 4, 100, 200, 30, 31, 32, 33]]
for folder in sorted(cases.glob("written-*")):
    options = {"gguf_file": "model.gguf"} if (folder / "model.gguf").exists() else {}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", **options).eval()
    out = {}
    for n, prompt in enumerate(prompts):
        ids = torch.tensor([prompt])
        with torch.no_grad():
            out[f"{n}.logits"] = model(ids).logits[0].contiguous()
            greedy, gaps = [], []
            for _ in range(8):
                top = model(ids).logits[0, -1].topk(2)
                greedy.append(int(top.indices[0]))
                gaps.append(float(top.values[0] - top.values[1]))
                ids = torch.cat([ids, top.indices[:1][None]], 1)
        out[f"{n}.ids"] = torch.tensor(prompt, dtype=torch.int32)
        out[f"{n}.greedy"] = torch.tensor(greedy, dtype=torch.int32)
        out[f"{n}.gap"] = torch.tensor(gaps, dtype=torch.float32)
    save_file(out, folder / "cases.safetensors")
    how = "gguf-py dequantised, " if options else ""
    meta = {"source": f"written by Ashlar; {how}transformers {transformers.__version__} float32", "atol": 3e-4, "rtol": 2e-3, "gapTolerance": 1e-3}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(folder.name, out["0.greedy"].tolist(), [round(g, 3) for g in out["0.gap"].tolist()])

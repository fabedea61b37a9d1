#!/usr/bin/env python3
"""Adapters written by peft and the logits they give, and adapters written by us, read by peft:

    python peft_cases.py write DIR          then  node --conditions=@ashlar/source --import tsx conformance/reference/peft-check.ts DIR
    python peft_cases.py read DIR           after it: peft reads what we saved and compares

Needs torch, transformers, peft."""
import json, sys
from pathlib import Path

import peft, torch, transformers
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
mode, folder = sys.argv[1], Path(sys.argv[2])
small = dict(vocab_size=41, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, max_position_embeddings=32, pad_token_id=None, bos_token_id=1, eos_token_id=2)
bases = dict(
    llama=transformers.LlamaConfig(**small, num_key_value_heads=2),
    qwen3=transformers.Qwen3Config(**small, num_key_value_heads=2, head_dim=8),
    phi3=transformers.Phi3Config(**small, num_key_value_heads=2),
    gpt2=transformers.GPT2Config(vocab_size=41, n_embd=16, n_layer=2, n_head=4, n_positions=32, bos_token_id=1, eos_token_id=2, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0),
)
adapters = {
    "llama-plain": ("llama", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
    "llama-all-rs": ("llama", dict(r=3, lora_alpha=6, use_rslora=True, target_modules="all-linear")),
    "llama-patterns": ("llama", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"], rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 6}, alpha_pattern={"v_proj": 3, "model.layers.0.self_attn.q_proj": 5})),
    "llama-patterns-rs": ("llama", dict(r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "o_proj"], rank_pattern={"o_proj": 1}, alpha_pattern={"q_proj": 2})),
    "llama-layers": ("llama", dict(r=2, lora_alpha=2, target_modules=["k_proj", "down_proj"], layers_to_transform=[1])),
    "qwen3-plain": ("qwen3", dict(r=4, lora_alpha=1, target_modules=["q_proj", "o_proj", "gate_proj"])),
    "phi3-fused": ("phi3", dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "gate_up_proj"])),
    "gpt2-conv": ("gpt2", dict(r=4, lora_alpha=8, target_modules=["c_attn", "c_fc", "c_proj"], fan_in_fan_out=True)),
    "refused-dora": ("llama", dict(r=2, lora_alpha=2, target_modules=["q_proj"], use_dora=True)),
    "refused-bias": ("llama", dict(r=2, lora_alpha=2, target_modules=["q_proj"], lora_bias=True)),
    "refused-head": ("llama", dict(r=2, lora_alpha=2, target_modules=["q_proj"], modules_to_save=["lm_head"])),
    "refused-pissa": ("llama", dict(r=2, lora_alpha=2, target_modules=["q_proj"], init_lora_weights="pissa")),
}
ids = torch.tensor([[3, 9, 27, 1, 40, 12, 5]])


def base_of(name):
    torch.manual_seed(5)
    model = transformers.AutoModelForCausalLM.from_config(bases[name], attn_implementation="eager").float().eval()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                p.normal_(0, 0.2)
    return model


if mode == "write":
    for name in bases:
        base_of(name).save_pretrained(folder / "base" / name)
    for name, (base, options) in adapters.items():
        model = peft.get_peft_model(base_of(base), peft.LoraConfig(task_type="CAUSAL_LM", **options))
        torch.manual_seed(9)
        with torch.no_grad():
            for key, p in model.named_parameters():
                if "lora_" in key and "magnitude" not in key:
                    p.normal_(0, 0.3)
        model.eval()
        with torch.no_grad():
            logits = model(ids).logits[0]
        model.save_pretrained(folder / name)
        (folder / name / "case.json").write_text(json.dumps(dict(base=base, ids=ids[0].tolist(), logits=logits.flatten().tolist())))
else:
    for path in sorted((folder / "ours").iterdir()):
        case = json.loads((path / "case.json").read_text())
        model = peft.PeftModel.from_pretrained(base_of(case["base"]), str(path)).eval()
        with torch.no_grad():
            got = model(torch.tensor([case["ids"]])).logits[0].flatten()
        print(path.name, "max |dlogit|", float((got - torch.tensor(case["logits"])).abs().max()))

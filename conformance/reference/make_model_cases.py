"""Writes conformance/cases/models: tiny random checkpoints of variants that ../shared/goldens leaves out, with the reference's logits and greedy ids.

Needs torch, transformers 5.23 and safetensors:  python conformance/reference/make_model_cases.py [NAME ...]
Weights are ours (seeded noise, rounded to bfloat16). Every second case keeps the older keys of config.json.
"""

import json
import os
import shutil
import sys

import torch
import transformers as hf
from safetensors.torch import save_file

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "models")
BASE = dict(
    vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
LONG = dict(type="longrope", short_factor=[1.0, 1.2, 1.4, 1.6], long_factor=[2.0, 3.0, 4.0, 5.0])
YARN = dict(
    rope_type="yarn", factor=3.0, original_max_position_embeddings=32, beta_fast=20.0, beta_slow=2.0,
    mscale=0.7, mscale_all_dim=0.4, truncate=False,
)
GPT2 = dict(n_embd=32, n_layer=2, n_head=4, n_positions=64)
CASES = {
    "llama-dynamic": ("Llama", dict(num_key_value_heads=2, max_position_embeddings=16, rope_scaling=dict(rope_type="dynamic", factor=3.0))),
    "llama-yarn-options": ("Llama", dict(num_key_value_heads=2, rope_scaling=YARN)),
    "phi3-longrope": ("Phi3", dict(num_key_value_heads=2, original_max_position_embeddings=16, sliding_window=7, rope_scaling=LONG)),
    "qwen3-yarn-window": ("Qwen3", dict(
        num_key_value_heads=2, num_hidden_layers=3, head_dim=8, use_sliding_window=True, sliding_window=5, max_window_layers=2, attention_bias=True,
        rope_scaling=dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=32, attention_factor=1.3))),
    "cohere-qk-norm": ("Cohere", dict(num_key_value_heads=2, use_qk_norm=True, attention_bias=True)),
    "qwen3-moe-mixed": ("Qwen3Moe", dict(
        num_key_value_heads=2, num_hidden_layers=4, head_dim=8, num_experts=6, num_experts_per_tok=3, moe_intermediate_size=20,
        norm_topk_prob=False, mlp_only_layers=[3], decoder_sparse_step=2)),
    "stablelm-parallel": ("StableLm", dict(
        num_key_value_heads=2, use_parallel_residual=True, qk_layernorm=True, use_qkv_bias=True, partial_rotary_factor=0.5)),
    "gemma3-linear": ("Gemma3", dict(
        num_key_value_heads=2, head_dim=16, num_hidden_layers=4, sliding_window=5, query_pre_attn_scalar=9, sliding_window_pattern=3,
        rope_theta=50000.0, rope_local_base_freq=700.0, rope_scaling=dict(rope_type="linear", factor=8.0), final_logit_softcapping=5.0)),
    "opt-post-norm": ("OPT", dict(ffn_dim=48, do_layer_norm_before=False, word_embed_proj_dim=16)),
    "phi-qk-norm": ("Phi", dict(qk_layernorm=True, num_key_value_heads=2)),
    "gpt-neox-sequential": ("GPTNeoX", dict(use_parallel_residual=False, rotary_pct=0.5, hidden_act="gelu_fast")),
    "gpt2-scales": ("GPT2", dict(**GPT2, n_inner=40, scale_attn_by_inverse_layer_idx=True, activation_function="relu", tie_word_embeddings=False)),
    "smollm3-window": ("SmolLM3", dict(
        num_key_value_heads=2, num_hidden_layers=4, use_sliding_window=True, sliding_window=5, no_rope_layer_interval=2,
        attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "bloom-six-heads": ("Bloom", dict(n_layer=2, n_head=6, hidden_size=48)),
    "olmo-clipped": ("Olmo", dict(num_key_value_heads=2, clip_qkv=0.02)),
    "olmo3": ("Olmo3", dict(
        num_key_value_heads=2, num_hidden_layers=4, sliding_window=5, rope_theta=5000.0,
        rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16))),
    "arcee": ("Arcee", dict(num_key_value_heads=2)),
    "seed-oss": ("SeedOss", dict(num_key_value_heads=2, head_dim=12, attention_bias=True, attention_out_bias=False)),
    "ernie4.5": ("Ernie4_5", dict(num_key_value_heads=2, head_dim=12, use_bias=True)),
    "nemotron": ("Nemotron", dict(num_key_value_heads=2, attention_bias=True)),
    "cohere2": ("Cohere2", dict(num_key_value_heads=2, num_hidden_layers=4, sliding_window=5, sliding_window_pattern=3)),
    "gemma2-uncapped": ("Gemma2", dict(
        num_key_value_heads=2, head_dim=16, num_hidden_layers=3, sliding_window=5, query_pre_attn_scalar=9,
        attn_logit_softcapping=None, final_logit_softcapping=None)),
}


def make(number: int, name: str, family: str, options: dict, out: str = OUT) -> None:
    torch.manual_seed(100 + number)
    given = {**BASE, **options}
    config_class = getattr(hf, "Gemma3TextConfig" if family == "Gemma3" else f"{family}Config")
    model_class = getattr(hf, "GPT2LMHeadModel" if family == "GPT2" else f"{family}ForCausalLM")
    # The classes write into nested dictionaries.
    model = model_class(config_class(**json.loads(json.dumps(given)), attn_implementation="eager")).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
            elif "norm" in key.lower() or "ln_" in key:
                parameter.add_(torch.randn_like(parameter) * 0.2)
            else:
                parameter.normal_(0, 0.1)
            parameter.copy_(parameter.bfloat16().float())
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    # The model itself stays float32: casting it would round its rotary frequencies too.
    model.save_pretrained(folder, state_dict={key: value.bfloat16() for key, value in model.state_dict().items()})
    written = json.load(open(f"{folder}/config.json"))
    if os.path.exists(f"{folder}/generation_config.json"):
        os.remove(f"{folder}/generation_config.json")
    if number % 2 == 0:
        written = {**given, "model_type": written["model_type"], "architectures": written["architectures"], "torch_dtype": "bfloat16"}
    json.dump(written, open(f"{folder}/config.json", "w"), indent=1)
    cases = {}
    # With a cache, frequencies that follow the length are not those of one pass: the reference itself then has two answers.
    steps = 1 if "longrope" in name or "dynamic" in name else 12
    for n, length in enumerate([1, 9, 31]):
        ids = torch.randint(3, 60, (1, length))
        with torch.no_grad():
            logits = model(ids).logits[0].float()
            cases[f"{n}.ids"] = ids[0].int().contiguous()
            if steps == 1:
                # A cache filled row by row has seen other frequencies: the last row of one pass is the same for all.
                cases[f"{n}.rows"] = torch.tensor([length - 1], dtype=torch.int32)
                logits = logits[-1:]
            cases[f"{n}.logits"] = logits.contiguous()
            greedy, gaps = [], []
            for _ in range(steps):
                top = model(ids).logits[0, -1].topk(2)
                gaps.append(float(top.values[0] - top.values[1]))
                greedy.append(int(top.indices[0]))
                ids = torch.cat([ids, top.indices[:1][None]], 1)
        cases[f"{n}.greedy"] = torch.tensor(greedy, dtype=torch.int32)
        cases[f"{n}.gap"] = torch.tensor(gaps)
    save_file(cases, f"{folder}/cases.safetensors")
    meta = {"source": f"transformers {hf.__version__}, seeded noise", "gapTolerance": 1e-3}
    json.dump(meta, open(f"{folder}/meta.json", "w"))
    print(name)


if __name__ == "__main__":
    for index, (case, (line, extra)) in enumerate(CASES.items()):
        if len(sys.argv) == 1 or case in sys.argv[1:]:
            make(index, case, line, extra)

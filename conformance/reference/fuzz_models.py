"""Writes random checkpoints of every family, with the reference's logits, to look for a configuration that we read otherwise than transformers does:

    python conformance/reference/fuzz_models.py DIR [COUNT] [SEED]      then      npx pnpm conformance models DIR

Needs what make_model_cases.py needs. A case that fails is worth keeping: add its options to CASES there.
"""

import json
import os
import random
import sys
import traceback

from make_model_cases import make

ACTIVATIONS = ["silu", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "quick_gelu", "relu2", "gelu_fast", "swish"]


def rope(r: random.Random, dim: int) -> dict | None:
    kind = r.choice(["none", "none", "linear", "dynamic", "llama3", "yarn", "longrope"])
    if kind == "none":
        return None
    common = {"rope_type": kind, "factor": r.choice([2.0, 3.5, 8.0])}
    if kind == "llama3":
        common.update(low_freq_factor=r.choice([1.0, 0.5]), high_freq_factor=r.choice([4.0, 3.0]), original_max_position_embeddings=r.choice([16, 32]))
    if kind == "yarn":
        common.update(original_max_position_embeddings=r.choice([16, 32]))
        if r.random() < 0.5:
            common.update(beta_fast=r.choice([16.0, 32.0]), beta_slow=r.choice([1.0, 2.0]))
        if r.random() < 0.4:
            common.update(attention_factor=r.choice([0.8, 1.2]))
        elif r.random() < 0.4:
            common.update(mscale=r.choice([0.7, 1.0]), mscale_all_dim=r.choice([0.4, 1.0]))
        if r.random() < 0.3:
            common.update(truncate=r.random() < 0.5)
    if kind == "longrope":
        half = dim // 2
        common.update(short_factor=[1 + 0.1 * i for i in range(half)], long_factor=[2.0 + i for i in range(half)], original_max_position_embeddings=16)
        if r.random() < 0.5:
            common.update(attention_factor=1.1)
    return common


def draw(r: random.Random) -> tuple[str, dict]:
    family = r.choice(
        ["Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3", "Phi", "Phi3", "Olmo2", "SmolLM3",
         "Granite", "StableLm", "Starcoder2", "Cohere", "GPT2", "GPTNeoX", "OPT", "Bloom", "Olmo", "Olmo3", "Arcee", "Cohere2"])
    heads = r.choice([2, 4, 6])
    head_dim = r.choice([4, 8, 12, 16])
    # Only some families read head_dim.
    free_dim = family in ("Llama", "Mistral", "Qwen3", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3", "SmolLM3", "Granite", "Mixtral", "Arcee") and r.random() < 0.5
    hidden = r.choice([24, 32, 48]) if free_dim else heads * head_dim
    kv = r.choice([h for h in (1, 2, 3, heads) if heads % h == 0])
    layers = r.randint(1, 4)
    o = dict(hidden_size=hidden, intermediate_size=r.choice([20, 48, 50]), num_hidden_layers=layers, num_attention_heads=heads,
             vocab_size=r.choice([61, 64, 67]), max_position_embeddings=r.choice([16, 64, 128]))
    if family not in ("GPT2", "OPT", "Bloom", "GPTNeoX"):
        o["num_key_value_heads"] = kv
        if r.random() < 0.5:
            o["rope_theta"] = r.choice([500.0, 1e4, 1e6])
    if free_dim or family in ("Gemma", "Gemma2", "Gemma3", "Qwen3", "Qwen3Moe"):
        o["head_dim"] = head_dim
    act = r.choice(ACTIVATIONS)
    if r.random() < 0.5:
        o["hidden_act"] = act
    if r.random() < 0.5:
        o["tie_word_embeddings"] = r.random() < 0.5
    scaling = rope(r, head_dim)
    flip = lambda: r.random() < 0.5
    if family in ("Llama", "Qwen2", "Mistral", "Qwen3", "SmolLM3", "Granite", "Olmo2", "Arcee", "StableLm", "Starcoder2", "GPTNeoX", "Phi", "Gemma") and scaling and family != "StableLm":
        o["rope_scaling"] = scaling
    window = r.choice([3, 5, 9])
    if family in ("Llama", "Granite", "Arcee"):
        o.update(attention_bias=flip(), mlp_bias=flip())
    if family == "Granite":
        o.update(embedding_multiplier=r.choice([1.0, 3.0]), logits_scaling=r.choice([1.0, 4.0]), residual_multiplier=r.choice([1.0, 0.3]), attention_multiplier=r.choice([1.0, 0.2]))
    if family in ("Mistral", "Mixtral", "Starcoder2"):
        o["sliding_window"] = r.choice([None, window])
    if family in ("Mixtral",):
        o.update(num_local_experts=r.choice([2, 5]), num_experts_per_tok=r.choice([1, 2]))
    if family in ("Qwen2", "Qwen3", "Qwen3Moe", "SmolLM3"):
        o.update(use_sliding_window=flip(), sliding_window=window)
        if family != "SmolLM3":
            o.update(max_window_layers=r.randint(0, layers))
    if family in ("Qwen3", "Qwen3Moe", "SmolLM3", "Olmo2", "Olmo3", "Cohere", "Cohere2", "Gemma", "Gemma2", "Gemma3"):
        o["attention_bias"] = flip()
    if family == "SmolLM3":
        o.update(no_rope_layer_interval=r.choice([2, 3, 4]), mlp_bias=flip())
    if family == "Qwen3Moe":
        o.update(num_experts=r.choice([4, 6]), num_experts_per_tok=r.choice([1, 2, 3]), moe_intermediate_size=r.choice([12, 20]), norm_topk_prob=flip(),
                 decoder_sparse_step=r.choice([1, 2]), mlp_only_layers=[0] if flip() else [])
    if family in ("Gemma", "Gemma2", "Gemma3"):
        if "hidden_act" in o:
            o["hidden_activation"] = o.pop("hidden_act")
        if family != "Gemma":
            o.update(sliding_window=window, query_pre_attn_scalar=r.choice([4, 16, 30]), attn_logit_softcapping=r.choice([None, 20.0]) if family == "Gemma2" else None,
                     final_logit_softcapping=r.choice([None, 5.0]))
    if family == "Gemma3":
        o.update(sliding_window_pattern=r.choice([2, 3, 6]), rope_theta=r.choice([1e4, 1e6]), rope_local_base_freq=r.choice([1e4, 700.0]))
        if flip():
            o["rope_scaling"] = dict(rope_type="linear", factor=4.0)
        o.pop("hidden_act", None)
    if family == "Phi":
        o.update(qk_layernorm=flip(), partial_rotary_factor=r.choice([0.5, 1.0]))
        if "rope_scaling" in o and o["rope_scaling"]["rope_type"] == "longrope":
            o.pop("rope_scaling")
    if family == "Phi3":
        o.update(sliding_window=r.choice([None, window]))
        if flip():
            half = head_dim // 2
            o.update(original_max_position_embeddings=16, max_position_embeddings=64,
                     rope_scaling=dict(type="longrope", short_factor=[1 + 0.1 * i for i in range(half)], long_factor=[2.0 + i for i in range(half)]))
    if family == "StableLm":
        o.update(use_parallel_residual=flip(), qk_layernorm=flip(), use_qkv_bias=flip(), partial_rotary_factor=r.choice([0.25, 0.5, 1.0]))
        if int(head_dim * o["partial_rotary_factor"]) % 2:
            o["partial_rotary_factor"] = 1.0
    if family == "Starcoder2":
        o.update(use_bias=flip(), norm_epsilon=r.choice([1e-5, 1e-3]))
        if "rope_scaling" in o and o["rope_scaling"]["rope_type"] == "longrope":
            o.pop("rope_scaling")
    if family in ("Cohere", "Cohere2"):
        o.update(logit_scale=r.choice([0.0625, 1.0, 0.3]))
        if family == "Cohere":
            o.update(use_qk_norm=flip())
        else:
            o.update(sliding_window=window, sliding_window_pattern=r.choice([2, 3, 4]))
    if family in ("Olmo",):
        o.update(clip_qkv=r.choice([None, 0.05]))
    if family == "Olmo3":
        o.update(sliding_window=window)
    if family == "GPT2":
        o.pop("intermediate_size")
        o.update(n_embd=heads * head_dim, n_layer=layers, n_head=heads, n_positions=64, n_inner=r.choice([None, 40]), activation_function=act if act != "swish" else "gelu_new",
                 scale_attn_by_inverse_layer_idx=flip(), scale_attn_weights=flip())
        for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "hidden_act"):
            o.pop(key, None)
    if family == "GPTNeoX":
        o.update(use_parallel_residual=flip(), rotary_pct=r.choice([0.5, 1.0]), attention_bias=flip())
        if "rope_scaling" in o and (o["rope_scaling"]["rope_type"] == "longrope" or int(head_dim * o["rotary_pct"]) % 2):
            o.pop("rope_scaling")
        if int(head_dim * o["rotary_pct"]) % 2:
            o["rotary_pct"] = 1.0
    if family == "OPT":
        o.pop("intermediate_size")
        o.pop("hidden_act", None)
        o.update(ffn_dim=48, do_layer_norm_before=flip(), word_embed_proj_dim=r.choice([o["hidden_size"], 16]), enable_bias=flip(), activation_function=r.choice(["relu", "gelu"]),
                 max_position_embeddings=64)
        if "layer_norm_elementwise_affine" not in o and r.random() < 0.2:
            o["layer_norm_elementwise_affine"] = False
    if family == "Bloom":
        o = dict(n_layer=layers, n_head=heads, hidden_size=heads * head_dim, vocab_size=o["vocab_size"], apply_residual_connection_post_layernorm=r.random() < 0.3)
    return family, o


if __name__ == "__main__":
    out = os.path.join(sys.argv[1], "models")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    os.makedirs(out, exist_ok=True)
    made = 0
    for i in range(count):
        family, options = draw(random.Random(seed * 100003 + i))
        name = f"{family.lower()}-{seed}-{i}"
        if "dynamic" in json.dumps(options) or "longrope" in json.dumps(options):
            name += "-dynamic"
        try:
            make(i, name, family, options, out)
            made += 1
        except Exception:  # what the reference itself refuses is no case
            print("refused", name, options, traceback.format_exc().strip().splitlines()[-1])
    print(f"{made} of {count} made")

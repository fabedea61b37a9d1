#!/usr/bin/env python3
"""Short trainings of random tiny models of every family, as golden cases of the kind training: torch's gradients and optimizers in float32.

    python fuzz_curves.py OUT [COUNT] [SEED]
    pnpm conformance training OUT

Needs torch, transformers, safetensors (the models are those of fuzz_models.py)."""
import json, math, random, sys, traceback
from pathlib import Path

import torch
import transformers

torch.set_num_threads(1)
from safetensors.torch import save_file

from fuzz_models import draw

out, count, seed = Path(sys.argv[1]) / "training", int(sys.argv[2]) if len(sys.argv) > 2 else 30, int(sys.argv[3]) if len(sys.argv) > 3 else 0


def optimizer_of(r, parameters):
    name = r.choice(["adamw", "adamw", "adamw", "sgd", "rmsprop", "lion"])
    decay = r.choice([0.0, 0.01, 0.1])
    groups = [dict(params=[p for p in parameters if p.ndim >= 2], weight_decay=decay), dict(params=[p for p in parameters if p.ndim < 2], weight_decay=0.0)]
    groups = [g for g in groups if g["params"]]
    only = {"decayOnly": "tensors of rank >= 2"}
    if name == "adamw":
        beta2, eps = r.choice([0.95, 0.999]), r.choice([1e-8, 1e-6])
        return dict(name=name, beta1=0.9, beta2=beta2, epsilon=eps, weightDecay=decay, **only), torch.optim.AdamW(groups, 1e-3, (0.9, beta2), eps), 3e-3
    if name == "sgd":
        momentum = r.choice([0.0, 0.9])
        return dict(name=name, momentum=momentum), torch.optim.SGD(parameters, 1e-3, momentum), 0.1 if momentum == 0 else 0.02
    if name == "rmsprop":
        return dict(name=name, decay=0.99, epsilon=1e-8), torch.optim.RMSprop(parameters, 1e-3, 0.99, 1e-8), 1e-3

    class Lion(torch.optim.Optimizer):
        def __init__(self):
            super().__init__(groups, dict(lr=1e-3))

        @torch.no_grad()
        def step(self):
            for g in self.param_groups:
                for p in g["params"]:
                    if p.grad is None:
                        continue
                    m = self.state[p].setdefault("m", torch.zeros_like(p))
                    p.mul_(1 - g["lr"] * g["weight_decay"])
                    p.sub_(torch.sign(m * 0.9 + p.grad * (1 - 0.9)), alpha=g["lr"])
                    m.mul_(0.99).add_(p.grad, alpha=1 - 0.99)

    return dict(name=name, beta1=0.9, beta2=0.99, weightDecay=decay, **only), Lion(), 3e-4


def one(i):
    r = random.Random(seed * 100003 + i)
    family, options = draw(r)
    torch.manual_seed(seed * 1000 + i)
    config = getattr(transformers, f"{family}Config")(**options, pad_token_id=None, bos_token_id=1, eos_token_id=2)
    for off in ("attention_dropout", "hidden_dropout", "dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop", "classifier_dropout", "residual_dropout", "embedding_dropout"):
        if hasattr(config, off):
            setattr(config, off, 0.0)
    if hasattr(config, "router_aux_loss_coef"):
        config.router_aux_loss_coef = 0.0
    config._attn_implementation = "eager"
    name = f"{family}ForCausalLM" if family != "GPT2" else "GPT2LMHeadModel"
    model = getattr(transformers, name)(config).float().train()
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.copy_(torch.randn_like(p) * 0.15 + (1 if p.ndim == 1 and "norm" in n.lower() and "bias" not in n else 0) if p.ndim > 1 or "bias" in n else p + torch.randn_like(p) * 0.1)
    folder = out / f"{family.lower()}-{seed}-{i}"
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "model.safetensors").rename(folder / "init.safetensors")
    (folder / "generation_config.json").unlink(missing_ok=True)
    parameters = [p for p in model.parameters() if p.requires_grad]
    said, optimizer, peak = optimizer_of(r, parameters)
    accumulate, clip, steps = r.choice([1, 1, 2, 3]), r.choice([None, 0.5, 1.0]), 12
    length, rows = r.choice([9, 16]), r.choice([2, 3])
    window, losses, norms, rates = {}, [], [], []
    for step in range(steps):
        rate = peak * min(1, (step + 1) / 3) * (0.55 + 0.45 * math.cos(math.pi * step / steps))
        micro = []
        for m in range(accumulate):
            ids = torch.tensor([[r.randrange(config.vocab_size) if r.random() < 0.3 else (7 * t + step + b) % config.vocab_size for t in range(length)] for b in range(rows)])
            labels = torch.where(torch.rand(ids.shape) < 0.2, -100, ids)
            micro.append((ids, labels))
            window[f"{step}.{m}.ids"], window[f"{step}.{m}.labels"] = ids.int(), labels.int()
        total = sum(int((l[:, 1:] != -100).sum()) for _, l in micro)
        optimizer.zero_grad()
        loss = 0.0
        for ids, labels in micro:
            logits = model(ids, use_cache=False).logits.float()
            part = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100, reduction="sum") / total
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(parameters, clip if clip else 1e30)
        for g in optimizer.param_groups:
            g["lr"] = rate
        optimizer.step()
        losses.append(loss), norms.append(float(norm)), rates.append(rate)
    if not all(map(math.isfinite, losses + norms)):
        raise ValueError("not finite")
    save_file({k: v.contiguous() for k, v in window.items()}, folder / "batches.safetensors")
    curve = dict(source=f"torch {torch.__version__}, transformers {transformers.__version__}", optimizer=said, accumulate=accumulate,
                 normalizeBy="supervised tokens of the whole step, labels shifted by one", learningRate=rates, loss=losses, gradNorm=norms)
    if clip:
        curve["clipByGlobalNorm"] = clip
    (folder / "curve.json").write_text(json.dumps(curve))


for i in range(count):
    try:
        one(i)
    except Exception:
        print("refused", i, traceback.format_exc().strip().splitlines()[-1])
        import shutil
        for left in out.glob(f"*-{seed}-{i}"):
            shutil.rmtree(left)

#!/usr/bin/env python3
"""Random golden cases of the kinds losses, optimizers, training's schedules and leaderboard, computed by others' code where it can be imported:
TRL's trainers for the DPO family, CPO, SimPO, ORPO, KTO and GRPO, torch.optim for AdamW, SGD and RMSprop, torch's autograd for all gradients,
scipy and statsmodels for ratings. Written for:

    python fuzz_training.py OUT [SEED] [CASES]
    pnpm conformance losses optimizers leaderboard scaling-laws OUT

Needs torch, trl, transformers, scipy (statsmodels if present)."""
import json, math, sys, types
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

out, seed, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[3]) if len(sys.argv) > 3 else 8
rng = np.random.default_rng(seed)
torch.set_default_dtype(torch.float64)
T = lambda x: torch.tensor(x, dtype=torch.float64)


def emit(kind, name, cases):
    folder = out / kind / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "cases.jsonl", "w") as f:
        for c in cases:
            f.write(json.dumps(c) + "\n")


def loss_case(loss, params, inputs, fn, grads=()):
    tensors = {k: T(v).requires_grad_(k in grads) for k, v in inputs.items()}
    value = fn(tensors)
    case = {"loss": loss, "params": params, "inputs": {k: np.asarray(v).tolist() for k, v in inputs.items()}, "value": value.detach().tolist()}
    if grads:
        value.backward()
        case["gradients"] = {k: tensors[k].grad.tolist() for k in grads}
    return case


def pair_inputs(b):
    lengths = lambda: rng.integers(2, 40, b).astype(float)
    wide = float(rng.choice([1.0, 3.0, 8.0]))
    cl, rl = lengths(), lengths()
    logps = lambda n: -n * rng.uniform(0.02, 3, b)
    c, r = logps(cl), logps(rl)
    return dict(policyChosenLogps=c, policyRejectedLogps=r, referenceChosenLogps=c + rng.normal(0, wide, b), referenceRejectedLogps=r + rng.normal(0, wide, b),
                chosenLengths=cl, rejectedLengths=rl)


def preference():
    from trl.trainer.dpo_trainer import DPOTrainer
    from trl.trainer.cpo_trainer import CPOTrainer
    from trl.trainer.orpo_trainer import ORPOTrainer
    from trl.trainer.kto_trainer import KTOTrainer

    P = ("policyChosenLogps", "policyRejectedLogps")
    four = lambda x: (x["policyChosenLogps"], x["policyRejectedLogps"], x["referenceChosenLogps"], x["referenceRejectedLogps"])

    def me(**kw):
        base = dict(accelerator=types.SimpleNamespace(device="cpu", gather_for_metrics=lambda x: x, gather=lambda x: x), reference_free=False, label_smoothing=0.0, f_divergence_type="reverse_kl",
                    f_divergence_params={}, args=types.SimpleNamespace(discopop_tau=0.05), use_dpop=False, simpo_gamma=0.0, cpo_alpha=0.0, alpha=0.0, aux_loss_enabled=False)
        return types.SimpleNamespace(**{**base, **kw})

    names = {"sigmoid": "sigmoid", "hinge": "hinge", "conservative": "sigmoid", "robust": "robust", "exo": "exo_pair", "nca": "nca_pair", "sppo": "sppo_hard",
             "apo-zero": "apo_zero", "apo-down": "apo_down", "discopop": "discopop", "aot": "aot", "aot-unpaired": "aot_pair", "ipo": "ipo", "bco": "bco_pair"}
    cases = []
    for _ in range(count):
        for ours, theirs in names.items():
            x = pair_inputs(int(rng.integers(1, 9)))
            beta = float(rng.choice([0.01, 0.1, 0.3, 1.0, 2.0]))
            params = {"beta": beta}
            own = me(beta=beta, loss_type=theirs)
            if ours in ("conservative", "robust", "exo"):
                params["labelSmoothing"] = own.label_smoothing = float(rng.choice([1e-3, 0.05, 0.2, 0.4]))
            if ours == "discopop":
                params["discopopTau"] = own.args.discopop_tau = float(rng.choice([0.05, 0.2, 1.0]))
            if ours == "ipo":
                params["lengthNormalize"] = True

            def run(t, theirs=theirs, own=own, ours=ours):
                a = four(t)
                if ours == "ipo":  # their sums are means under ipo
                    a = (a[0] / t["chosenLengths"], a[1] / t["rejectedLengths"], a[2] / t["chosenLengths"], a[3] / t["rejectedLengths"])
                if ours == "bco":
                    own.running = types.SimpleNamespace(mean=0.0, update=lambda x: None)
                args = a + (theirs,) if "loss_type" in DPOTrainer.dpo_loss.__code__.co_varnames[:8] else a
                return DPOTrainer.dpo_loss(own, *args)[0].mean()

            try:
                cases.append(loss_case(f"dpo/{ours}", params, x, run, P))
            except Exception as e:
                print("left out:", ours, repr(e)[:120]) if _ == 0 else None
        # the paper's IPO: sums; the reference implementation of eric-mitchell
        x, beta = pair_inputs(4), float(rng.choice([0.1, 0.5]))
        cases.append(loss_case("dpo/ipo", {"beta": beta}, x, lambda t, b=beta: (((four(t)[0] - four(t)[1]) - (four(t)[2] - four(t)[3]) - 1 / (2 * b)) ** 2).mean(), P))
        x, beta = pair_inputs(5), float(rng.choice([0.05, 0.1, 1.0]))
        cases.append(loss_case("cpo", {"beta": beta}, x, lambda t, b=beta: CPOTrainer.cpo_loss(me(beta=b, loss_type="sigmoid"), t["policyChosenLogps"], t["policyRejectedLogps"])[0].mean(), P))
        x, beta, ratio = pair_inputs(5), float(rng.choice([2.0, 2.5, 10.0])), float(rng.choice([0.1, 0.5, 0.8]))
        gamma = beta * ratio
        cases.append(loss_case("simpo", {"beta": beta, "gamma": gamma}, x, lambda t, b=beta, g=gamma: CPOTrainer.cpo_loss(
            me(beta=b, loss_type="simpo", simpo_gamma=g), t["policyChosenLogps"] / t["chosenLengths"], t["policyRejectedLogps"] / t["rejectedLengths"])[0].mean(), P))
        x, beta = pair_inputs(6), float(rng.choice([0.1, 0.5]))
        cases.append(loss_case("orpo/odds-ratio", {"beta": beta}, x, lambda t, b=beta: -ORPOTrainer.odds_ratio_loss(
            me(beta=b), t["policyChosenLogps"] / t["chosenLengths"], t["policyRejectedLogps"] / t["rejectedLengths"])[0].mean(), P))
        x = pair_inputs(5)
        k = dict(beta=float(rng.choice([0.05, 0.1, 0.5])), desirableWeight=float(rng.choice([1, 1.5])), undesirableWeight=float(rng.choice([1, 1.33])), referencePoint=float(rng.choice([0, 0.4, 2.0])))

        def kto(t, k=k):
            own = me(beta=k["beta"], loss_type="kto", desirable_weight=k["desirableWeight"], undesirable_weight=k["undesirableWeight"], calculate_KL=True)
            z = torch.full((5,), k["referencePoint"])
            both = KTOTrainer.kto_loss(own, t["policyChosenLogps"], t["policyRejectedLogps"], z, t["referenceChosenLogps"], t["referenceRejectedLogps"], torch.zeros(5))
            # TRL weights in the trainer, after the loss
            l = both[0]
            n = len(t["policyChosenLogps"])
            return torch.cat([l[:n] * k["desirableWeight"], l[n:] * k["undesirableWeight"]]).mean() if KTO_WEIGHTS_OUTSIDE else l.mean()

        cases.append(loss_case("kto", k, x, kto, P))
    emit("losses", f"trl-preference-{seed}", cases)


KTO_WEIGHTS_OUTSIDE = False


def policy_and_reward():
    cases = []
    for _ in range(count):
        b, t = int(rng.integers(1, 7)), int(rng.integers(1, 12))
        lengths = rng.integers(1, t + 1, b)
        mask = (np.arange(t)[None] < lengths[:, None]).astype(float)
        if b > 2 and rng.random() < 0.3:
            mask[0] = 0  # a fully masked row
        old = -rng.uniform(0.01, 4, (b, t))
        logps, ref, adv = old + rng.normal(0, 0.3, (b, t)), old + rng.normal(0, 0.3, (b, t)), rng.normal(0, 1, b)
        lo, hi, beta = float(rng.choice([0.1, 0.2])), float(rng.choice([0.2, 0.28])), float(rng.choice([0, 0.01, 0.2]))

        def per_token(x, lo=lo, hi=hi):
            ratio = torch.exp(x["logps"] - x["oldLogps"])
            a = x["advantages"][:, None]
            return -torch.min(ratio * a, torch.clamp(ratio, 1 - lo, 1 + hi) * a)

        def k3(x):
            d = x["referenceLogps"] - x["logps"]
            return torch.exp(d) - d - 1

        for agg in ("sequence-mean", "token-mean", "sum-over-max-length"):
            params = dict(epsilonLow=lo, epsilonHigh=hi, beta=beta, aggregate=agg)
            if agg == "sum-over-max-length" and rng.random() < 0.5:
                params["maxLength"] = 2 * t

            def grpo(x, agg=agg, beta=beta, params=params):
                l, m = per_token(x) + beta * k3(x), x["mask"]
                if agg == "sequence-mean":
                    return ((l * m).sum(-1) / m.sum(-1).clamp(min=1.0)).mean()
                if agg == "token-mean":
                    return (l * m).sum() / m.sum().clamp(min=1.0)
                return (l * m).sum() / (l.size(0) * params.get("maxLength", l.size(1)))

            cases.append(loss_case("grpo", params, dict(logps=logps, oldLogps=old, referenceLogps=ref, advantages=adv, mask=mask), grpo, ("logps",)))
        near = old + rng.normal(0, 3e-4, (b, t))
        e = dict(epsilonLow=float(rng.choice([3e-4, 1e-3])), epsilonHigh=float(rng.choice([4e-4, 2e-3])))

        def gspo(x, e=e):
            m = x["mask"]
            s = torch.exp(((x["logps"] - x["oldLogps"]) * m).sum(-1) / m.sum(-1).clamp(min=1.0))
            a = x["advantages"]
            return -torch.min(s * a, torch.clamp(s, 1 - e["epsilonLow"], 1 + e["epsilonHigh"]) * a).mean()

        full = np.where(mask.sum(-1, keepdims=True) == 0, 1.0, mask)
        cases.append(loss_case("gspo", e, dict(logps=near, oldLogps=old, advantages=adv, mask=full), gspo, ("logps",)))
        adv2 = rng.normal(0, 1, (b, t))
        clip = float(rng.choice([0.1, 0.2, 0.4]))

        def ppo(x, clip=clip):
            r, a, m = torch.exp(x["logps"] - x["oldLogps"]), x["advantages"], x["mask"]
            l = torch.max(-a * r, -a * torch.clamp(r, 1 - clip, 1 + clip))
            return (l * m).sum() / m.sum()

        cases.append(loss_case("ppo/policy", {"clipRange": clip}, dict(logps=logps, oldLogps=old, advantages=adv2, mask=full), ppo, ("logps",)))
        v, ov, ret = rng.normal(0, 1, (b, t)), rng.normal(0, 1, (b, t)), rng.normal(0, 1, (b, t))

        def value(x, clip=clip):
            c = torch.clamp(x["values"], x["oldValues"] - clip, x["oldValues"] + clip)
            l = 0.5 * torch.max((x["values"] - x["returns"]) ** 2, (c - x["returns"]) ** 2)
            return (l * x["mask"]).sum() / x["mask"].sum()

        cases.append(loss_case("ppo/value", {"clipRangeValue": clip}, dict(values=v, oldValues=ov, returns=ret, mask=full), value, ("values",)))
        for name, f in dict(k1=lambda d: -d, k2=lambda d: d * d / 2, k3=lambda d: torch.exp(d) - 1 - d).items():
            cases.append(loss_case(f"kl/{name}", {}, dict(logps=logps, referenceLogps=ref), lambda x, f=f: f(x["referenceLogps"] - x["logps"])))
        g = int(rng.integers(2, 6))
        rewards = rng.choice([0.0, 0.25, 1.0], 3 * g) if rng.random() < 0.5 else rng.normal(0, 2, 3 * g)
        eps = float(rng.choice([1e-4, 1e-6]))

        def group(x, g=g, eps=eps, std=True):
            r = x["rewards"].view(-1, g)
            a = r - r.mean(1, keepdim=True)
            return (a / (r.std(1, keepdim=True) + eps) if std else a).flatten()

        cases.append(loss_case("advantage/group-relative", {"groupSize": g, "epsilon": eps}, dict(rewards=rewards), group))
        cases.append(loss_case("advantage/group-relative", {"groupSize": g, "normalizeByStd": False}, dict(rewards=rewards), lambda x, g=g: group(x, g, 0, False)))
        cases.append(loss_case("advantage/leave-one-out", {"groupSize": g}, dict(rewards=rewards), lambda x, g=g: (x["rewards"].view(-1, g) - (x["rewards"].view(-1, g).sum(1, keepdim=True) - x["rewards"].view(-1, g)) / (g - 1)).flatten()))
        gamma, lam = float(rng.choice([1.0, 0.99, 0.9])), float(rng.choice([1.0, 0.95, 0.5]))

        def gae(x, gamma=gamma, lam=lam):
            r, val = x["rewards"], x["values"]
            last, rows = torch.zeros(r.shape[0]), []
            for i in reversed(range(r.shape[1])):
                nxt = val[:, i + 1] if i + 1 < r.shape[1] else 0.0
                last = r[:, i] + gamma * nxt - val[:, i] + gamma * lam * last
                rows.append(last)
            return torch.stack(rows[::-1], 1)

        ones = np.ones((b, t))
        cases.append(loss_case("advantage/gae", {"gamma": gamma, "lambda": lam}, dict(rewards=ret, values=v, mask=ones), gae))
        k = int(rng.integers(2, 7))
        ranked = rng.normal(0, 3, k)

        def all_pairs(x):
            r = x["rankedRewards"]
            return torch.stack([-F.logsigmoid(r[i] - r[j]) for i in range(len(r)) for j in range(i + 1, len(r))]).mean()

        cases.append(loss_case("reward/all-pairs", {}, dict(rankedRewards=ranked), all_pairs, ("rankedRewards",)))
        cases.append(loss_case("reward/plackett-luce", {}, dict(rankedRewards=ranked), lambda x: -sum(x["rankedRewards"][i] - torch.logsumexp(x["rankedRewards"][i:], 0) for i in range(len(x["rankedRewards"]))), ("rankedRewards",)))
        n = int(rng.integers(1, 9))
        c, r = rng.normal(0, 4, n), rng.normal(0, 4, n)
        for params in ({}, {"margin": rng.uniform(0, 2, n).tolist()}, {"centerRewardsCoefficient": float(rng.choice([0.01, 0.1]))}, {"margin": 0.7, "centerRewardsCoefficient": 0.05}):
            def bt(x, params=params):
                m = T(params.get("margin", 0.0))
                l = -F.logsigmoid(x["chosenRewards"] - x["rejectedRewards"] - m).mean()
                return l + params.get("centerRewardsCoefficient", 0.0) * ((x["chosenRewards"] + x["rejectedRewards"]) ** 2).mean()
            cases.append(loss_case("reward/bradley-terry", params, dict(chosenRewards=c, rejectedRewards=r), bt, ("chosenRewards", "rejectedRewards")))
        rows, vocab = int(rng.integers(1, 8)), int(rng.integers(3, 20))
        z = rng.normal(0, 4, (rows, vocab))
        lab = rng.integers(0, vocab, rows).astype(float)
        if rows > 2:
            lab[1] = -100
        smooth, zl = float(rng.choice([0, 0.05, 0.3])), float(rng.choice([0, 1e-4, 1e-2]))

        def ce(x, smooth=smooth, zl=zl):
            l = x["labels"].long()
            base = F.cross_entropy(x["logits"], l, label_smoothing=smooth, ignore_index=-100)
            keep = l != -100
            return base + zl * (torch.logsumexp(x["logits"][keep], -1) ** 2).mean()

        cases.append(loss_case("cross-entropy", dict(labelSmoothing=smooth, zLossCoefficient=zl, ignoreIndex=-100), dict(logits=z, labels=lab), ce, ("logits",)))
        lab2 = np.where(lab < 0, 0, lab)
        cases.append(loss_case("token-logps", {}, dict(logits=z, labels=lab2), lambda x: torch.log_softmax(x["logits"], -1).gather(1, x["labels"].long()[:, None])[:, 0]))
        cases.append(loss_case("entropy", {}, dict(logits=z), lambda x: torch.distributions.Categorical(logits=x["logits"]).entropy()))
        teacher, temp = rng.normal(0, 3, (rows, vocab)), float(rng.choice([1.0, 2.0, 0.7]))

        def distill(x, kind, temp=temp):
            s, q = torch.log_softmax(x["studentLogits"] / temp, -1), torch.log_softmax(x["teacherLogits"] / temp, -1)
            kl = lambda p, r: (p.exp() * (p - r)).sum(-1)
            if kind == "forward-kl": d = kl(q, s)
            elif kind == "reverse-kl": d = kl(s, q)
            else:
                m = torch.logsumexp(torch.stack([s, q]), 0) - math.log(2)
                d = (kl(q, m) + kl(s, m)) / 2
            return d.mean() * DISTILL(temp)

        for kind in ("forward-kl", "reverse-kl", "jsd"):
            cases.append(loss_case(f"distillation/{kind}", {"temperature": temp}, dict(studentLogits=z, teacherLogits=teacher), lambda x, kind=kind: distill(x, kind), ("studentLogits",)))
    emit("losses", f"torch-{seed}", cases)


DISTILL = lambda temp: 1  # the library leaves temperature^2 to the caller


def optimizers():
    cases = []
    for _ in range(count):
        rows, cols, steps = int(rng.integers(1, 5)), int(rng.integers(1, 5)), 12
        start, grads = rng.normal(0, 1, (rows, cols)), rng.normal(0, float(rng.choice([1e-3, 1, 30])), (steps, rows, cols))

        def run(make):
            p = torch.nn.Parameter(T(start))
            o = make([p])
            got = []
            for g in grads:
                p.grad = T(g)
                o.step()
                got.append(p.detach().tolist())
            return got

        lr, wd = float(rng.choice([1e-3, 1e-2])), float(rng.choice([0, 0.01, 0.1]))
        b1, b2, eps = float(rng.choice([0.9, 0.8])), float(rng.choice([0.95, 0.999])), float(rng.choice([1e-8, 1e-6]))
        base = dict(start=start.tolist(), gradients=grads.tolist())
        cases.append(dict(optimizer="adamw", params=dict(learningRate=lr, beta1=b1, beta2=b2, epsilon=eps, weightDecay=wd), steps=run(lambda p: torch.optim.AdamW(p, lr, (b1, b2), eps, wd)), **base))
        mo = float(rng.choice([0, 0.5, 0.9]))
        nest = bool(mo > 0 and rng.random() < 0.5)
        cases.append(dict(optimizer="sgd", params=dict(learningRate=lr, momentum=mo, nesterov=nest), steps=run(lambda p: torch.optim.SGD(p, lr, mo, nesterov=nest)), **base))
        cases.append(dict(optimizer="rmsprop", params=dict(learningRate=lr, decay=b2, epsilon=eps), steps=run(lambda p: torch.optim.RMSprop(p, lr, b2, eps)), **base))
        p, m, got = T(start), torch.zeros(rows, cols), []
        for g in grads:  # lion-pytorch
            g = T(g)
            p = p * (1 - lr * wd)
            u = m * b1 + g * (1 - b1)
            p = p - lr * torch.sign(u)
            m = m * b2 + g * (1 - b2)
            got.append(p.tolist())
        cases.append(dict(optimizer="lion", params=dict(learningRate=lr, beta1=b1, beta2=b2, weightDecay=wd), steps=got, **base))
        r2, c2 = int(rng.integers(2, 7)), int(rng.integers(2, 7))
        s2, g2, mu, nesterov = rng.normal(0, 1, (r2, c2)), rng.normal(0, 1, (6, r2, c2)), float(rng.choice([0.9, 0.95])), bool(rng.random() < 0.7)
        p, m, got = T(s2), torch.zeros(r2, c2), []
        for g in g2:  # KellerJordan/Muon in float64
            g = T(g)
            m.lerp_(g, 1 - mu)
            u = g.lerp(m, mu) if nesterov else m
            x = u.T if r2 > c2 else u
            x = x / (x.norm() + 1e-7)
            for _s in range(5):
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
            x = x.T if r2 > c2 else x
            p = p - 0.02 * max(1, r2 / c2) ** 0.5 * x
            got.append(p.tolist())
        cases.append(dict(optimizer="muon", params=dict(learningRate=0.02, momentum=mu, nesterov=nesterov, newtonSchulzSteps=5), start=s2.tolist(), gradients=g2.tolist(), steps=got))
        tensors = [rng.normal(0, 2, tuple(rng.integers(1, 4, int(rng.integers(1, 4))))) for _ in range(3)]
        ps = [torch.nn.Parameter(T(x)) for x in tensors]
        for q, x in zip(ps, tensors):
            q.grad = T(x)
        most = float(rng.choice([0.5, 1.0, 1e3]))
        norm = torch.nn.utils.clip_grad_norm_(ps, most)
        cases.append(dict(optimizer="clip-by-global-norm", params={"maxNorm": most}, gradients=[x.tolist() for x in tensors], steps=[[q.grad.tolist() for q in ps]], norm=float(norm)))
        peak, low, warm, total = float(rng.choice([3e-4, 1e-2])), float(rng.choice([0, 1e-5])), int(rng.choice([0, 1, 10])), int(rng.choice([50, 100]))
        decay = int(rng.choice([5, 20]))
        at = sorted({int(a) for a in rng.integers(1, total + 20, 12)} | {1, total})
        w = lambda s: peak * s / warm
        cosine = lambda s: w(s) if s < warm else low if s > total else low + (peak - low) * 0.5 * (1 + math.cos(math.pi * (s - warm) / (total - warm)))
        linear = lambda s: w(s) if s < warm else low if s > total else peak + (low - peak) * (s - warm) / (total - warm)
        wsd = lambda s: w(s) if s < warm else peak if s < total - decay else low if s > total else peak + (low - peak) * (s - (total - decay)) / decay
        for name, f, extra in (("cosine", cosine, {}), ("linear", linear, {}), ("warmup-stable-decay", wsd, {"decaySteps": decay})):
            cases.append(dict(schedule=name, params=dict(peak=peak, minimum=low, warmupSteps=warm, totalSteps=total, **extra), at=at, values=[f(s) for s in at]))
        cases.append(dict(schedule="constant", params=dict(peak=peak, warmupSteps=warm), at=at, values=[w(s) if s < warm else peak for s in at]))
    emit("optimizers", f"torch-{seed}", cases)


def leaderboards():
    from scipy.optimize import minimize

    for n in range(max(1, count // 3)):
        models, votes = [f"m{i}" for i in range(int(rng.integers(3, 10)))], []
        strength = rng.normal(0, 1, len(models))
        for _ in range(int(rng.choice([80, 400, 1500]))):
            a, b = rng.choice(len(models), 2, replace=False)
            d = strength[a] - strength[b]
            tie = 0.25 * math.exp(-abs(d))
            votes.append((int(a), int(b), "tie" if rng.random() < tie else "a" if rng.random() < 1 / (1 + math.exp(-d)) else "b"))
        k = len(models)
        beats = np.eye(k, dtype=bool)
        for a, b, w in votes:
            beats[a, b] |= w != "b"
            beats[b, a] |= w != "a"
        if not np.linalg.matrix_power(beats.astype(float), k).all():  # someone lost or won everything: no finite maximum
            continue
        A = np.zeros((len(votes), k))
        s = np.array([dict(a=1.0, b=0.0, tie=0.5)[w] for _, _, w in votes])
        for i, (a, b, _) in enumerate(votes):
            A[i, a], A[i, b] = 1, -1
        X = A[:, 1:]
        sp = lambda d: np.logaddexp(0, d)
        f = lambda t: float(np.sum(sp(X @ t) - s * (X @ t)))
        grad = lambda t: X.T @ (1 / (1 + np.exp(-(X @ t))) - s)
        best = minimize(f, np.zeros(k - 1), jac=grad, method="BFGS", options=dict(gtol=1e-10))
        theta = np.concatenate([[0], best.x])
        theta -= theta.mean()
        p = 1 / (1 + np.exp(-(A @ theta)))
        H = A.T @ (A * (p * (1 - p))[:, None])
        G = A.T @ (A * ((s - p) ** 2)[:, None])
        C = np.eye(k) - 1 / k
        Hi = np.linalg.pinv(H, rcond=1e-10)
        unit = 400 / math.log(10)
        se, sand = unit * np.sqrt(np.diag(C @ Hi @ C)), unit * np.sqrt(np.diag(C @ Hi @ G @ Hi @ C))
        by = lambda v: {m: float(x) for m, x in zip(models, v)}
        cases = [dict(method="bradley-terry", params={}, ratings=by(1000 + unit * theta), standardErrors=by(se), sandwichErrors=by(sand), negativeLogLikelihood=f(best.x))]
        try:
            import statsmodels.api as sm
            fit = sm.GLM(s, X, family=sm.families.Binomial()).fit(tol=1e-12)
            own = np.concatenate([[0], fit.params])
            if np.abs(own - own.mean() - theta).max() > 1e-5:
                print("statsmodels' strengths differ by", np.abs(own - own.mean() - theta).max(), best.message)
            rows = np.vstack([np.zeros(k - 1), np.eye(k - 1)])
            off = np.abs(unit * np.sqrt(np.diag(C @ rows @ fit.cov_params() @ rows.T @ C)) / se - 1).max()
            if off > 1e-4:
                print("statsmodels' errors differ by", off, len(votes), k)
        except ImportError:
            print("no statsmodels")

        def davidson(t):
            th, nu = np.concatenate([[0], t[:-1]]), np.exp(t[-1])
            d = A @ th
            z = np.logaddexp(np.logaddexp(d / 2, -d / 2), t[-1])
            ll = np.where(s == 1, d / 2, np.where(s == 0, -d / 2, t[-1])) - z
            return -ll.sum()

        got = minimize(davidson, np.zeros(k), method="BFGS", options=dict(gtol=1e-8))
        th = np.concatenate([[0], got.x[:-1]])
        tt, lam, n_ = T(th), T(got.x[-1]), len(votes)
        ties_left = any(w == "tie" for _, _, w in votes)

        def log_likelihood(v):
            d_, half = v[:k], v[k]
            a_, b_ = torch.tensor([a for a, _, _ in votes]), torch.tensor([b for _, b, _ in votes])
            logits = torch.stack([d_[a_], d_[b_], (d_[a_] + d_[b_]) / 2 + half], 1)
            seen = torch.tensor([dict(a=0, b=1, tie=2)[w] for _, _, w in votes])
            return torch.log_softmax(logits, 1).gather(1, seen[:, None])[:, 0]

        v = torch.cat([tt - tt.mean(), lam[None]])
        Hd = -torch.autograd.functional.hessian(lambda x: log_likelihood(x).sum(), v).numpy()
        Sd = torch.autograd.functional.jacobian(log_likelihood, v).numpy()
        Hp = np.linalg.pinv(Hd, rcond=1e-10)
        dav = dict(standardErrors=by(unit * np.sqrt(np.diag(Hp)[:k])), sandwichErrors=by(unit * np.sqrt(np.diag(Hp @ Sd.T @ Sd @ Hp)[:k]))) if ties_left else {}
        cases.append(dict(method="davidson", **dav, ratings=by(1000 + unit * (th - th.mean())), tieParameter=float(np.exp(got.x[-1])), negativeLogLikelihood=float(got.fun)))
        elo, kf, init = {m: float(rng.choice([1000, 1500])) for m in models[:1]}, float(rng.choice([4, 16, 32])), 0
        init = list(elo.values())[0]
        r = {m: init for m in models}
        for a, b, w in votes:
            a, b = models[a], models[b]
            e = 1 / (1 + 10 ** ((r[b] - r[a]) / 400))
            x = dict(a=1, b=0, tie=0.5)[w]
            r[a], r[b] = r[a] + kf * (x - e), r[b] + kf * ((1 - x) - (1 - e))
        cases.append(dict(method="elo", params=dict(k=kf, scale=400, base=10, initial=init), ratings=r))
        folder = out / "leaderboard" / f"scipy-{seed}-{n}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "votes.jsonl").write_text("\n".join(json.dumps(dict(modelA=models[a], modelB=models[b], winner=w)) for a, b, w in votes) + "\n")
        (folder / "expected.json").write_text(json.dumps(dict(source="scipy, statsmodels", cases=cases)))


def scaling():
    from scipy.optimize import minimize

    for n in range(max(1, count // 6)):
        E, a, b = 1.5 + rng.random(), rng.uniform(0.28, 0.45), rng.uniform(0.28, 0.45)
        A, B = rng.uniform(200, 800), rng.uniform(400, 3000)
        N, D = 10 ** rng.uniform(7, 10.3, 150), 10 ** rng.uniform(9, 11.8, 150)
        L = (E + A / N**a + B / D**b) * np.exp(rng.normal(0, 0.003, 150))
        x = T(np.stack([N, D, L]))

        def objective(v):
            t = torch.tensor(v, requires_grad=True)
            pred = torch.logsumexp(torch.stack([t[0] - t[3] * torch.log(x[0]), t[1] - t[4] * torch.log(x[1]), t[2].expand(150)]), 0)
            l = F.huber_loss(pred, torch.log(x[2]), delta=1e-3, reduction="sum")
            l.backward()
            return l.item(), t.grad.numpy()

        best = None
        for a0 in (0.2, 0.4, 0.6):
            for la in (2.0, 5.0, 8.0):
                for lb in (4.0, 7.0, 10.0):
                    got = minimize(objective, [la, lb, 0.3, a0, a0], jac=True, method="BFGS", options=dict(gtol=1e-10, maxiter=3000))
                    if best is None or got.fun < best.fun:
                        best = got
        v = best.x
        folder = out / "scaling-laws" / f"scipy-{seed}-{n}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "runs.csv").write_text("parameters,tokens,loss\n" + "\n".join(f"{p!r},{d!r},{l!r}" for p, d, l in zip(N.tolist(), D.tolist(), L.tolist())) + "\n")
        (folder / "expected.json").write_text(json.dumps(dict(form="L = E + A/N^alpha + B/D^beta", huberSum=best.fun, A=math.exp(v[0]), B=math.exp(v[1]), E=math.exp(v[2]), alpha=v[3], beta=v[4], tolerance=dict(E=1e-3, alpha=1e-3, beta=1e-3, logA=0.02, logB=0.02))))


policy_and_reward()
optimizers()
leaderboards()
scaling()
try:
    preference()
except ImportError as e:
    print("no trl:", e)

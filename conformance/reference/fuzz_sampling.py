#!/usr/bin/env python3
"""Random golden cases of the kind sampling, computed by transformers' logits processors and by llama.cpp's samplers, whichever can be imported:

    python fuzz_sampling.py OUT [SEED] [CASES] [GGUF]
    pnpm conformance sampling OUT

Rows have 2 to 400 ids; some hold ties, -inf, all the same logit, or gaps so wide that probabilities underflow. Needs torch and transformers, or
llama_cpp (llama-cpp-python); each writes its own
group. DRY of llama.cpp wants a vocabulary: GGUF is any small file that has one."""
import ctypes, json, math, sys
from pathlib import Path

import numpy as np

out, seed, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[3]) if len(sys.argv) > 3 else 40
rng = np.random.default_rng(seed)
inf = float("inf")
pick = lambda *choices: choices[int(rng.integers(len(choices)))]


def emit(name, cases):
    folder = out / "sampling" / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "cases.jsonl", "w") as f:
        for c in cases:
            f.write(json.dumps(c) + "\n")


def row(ties=True, masked=True, size=None):
    """float32 logits of one row"""
    v = size or int(pick(2, 3, 7, 12, 50, 130, 400))
    x = rng.normal(0, pick(0.01, 1.0, 3.0, 20.0), v)
    kind = pick("plain", "plain", "plain", "ties", "flat", "peak", "masked")
    if kind == "ties" and ties:
        x = np.round(x * 2) / 2
    if kind == "flat" and ties:
        x = np.full(v, pick(0.0, -3.0, 5.5))
    if kind == "peak":
        x[rng.integers(v)] += 60
    if kind == "masked" and masked:
        x[rng.permutation(v)[: int(rng.integers(1, v))]] = -inf
    return x.astype(np.float32)


def listed(x):
    return [None if a == -inf else float(a) for a in np.asarray(x, dtype=np.float64)]


def transformers_cases():
    import torch
    from transformers.generation import logits_process as lp

    cases = []

    def add(processor, params, x, make, prompt=(), history=()):
        ids = torch.tensor([[*prompt, *history]], dtype=torch.long)
        scores = torch.tensor(x)[None].clone()
        try:
            y = make()(ids, scores)[0].numpy()
        except (ValueError, IndexError) as e:
            return
        if np.isnan(y).any():
            return
        largest = float(np.abs(y[np.isfinite(y)]).max(initial=0.0))  # large logits are exact to their own rounding only
        cases.append(dict(processor=processor, params=params, history=[int(i) for i in history], prompt=[int(i) for i in prompt], logits=listed(x), expected=listed(y), expectedKind="logits", source="transformers", tolerance=max(1e-5, 2.5e-7 * largest)))

    for _ in range(count):
        p = float(np.float32(rng.uniform(0.001, 0.999)))
        keep = int(pick(1, 1, 1, 2, 5))
        more = {} if keep == 1 else {"minKeep": keep}
        t = float(pick(1e-3, 0.1, 0.7, 1.0, 1.5, 10.0, 1e3))
        x = row()
        add("temperature", {"temperature": t}, x, lambda: lp.TemperatureLogitsWarper(t))
        x, k = row(), int(pick(1, 2, 5, 40, 1000))
        add("topK", {"k": k}, x, lambda: lp.TopKLogitsWarper(k))
        x = row(ties=False)
        add("topP", {"p": p, **more}, x, lambda: lp.TopPLogitsWarper(p, min_tokens_to_keep=keep))
        x, m = row(ties=keep == 1), float(pick(1e-4, 0.05, 0.3, 0.99, 1.0))
        add("minP", {"p": m, **more}, x, lambda: lp.MinPLogitsWarper(m, min_tokens_to_keep=keep))
        x = row(ties=False)
        add("typicalP", {"mass": p, **more}, x, lambda: lp.TypicalLogitsWarper(p, min_tokens_to_keep=keep))
        x, e = row(), float(pick(1e-5, 3e-4, 9e-4, 0.01, 0.2, 0.9))
        add("epsilonCutoff", {"epsilon": e, **more}, x, lambda: lp.EpsilonLogitsWarper(e, min_tokens_to_keep=keep))
        x = row()
        add("etaCutoff", {"epsilon": e, **more}, x, lambda: lp.EtaLogitsWarper(e, min_tokens_to_keep=keep))
        x, h = row(ties=False, masked=False), float(pick(0.05, 0.4, 0.8, 0.99))
        add("topH", {"topH": h}, x, lambda: lp.TopHLogitsWarper(h))
        x = row()
        v = len(x)
        draw = lambda n, most=v: [int(i) for i in rng.integers(0, most, n)]
        prompt, history = draw(int(rng.integers(0, 6))), draw(int(rng.integers(1, 40)), min(v, 5))
        r = float(pick(0.5, 1.0, 1.2, 5.0, 100.0))
        add("repetitionPenalty", {"penalty": r}, x, lambda: lp.RepetitionPenaltyLogitsProcessor(r), prompt, history)
        add("encoderRepetitionPenalty", {"penalty": r, "encoderIds": (enc := draw(6, min(v, 6)))}, x, lambda: lp.EncoderRepetitionPenaltyLogitsProcessor(r, torch.tensor([enc])), prompt, history)
        n = int(pick(1, 2, 3, 4, 60))
        add("noRepeatNgram", {"size": n}, x, lambda: lp.NoRepeatNGramLogitsProcessor(n), prompt, history)
        add("encoderNoRepeatNgram", {"size": n, "encoderIds": (enc2 := draw(30, min(v, 5)))}, x, lambda: lp.EncoderNoRepeatNGramLogitsProcessor(n, torch.tensor([enc2])), prompt, history)
        tail = [*prompt, *history]
        words = [tail[-int(rng.integers(1, 4)):] + draw(1) for _ in range(2)] + [draw(int(rng.integers(1, 4))) for _ in range(3)]
        words = [list(w) for w in {tuple(w) for w in words}]
        if len({w[-1] for w in words if len(w) == 1}) < v:
            add("badWords", {"sequences": words}, x, lambda: lp.NoBadWordsLogitsProcessor(words, eos_token_id=None), prompt, history)
            bias = [[w, float(pick(-2.5, 4.0, -100.0, 0.25))] for w in words]
            add("sequenceBias", {"biases": bias}, x, lambda: lp.SequenceBiasLogitsProcessor(bias), prompt, history)
        ids = sorted(set(draw(int(rng.integers(1, 4)))))
        add("suppressTokens", {"ids": ids}, x, lambda: lp.SuppressTokensLogitsProcessor(ids), prompt, history)
        begin = len(prompt) + int(pick(0, len(history)))
        add("beginSuppressTokens", {"ids": ids, "beginIndex": begin}, x, lambda: lp.SuppressTokensAtBeginLogitsProcessor(ids, begin), prompt, history)
        need, eos = int(pick(0, 1, len(history), len(history) + 1, 100)), ids[: int(pick(1, 2))]
        add("minNewTokens", {"promptLength": len(prompt), "minNewTokens": need, "eos": eos}, x, lambda: lp.MinNewTokensLengthLogitsProcessor(len(prompt), need, eos), prompt, history)
        least = int(pick(0, len(tail), len(tail) + 1, 100))
        add("minLength", {"minLength": least, "eos": eos}, x, lambda: lp.MinLengthLogitsProcessor(least, eos), prompt, history)
        add("forcedBos", {"bos": ids[0]}, x, lambda: lp.ForcedBOSTokenLogitsProcessor(ids[0]), prompt, history)
        longest = len(tail) + int(pick(0, 1, 2))
        add("forcedEos", {"maxLength": longest, "eos": ids[0]}, x, lambda: lp.ForcedEOSTokenLogitsProcessor(longest, ids[0]), prompt, history)
        start, factor = int(pick(0, 2, len(history) - 1, 100)), float(pick(1.0, 1.05, 1.5, 0.9))
        y = np.where(np.isinf(x), np.float32(-50), x)
        add("exponentialDecayLength", {"start": start, "factor": factor, "eos": eos}, y, lambda: lp.ExponentialDecayLengthPenalty((start, factor), eos, len(prompt)), prompt, history)
        add("logitNormalization", {}, x, lambda: lp.LogitNormalization())
        z = row(masked=False, size=v)
        y = np.where(np.isinf(x), np.float32(-50), x)
        scale = float(pick(1.0, 1.5, 3.0, 7.5))
        both = torch.tensor(np.stack([y, z]))
        if scale > 1:
            got = lp.ClassifierFreeGuidanceLogitsProcessor(scale)(torch.zeros((1, 1), dtype=torch.long), torch.log_softmax(both, -1))[0].numpy()
            cases.append(dict(processor="guidance", params={"scale": scale, "unconditional": listed(z)}, history=[], prompt=[], logits=listed(y), expected=listed(got), expectedKind="logits", source="transformers", tolerance=max(1e-5, 5e-7 * float(np.abs(got).max()))))
    emit(f"transformers-{seed}", cases)


def llamacpp_cases():
    import llama_cpp as L

    cases, vocab = [], None
    if len(sys.argv) > 4:
        options = L.llama_model_default_params()
        options.vocab_only = True
        model = L.llama_model_load_from_file(sys.argv[4].encode(), options)
        vocab = L.llama_model_get_vocab(model)

    def add(processor, params, sampler, history=(), size=None, ties=True, tolerance=1e-5, keep=None):
        x = row(ties, masked=False, size=size).astype(np.float64)
        if keep is not None and not keep(x):  # on nearly flat rows the k of mirostat 1 overflows an int, which C++ leaves undefined
            return
        x = np.maximum(x, x.max() - 40)
        probs = np.exp(x - x.max())
        probs /= probs.sum()
        logits = np.log(probs.astype(np.float32)).astype(np.float32)
        v = len(x)
        data = (L.llama_token_data * v)(*[L.llama_token_data(i, float(logits[i]), 0.0) for i in range(v)])
        row_ = L.llama_token_data_array(data, v, -1, False)
        chain = L.llama_sampler_chain_init(L.llama_sampler_chain_default_params())
        L.llama_sampler_chain_add(chain, sampler)
        for t in history:
            L.llama_sampler_accept(chain, int(t))
        L.llama_sampler_apply(chain, ctypes.byref(row_))
        left = [(row_.data[i].id, row_.data[i].logit) for i in range(row_.size) if row_.data[i].logit > -inf]
        L.llama_sampler_free(chain)
        z = np.array([l for _, l in left], dtype=np.float64)
        w = np.exp(z - z.max())
        law = {i: float(p) for (i, _), p in zip(left, w / w.sum())}
        cases.append(dict(processor=processor, params=params, history=[int(t) for t in history], probs=[float(p) for p in probs.astype(np.float32)], expected=[law.get(i, 0.0) for i in range(v)], expectedKind="remaining probabilities as a multiset", tolerance=tolerance, source="llama.cpp"))

    for _ in range(count):
        p = float(np.float32(rng.uniform(0.001, 0.999)))
        k = int(pick(0, 1, 3, 40, 5000))
        add("topK", {"k": k}, L.llama_sampler_init_top_k(k))
        q = pick(p, 0.0, 1.0)
        add("topP", {"p": q}, L.llama_sampler_init_top_p(q, 1), ties=False)
        m = float(pick(0.0, 0.05, 0.31, 0.97))
        add("minP", {"p": m}, L.llama_sampler_init_min_p(m, 1), ties=False)
        add("typicalP", {"p": p}, L.llama_sampler_init_typical(p, 1), ties=False)
        t = float(pick(0.0, -1.0, 0.05, 0.7, 1.0, 3.0))
        add("temperature", {"temp": t}, L.llama_sampler_init_temp(t), ties=False, tolerance=1e-4)
        t, d, e = float(pick(0.5, 1.0, 2.0)), float(pick(0.0, 0.3, 1.5)), float(pick(0.5, 1.0, 2.0))
        add("dynamicTemperature", {"temp": t, "delta": d, "exponent": e}, L.llama_sampler_init_temp_ext(t, d, e), ties=False, tolerance=1e-4)
        chance, th = pick(0.0, 1.0), float(pick(0.02, 0.1, 0.3, 0.6))
        add("xtc", {"p": chance, "t": th}, L.llama_sampler_init_xtc(chance, th, 1, 7), ties=False)
        n = float(pick(-1.0, 0.0, 0.5, 1.0, 2.5))
        add("topNSigma", {"n": n}, L.llama_sampler_init_top_n_sigma(n), ties=False)
        v = int(pick(3, 6, 50))
        history = [int(i) for i in rng.integers(0, min(v, int(pick(2, 5, 50))), int(pick(1, 8, 63, 200)))]
        r, f, s = float(pick(1.0, 1.1, 5.0, 0.8)), float(pick(0.0, 0.3, -0.2)), float(pick(0.0, 0.5, -0.4))
        last = int(pick(1, 5, 64, 1000))
        add("penalties", {"penalty_last_n": last, "repeat_penalty": r, "alpha_frequency": f, "alpha_presence": s}, L.llama_sampler_init_penalties(v, last, r, f, s), history, v, tolerance=1e-4)
        tau, eta = float(pick(0.5, 2.0, 5.0)), float(pick(0.1, 1.0))
        add("mirostat", {"version": 2, "tau": tau, "eta": eta}, L.llama_sampler_init_mirostat_v2(7, tau, eta), ties=False, tolerance=1e-4)
        v, m = int(pick(12, 130, 400)), int(pick(10, 100))
        add("mirostat", {"version": 1, "tau": tau, "eta": eta, "m": m}, L.llama_sampler_init_mirostat(v, 7, tau, eta, m), size=v, ties=False, tolerance=1e-4, keep=lambda x: x.std() > 0.5)
        aim, decay = float(pick(0.0, 0.3, 0.7, 1.0)), float(pick(0.0, 0.5, 0.9, 0.99))
        add("adaptiveP", {"target": aim, "decay": decay}, L.llama_sampler_init_adaptive_p(aim, decay, 7), tolerance=1e-4)
        if vocab is not None:
            v = int(pick(3, 6, 50))
            history = [int(i) for i in rng.integers(0, min(v, int(pick(2, 3, 5))), int(pick(1, 8, 63, 300)))]
            mult, base, allowed, last = float(pick(0.3, 1.0, 2.0)), float(pick(1.0, 1.1, 1.75, 3.0)), int(pick(1, 2, 4)), int(pick(1, 4, 64, 1000))
            add("dry", {"multiplier": mult, "base": base, "allowed_length": allowed, "penalty_last_n": last, "seq_breakers": []},
                L.llama_sampler_init_dry(vocab, mult, base, allowed, last, None, 0), history, v, tolerance=1e-4)
    emit(f"llamacpp-{seed}", cases)


for part in (transformers_cases, llamacpp_cases):
    try:
        part()
    except ImportError as e:
        print("left out:", e)

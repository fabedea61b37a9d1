"""Trains the embedded model on stories, one story a row, under a schedule bound to the clock.

    train.py --tokenizer tokenizer.json --train train.txt --valid valid.txt --out run/ --seconds 4200

The learning rate warms up, stays, and falls linearly to zero over the last part of the allotted time, so the run always
ends finished. Muon for the matrices of the layers, AdamW for the embedding and the norms. Writes run/log.jsonl,
run/latest.pt (with the moving average of the weights) and run/final.pt.
"""
import argparse
import copy
import json
import math
import os
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from tokenizers import Tokenizer

from model import CONFIG, Llama

END = "<|endoftext|>"


def read_rows(tokenizer: Tokenizer, path: str, cache: str | None = None):
    """All stories as one uint16 array and the offsets of their beginnings."""
    if cache and os.path.exists(cache):
        saved = np.load(cache)
        return saved["ids"], saved["starts"]
    with open(path, encoding="utf-8") as file:
        stories = file.read().split(END + "\n")[:-1]
    pieces, sizes = [], []
    for begin in range(0, len(stories), 10000):
        for encoding in tokenizer.encode_batch(stories[begin : begin + 10000], add_special_tokens=False):
            pieces.append(np.asarray(encoding.ids, dtype=np.uint16))
            sizes.append(len(encoding.ids))
    ids, starts = np.concatenate(pieces), np.concatenate(([0], np.cumsum(sizes)))
    if cache:
        np.savez(cache, ids=ids, starts=starts)
    return ids, starts


def batches(ids, starts, rows: int, rng: np.random.Generator):
    """Endless batches of stories of like length: inputs END+story, targets story+END, padded with 0 / -1."""
    while True:
        order = rng.permutation(len(starts) - 1)
        for begin in range(0, len(order) - rows * 64 + 1, rows * 64):
            window = order[begin : begin + rows * 64]
            window = window[np.argsort(starts[window + 1] - starts[window], kind="stable")]
            for group in rng.permutation(64):
                yield batch_of(ids, starts, window[group * rows : (group + 1) * rows])


def batch_of(ids, starts, chosen):
    width = -(-int((starts[chosen + 1] - starts[chosen]).max() + 1) // 16) * 16
    inputs = np.zeros((len(chosen), width), dtype=np.int64)
    targets = np.full((len(chosen), width), -1, dtype=np.int64)
    for row, story in enumerate(chosen):
        text = ids[starts[story] : starts[story + 1]]
        inputs[row, 1 : len(text) + 1] = text
        targets[row, : len(text)] = text
        targets[row, len(text)] = 0
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def orthogonal(g, steps: int = 5):
    """Newton-Schulz iteration of Muon: the nearest (semi-)orthogonal matrix, about."""
    x = g / (g.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if tall else x


class Muon:
    def __init__(self, parameters, momentum: float = 0.95, weight_decay: float = 0.01):
        self.parameters, self.momentum, self.weight_decay = list(parameters), momentum, weight_decay
        self.buffers = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for p, buffer in zip(self.parameters, self.buffers):
            buffer.lerp_(p.grad, 1 - self.momentum)
            update = orthogonal(p.grad.lerp(buffer, self.momentum))
            p.mul_(1 - rate * self.weight_decay)
            p.add_(update, alpha=-rate * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def share(model, loss: float, passed: float, workers: int):
    """Averages gradients, loss and the clock over the workers in one message, so all of them see the same numbers."""
    if workers == 1:
        return loss, passed
    gradients = [p.grad for p in model.parameters()]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([loss, passed])])
    dist.all_reduce(flat)
    flat /= workers
    offset = 0
    for g in gradients:
        g.copy_(flat[offset : offset + g.numel()].view_as(g))
        offset += g.numel()
    return float(flat[-2]), float(flat[-1])


@torch.no_grad()
def bits_per_byte(model, ids, starts, byte_count: int, rows: int = 16) -> float:
    order = np.argsort(np.diff(starts), kind="stable")
    nats, count = 0.0, 0
    for begin in range(0, len(order), rows):
        inputs, targets = batch_of(ids, starts, order[begin : begin + rows])
        tokens = int((targets >= 0).sum())
        nats += float(model(inputs, targets)) * tokens
        count += tokens
    return nats / math.log(2) / byte_count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--valid", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--adam-rate", type=float, default=0.004)
    parser.add_argument("--decay-part", type=float, default=0.35)
    parser.add_argument("--warmup-steps", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread; they share each batch")
    parser.add_argument("--resume", help="a checkpoint to go on from (weights only; momenta start anew)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-seconds", type=float, default=240)
    parser.add_argument("--bfloat16", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29517")
    if options.workers == 1:
        work(0, options)
    else:
        mp.spawn(work, (options,), nprocs=options.workers)


def work(rank: int, options) -> None:
    """One process. Threads of one process would spin at barriers when the machine is shared; processes wait asleep."""
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if options.workers > 1:
        dist.init_process_group("gloo", rank=rank, world_size=options.workers)
    os.makedirs(options.out, exist_ok=True)
    tokenizer = Tokenizer.from_file(options.tokenizer)
    cache = os.path.join(options.out, "train.npz")
    if rank == 0:
        read_rows(tokenizer, options.train, cache)
    if options.workers > 1:
        dist.barrier()
    ids, starts = read_rows(tokenizer, options.train, cache)
    valid_ids, valid_starts = read_rows(tokenizer, options.valid)
    valid_starts = valid_starts[:201]
    valid_bytes = len(tokenizer.decode(valid_ids[: valid_starts[-1]].tolist()).encode()) + len(valid_starts) - 1
    model = Llama()
    parameters = sum(p.numel() for p in model.parameters())
    if rank == 0:
        print(f"{parameters} parameters, {len(starts) - 1} stories, {len(ids)} tokens", flush=True)
    start = {"step": 0, "seconds": 0, "tokens": 0}
    if options.resume:
        start = torch.load(options.resume, weights_only=True)
        model.load_state_dict(start["model"])
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=options.adam_rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
    average = copy.deepcopy(model)
    log = open(os.path.join(options.out, "log.jsonl"), "a", encoding="utf-8") if rank == 0 else None
    begin = time.time()
    saved, step, seen, running, passed = begin, start["step"], start["tokens"], None, 0.0
    first = step

    def save(name: str, finished: bool) -> None:
        bpb = bits_per_byte(model if finished else average, valid_ids, valid_starts, valid_bytes)
        record = {"step": step, "seconds": round(start["seconds"] + time.time() - begin), "tokens": seen, "bitsPerByte": round(bpb, 5)}
        torch.save({"model": (model if finished else average).state_dict(), **record}, os.path.join(options.out, name))
        log.write(json.dumps(record) + "\n")
        log.flush()
        print(record, flush=True)

    for inputs, targets in batches(ids, starts, options.rows, np.random.default_rng(options.seed + first)):
        if passed >= 1:
            break
        scale = min(1, (step - first + 1) / options.warmup_steps, (1 - passed) / options.decay_part)
        mine = slice(rank, None, options.workers)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bfloat16):
            loss = model(inputs[mine], targets[mine])
        if not torch.isfinite(loss):
            raise ArithmeticError(f"loss: expected a finite number, got {loss.item()} at step {step}")
        loss.backward()
        value, passed = share(model, loss.item(), (time.time() - begin) / options.seconds, options.workers)
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        muon.step(options.muon_rate * scale)
        for group in adam.param_groups:
            group["lr"] = options.adam_rate * scale
        adam.step()
        model.zero_grad(set_to_none=True)
        decay = min(0.995, step / (step + 10))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters()):
                slow.lerp_(fast, 1 - decay)
        step += 1
        seen += int((targets >= 0).sum())
        running = value if running is None else 0.95 * running + 0.05 * value
        if rank != 0:
            continue
        if step % 20 == 0:
            elapsed = time.time() - begin
            record = {"step": step, "seconds": round(start["seconds"] + elapsed, 1), "tokens": seen, "loss": round(running, 4),
                      "tokensPerSecond": round((seen - start["tokens"]) / elapsed), "scale": round(scale, 4)}
            log.write(json.dumps(record) + "\n")
            if step % 100 == 0:
                print(record, flush=True)
                log.flush()
        if time.time() - saved > options.checkpoint_seconds:
            saved = time.time()
            save("latest.pt", False)
    if rank == 0:
        save("final.pt", True)
    if options.workers > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Blocks of random bytes of every quantised type that gguf-py reads, as golden cases of the kind quantization:

    python fuzz_quantization.py OUT [SEED] [ROWS]
    pnpm conformance quantization OUT

Random bytes reach codes and scales that no quantiser writes. The half-precision scales are made finite: what infinity times 0 gives is no value.
Needs gguf, numpy, safetensors."""
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import _type_traits, dequantize
from safetensors.numpy import save_file

out, seed, rows = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[3]) if len(sys.argv) > 3 else 16
rng = np.random.default_rng(seed)
folder = out / "quantization"
folder.mkdir(parents=True, exist_ok=True)
np.seterr(all="ignore")
for kind, traits in _type_traits.items():
    _, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = []
    while len(blocks) < rows:
        raw = rng.integers(0, 256, (1, size * 4), dtype=np.uint8)
        values = dequantize(raw, kind)
        if np.isfinite(values).all():
            blocks.append(raw[0])
    raw = np.stack(blocks)
    save_file({"blocks": raw, "values": np.ascontiguousarray(dequantize(raw, kind), dtype=np.float32)}, folder / f"{kind.name.lower()}.safetensors")
    print(kind.name, raw.shape)

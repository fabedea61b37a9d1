"""Writes packages/core/src/weights/quantization/fixtures/quantize.json: float32 rows and the bytes that gguf-py (the reference) packs them into.

    pip install gguf numpy && python scripts/make-quantize-fixture.py
"""

import base64
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import quantize

rng = np.random.default_rng(20261123)
rows = [
    rng.standard_normal(256),
    rng.standard_normal(256) * 1e-6,  # scales that are subnormal in binary16
    rng.standard_normal(256) * 3e4,
    rng.integers(-8, 8, 256) * 0.25,  # many ties
    np.zeros(256),
    np.where(np.arange(256) % 32 == 7, -5.0, rng.standard_normal(256) * 0.01),  # one value rules its block
]
values = np.asarray(rows, dtype=np.float32)
out = {"values": values, "F16": values.astype(np.float16)}
for name in ("BF16", "Q8_0", "Q4_0"):
    out[name] = quantize(values, getattr(T, name))
path = pathlib.Path(__file__).parents[1] / "packages/core/src/weights/quantization/fixtures/quantize.json"
path.write_text(json.dumps({k: base64.b64encode(v.tobytes()).decode() for k, v in out.items()}, indent=1) + "\n")

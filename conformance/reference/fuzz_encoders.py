"""Random checkpoints of text encoders with the reference's vectors, to look for one that we read otherwise than transformers does:

    python conformance/reference/fuzz_encoders.py DIR [COUNT] [SEED]      then      npx pnpm conformance embeddings DIR

Needs torch, transformers 5.24 and tokenizers. Weights are seeded noise, rounded to bfloat16. conformance/cases/embeddings is `--cases`: one of each family that ../shared/goldens
leaves out, with embeddings narrower than the layers, layers that share parameters, and texts longer than the far distances.
"""

import json
import os
import random
import sys

import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = 48
CASES = {
    "albert-groups": ("Albert", dict(embedding_size=12, num_hidden_layers=5, num_hidden_groups=2, hidden_act="gelu_new"), "mean"),
    "electra-narrow": ("Electra", dict(embedding_size=20), "cls"),
    "mpnet-mean": ("MPNet", dict(max_position_embeddings=210), "mean"),
}


def tokenizer(pad: int) -> Tokenizer:
    special = ["[CLS]", "[SEP]", "[UNK]"]
    special.insert(pad, "[PAD]")
    vocab = {token: i for i, token in enumerate(special + [f"w{i}" for i in range(WORDS)])}
    made = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(special)
    ends = [("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


def draw(r: random.Random) -> tuple[str, dict, str]:
    family = r.choice(["Albert", "Albert", "MPNet", "MPNet", "Electra", "Electra", "Bert", "Roberta", "DistilBert", "Ernie"])
    heads = r.choice([2, 4])
    o: dict = dict(num_attention_heads=heads, hidden_size=heads * r.choice([4, 8, 12]), intermediate_size=r.choice([20, 48]), num_hidden_layers=r.randint(1, 5),
                   hidden_act=r.choice(["gelu", "gelu_new", "relu", "silu"]), layer_norm_eps=r.choice([1e-12, 1e-5]), max_position_embeddings=r.choice([64, 210]))
    if family == "Albert":
        o.update(embedding_size=r.choice([6, 12, o["hidden_size"]]), num_hidden_groups=r.randint(1, o["num_hidden_layers"]))
    if family == "Electra":
        o.update(embedding_size=r.choice([6, 20, o["hidden_size"]]))
    if family in ("Albert", "Electra", "Bert"):
        o["type_vocab_size"] = r.choice([1, 2, 3])
    if family == "DistilBert":
        o = dict(dim=o["hidden_size"], hidden_dim=o["intermediate_size"], n_heads=heads, n_layers=o["num_hidden_layers"], activation=r.choice(["gelu", "relu"]),
                 max_position_embeddings=o["max_position_embeddings"])
    return family, o, r.choice(["mean", "cls", "last"])


def make(folder: str, family: str, options: dict, pooling: str, seed: int) -> None:
    r = random.Random(seed)
    torch.manual_seed(seed)
    pad = 1 if family in ("MPNet", "Roberta") else 0
    base = dict(vocab_size=WORDS + 4, pad_token_id=pad)
    if family != "DistilBert":
        base.update(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=64)
    config = getattr(hf, family + "Config")(**{**base, **options})
    model = getattr(hf, family + "Model")(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter) * (0.3 if parameter.dim() > 1 else 0.2)
            parameter.copy_((noise + (1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0)).to(torch.bfloat16).float())
    os.makedirs(folder, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    model.to(torch.float32)
    words = tokenizer(pad)
    words.save(os.path.join(folder, "tokenizer.json"))
    longest = config.max_position_embeddings - 4
    sizes = [1, 2, 7, 19, r.randint(20, longest), longest]
    texts = [" ".join(f"w{r.randrange(WORDS + 2)}" for _ in range(size)) for size in sizes]
    with open(os.path.join(folder, "cases.jsonl"), "w") as file:
        for text in texts:
            ids = words.encode(text).ids
            with torch.no_grad():
                hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0].double()
            vector = hidden.mean(0) if pooling == "mean" else hidden[0 if pooling == "cls" else -1]
            vector = vector / vector.norm()
            file.write(json.dumps({"text": text, "ids": ids, "embedding": [round(x, 7) for x in vector.tolist()]}) + "\n")
    with open(os.path.join(folder, "meta.json"), "w") as file:
        json.dump({"source": f"transformers {hf.__version__}, random weights", "pooling": pooling, "normalize": True}, file, indent=1)


if __name__ == "__main__":
    out = sys.argv[1]
    if out == "--cases":
        out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases")
        for i, (name, case) in enumerate(CASES.items()):
            make(os.path.join(out, "embeddings", name), *case, seed=i)
    else:
        count, seed = int((sys.argv + ["", "20"])[2] or 20) if len(sys.argv) > 2 else 20, int(sys.argv[3]) if len(sys.argv) > 3 else 0
        r = random.Random(seed)
        for i in range(count):
            family, options, pooling = draw(r)
            make(os.path.join(out, "embeddings", f"{i:03}-{family.lower()}"), family, options, pooling, seed * 1000 + i)

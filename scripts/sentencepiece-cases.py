"""Trains little SentencePiece models of every type with every normalisation flag and writes what the library says of nasty strings, for
sentencepiece-check.ts (pip install sentencepiece).

    python scripts/sentencepiece-cases.py DIRECTORY CORPUS [COUNT] [SEED]
"""
import base64
import json
import os
import random
import sys

import sentencepiece as spm

directory, corpus = sys.argv[1], sys.argv[2]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 24
rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)

ATOMS = (
    "the| the|Hello| world|e|ing|  |   | |\n|\t|\r\n|0|12|3.14|'s|_|-|...|$|\u00e9|e\u0301|\u0301|\u00df|\u0130|\u65e5|\u672c\u8a9e|"
    "\uff76\uff9e|\ufb01|\u00bd|\ud55c\uad6d|\u1100\u1161|\u0e44\u0e17\u0e22|\U0001f600|\u00a0|\u3000|\u200b|\ufeff|\u0085|\u00ad|\u2581|"
    "\u2581\u2581|<s>|</s>|<unk>|<sep>|<user>|[MASK]|\uff21\uff22|\u2460|\u33a1|\x07|\u200d|A|zzz|qx|\u1e9b\u0323"
).split("|")


def text():
    return "".join(rng.choice(ATOMS) for _ in range(rng.randint(0, 9)))


for i in range(count):
    kind = ["unigram", "bpe", "char", "word"][i % 4]
    flag = lambda p=0.5: rng.random() < p
    options = dict(
        model_type=kind,
        vocab_size=rng.choice([150, 300, 500]),
        character_coverage=rng.choice([1.0, 0.98]),
        normalization_rule_name=rng.choice(["nmt_nfkc", "nfkc", "identity", "nmt_nfkc_cf", "nfkc_cf"]),
        add_dummy_prefix=flag(0.7),
        remove_extra_whitespaces=flag(),
        split_by_whitespace=flag(0.7),
        split_by_unicode_script=flag(),
        split_by_number=flag(),
        split_digits=flag(0.3),
        treat_whitespace_as_suffix=flag(0.25),
        allow_whitespace_only_pieces=flag(),
        byte_fallback=flag(0.4) and kind in ("unigram", "bpe"),
        hard_vocab_limit=False,
        user_defined_symbols=rng.choice([[], ["<sep>"], ["<sep>", "e", "  "]]),
        control_symbols=rng.choice([[], ["<user>", "[MASK]"]]),
        minloglevel=2,
    )
    if options["byte_fallback"]:
        options["vocab_size"] += 260
    if kind in ("char", "word"):
        options["use_all_vocab"] = flag()
    path = os.path.join(directory, f"model-{i}")
    try:
        spm.SentencePieceTrainer.train(input=corpus, model_prefix=path, **options)
    except Exception as error:
        print("skipped", i, str(error)[:120])
        continue
    model = spm.SentencePieceProcessor(model_file=path + ".model")
    cases = []
    for _ in range(400):
        t = text()
        ids = model.encode(t)
        cases.append({"text": t, "ids": ids, "decoded": model.decode(ids)})
    random_ids = []
    for _ in range(60):
        ids = [rng.randrange(model.get_piece_size()) for _ in range(rng.randint(0, 8))]
        random_ids.append({"ids": ids, "decoded": model.decode(ids)})
    with open(path + ".json", "w") as out:
        json.dump({"options": options, "cases": cases, "ids": random_ids}, out)
    os.remove(path + ".vocab")
print("written to", directory)

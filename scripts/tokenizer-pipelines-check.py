"""Checks what `WRITE=FILE ... scripts/tokenizer-pipelines.ts` wrote against the Python package `tokenizers` (pip install tokenizers).

    python scripts/tokenizer-pipelines-check.py FILE [MOST]
"""
import json
import sys

from tokenizers import Tokenizer


def columns(e, pair):
    row = {
        "ids": e.ids,
        "typeIds": e.type_ids,
        "tokens": e.tokens,
        "attentionMask": e.attention_mask,
        "specialTokensMask": e.special_tokens_mask,
        "wordIds": e.word_ids,
    }
    if pair is None:
        row["offsets"] = [list(o) for o in e.offsets]
    return row


def main():
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    compared = differing = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        row = json.loads(line)
        try:
            tokenizer = Tokenizer.from_str(json.dumps(row["json"]))
        except BaseException as error:  # it normalises added tokens when it reads them, and panics where a stage makes nothing of one
            if "Panic" not in repr(error):
                raise
            continue
        for case in row["cases"]:
            text, pair, special = case["text"], case["pair"], case["addSpecialTokens"]
            try:
                e = tokenizer.encode(text, pair, add_special_tokens=special)
            except BaseException as error:
                if "KeyboardInterrupt" in repr(error):
                    raise
                continue
            compared += 1
            expected = {**columns(e, pair), "fast": e.ids, "overflowing": [columns(o, pair) for o in e.overflowing]}
            for key, skip in (("decoded", False), ("skipped", True)):
                try:
                    expected[key] = tokenizer.decode(e.ids, skip_special_tokens=skip)
                except BaseException as error:  # the reference panics where a Strip decoder takes more than there is
                    if "KeyboardInterrupt" in repr(error):
                        raise
            if "the special tokens added" in case.get("error", ""):
                continue  # the reference subtracts below zero there and cuts nothing
            if "error" in case:
                wrong = {"error": (case["error"], None)}
            else:
                wrong = {k: (v, case[k]) for k, v in expected.items() if v != case[k]}
            if not wrong:
                continue
            differing += 1
            if differing <= most:
                settings = {k: v for k, v in row["json"]["model"].items() if k not in ("vocab", "merges")}
                stages = {**row["json"], "model": settings}
                print(repr(text), repr(pair), special, json.dumps(stages, ensure_ascii=False)[:3000])
                for key, (theirs, ours) in wrong.items():
                    print(" ", key, "\n    reference", theirs, "\n    ours     ", ours)
        if row.get("batch"):
            try:
                expected = [e.ids for e in tokenizer.encode_batch(row["batch"]["texts"])]
            except BaseException as error:
                if "KeyboardInterrupt" in repr(error):
                    raise
                continue
            compared += 1
            if expected != row["batch"]["ids"]:
                differing += 1
                print("batch", row["batch"], "\n  reference", expected)
    print(f"{compared} strings, {differing} differences")
    sys.exit(1 if differing else 0)


main()

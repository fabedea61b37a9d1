"""Golden cases of GGUF vocabularies: what llama.cpp makes of random texts.

    python scripts/gguf-vocabulary-cases.py FOLDER SEED NAME [NAME ...]      then: pnpm conformance tokenizers FOLDER

NAME is a `tokenizer.ggml.pre` of byte-level BPE, llama, t5 or bert for the other models, or the path of a GGUF file whose vocabulary is taken. The merges of byte-level BPE are learned without any cut, across
spaces, digits and scripts, so that a text cut elsewhere gets other ids. A name that llama.cpp does not know is said and left out.
Needs gguf, tokenizers and llama_cpp_python.

Where the two differ on purpose: llama.cpp composes nothing (NFC) and reads Lu, Ll and M as plain letters in some expressions (gpt-4o, tekken, youtu, kimi-k2,
tiny_aya, afmoe), and takes digits together in deepseek-llm and falcon; ours has what the models' own tokenizer.json have.
"""

import ctypes
import json
import os
import random
import shutil
import sys
import unicodedata

import gguf
import llama_cpp
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

WORDS = (
    "the The THE don't I'll they'RE we'Ve it's d'accord x86_64 foo_bar fooBar HTTPServer camelCase \u00c4pfel \u00fcber na\u00efve caf\u00e9 e\u0301t\u00e9 "
    "Hello, World! a.b.c http://x.y/z?q=1&r=2 {\"k\": [1, 2]} <|im_start|> $100 \u20ac50 50% 1/2 \u00bd x^2 a+b=c ~tilde~ |pipe| `tick` #tag @at _u_ -- \u2014 \u2026 "
    "\u4f60\u597d\u4e16\u754c \u3053\u3093\u306b\u3061\u306f \u30ab\u30bf\u30ab\u30ca \uc548\ub155\ud558\uc138\uc694 \u041f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420 \u03b1\u03b2\u03b3 \u0393\u0394 \u0627\u0644\u0633\u0644\u0627\u0645 "
    "\u05e9\u05dc\u05d5\u05dd \u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u1019\u103c\u1014\u103a\u1019\u102c \u1781\u17d2\u1798\u17c2\u179a \U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 \u2764\ufe0f "
    "1 12 123 1234 12345 1234567 3.14 1,000,000 \u0661\u0662\u0663 \u2460\u2461 \u216b \u00b2 \u5341\u4e8c \uff11\uff12 \u3001 \u3002 \uff01 \uff1f \u300c\u300d \u201cq\u201d \u2018s\u2019 It\u2019s \u01c5 \u02b0 \u00aa \ufb01 \U00010400 \U0001d400"
).split(" ")
SPACES = [" ", " ", " ", " ", "", "", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n", "\n ", "\u00a0", "\u3000", "\u2003", "\u200b", "\x0b", "\x0c", "\x85", "\u2028", "        "]


def text(draw: random.Random) -> str:
    parts = []
    for _ in range(draw.randint(1, 9)):
        kind = draw.random()
        if kind < 0.75:
            parts.append(draw.choice(WORDS))
        elif kind < 0.85:
            parts.append("".join(draw.choice("abcXYZ019 .,'\n\r\t/-_") for _ in range(draw.randint(1, 6))))
        elif kind < 0.9:
            parts.append(draw.choice(SPACES) * draw.randint(1, 40))
        else:
            while True:
                point = draw.choice([draw.randint(0x20, 0x2FF), draw.randint(0x300, 0x2FFF), draw.randint(0x3000, 0xD7FF), draw.randint(0xE000, 0x1FFFF)])
                if unicodedata.category(chr(point)) not in ("Cs", "Cn", "Co"):
                    break
            parts.append(chr(point) * draw.randint(1, 3))
        parts.append(draw.choice(SPACES))
    return "".join(parts)


def byte_level(draw: random.Random) -> tuple[list[str], list[str]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, limit_alphabet=256)
    tokenizer.train_from_iterator([text(draw) for _ in range(6000)], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]


def header(path: str, tokens: int) -> gguf.GGUFWriter:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(8)
    writer.add_head_count(1)
    writer.add_block_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(tokens)
    return writer


def close(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write(path: str, pre: str, tokens: list[str], merges: list[str]) -> None:
    writer = header(path, len(tokens) + 1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([*tokens, "<|endoftext|>"])
    writer.add_token_types([1] * len(tokens) + [3])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(len(tokens))
    writer.add_eos_token_id(len(tokens))
    close(writer)


NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def sentence_pieces(path: str, draw: random.Random, kind: str) -> None:
    """Scored pieces with byte fallback: merges by rank for `llama`, log-probabilities for `t5`; with and without the space in front."""
    texts = [text(draw) for _ in range(3000)]
    spaced = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always", split=draw.random() < 0.5)
    if kind == "llama":
        tokenizer = Tokenizer(models.BPE())
        trainer = trainers.BpeTrainer(vocab_size=1500, limit_alphabet=300, show_progress=False)
    else:
        tokenizer = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(vocab_size=4000, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    tokenizer.pre_tokenizer = spaced
    tokenizer.train_from_iterator(texts, trainer)
    vocab = json.loads(tokenizer.to_str())["model"]["vocab"]
    learned = [(piece, -float(rank)) for piece, rank in vocab.items()] if kind == "llama" else [(piece, score) for piece, score in vocab if piece != "<unk>"]
    pieces = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
    if kind == "llama":
        pieces += [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
    pieces += [(piece, score, NORMAL) for piece, score in learned]
    for piece in ("<tool>", "fooBar", "  "):
        if piece not in {p for p, _, _ in pieces}:
            pieces.append((piece, 0.0, USER_DEFINED))
    writer = header(path, len(pieces))
    writer.add_tokenizer_model(kind)
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece for piece, _, _ in pieces])
    writer.add_token_scores([score for _, score, _ in pieces])
    writer.add_token_types([kind for _, _, kind in pieces])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if draw.random() < 0.5:
        writer.add_add_space_prefix(draw.random() < 0.5)
    if kind == "t5":
        writer.add_remove_extra_whitespaces(draw.random() < 0.5)
    close(writer)


def word_pieces(path: str, draw: random.Random) -> None:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=4000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([text(draw) for _ in range(3000)], trainer)
    vocab = tokenizer.get_vocab()
    tokens = sorted(vocab, key=vocab.get)
    written = [t if t in special else t[2:] if t.startswith("##") else "\u2581" + t for t in tokens]
    writer = header(path, len(tokens))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(written)
    writer.add_token_types([CONTROL if t in special else NORMAL for t in tokens])
    writer.add_token_type_count(2)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_mask_token_id(4)
    close(writer)


def ids(vocab, string: str, special: bool) -> list[int]:
    data = string.encode("utf-8")
    room = (llama_cpp.llama_token * (len(data) + 16))()
    count = llama_cpp.llama_tokenize(vocab, data, len(data), room, len(data) + 16, special, False)
    assert count >= 0, count
    return list(room[:count])


def main(folder: str, seed: str, names: list[str]) -> None:
    silent = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    draw = random.Random(int(seed))
    tokens, merges = byte_level(draw)
    texts = [text(draw) for _ in range(400)]
    for pre in names:
        given = pre if pre.endswith(".gguf") else None
        if given:
            pre = os.path.basename(given)[: -len(".gguf")]
        home = os.path.join(folder, "tokenizers", f"gguf-{pre}-{seed}")
        os.makedirs(home, exist_ok=True)
        path = os.path.join(home, "vocab.gguf")
        if given:
            shutil.copy(given, path)
        elif pre in ("llama", "t5"):
            sentence_pieces(path, draw, pre)
        elif pre == "bert":
            word_pieces(path, draw)
        else:
            write(path, pre, tokens, merges)
        params = llama_cpp.llama_model_default_params()
        params.vocab_only = True
        model = llama_cpp.llama_model_load_from_file(path.encode(), params)
        if not model:
            print(f"{pre}: llama.cpp does not load it", file=sys.stderr)
            os.remove(path)
            os.rmdir(home)
            continue
        vocab = llama_cpp.llama_model_get_vocab(model)
        with open(os.path.join(home, "cases.jsonl"), "w") as file:
            for number, string in enumerate(texts):
                special = number % 8 == 0
                file.write(json.dumps({"text": string, "ids": ids(vocab, string, special), "addSpecialTokens": special, "decoded": None}) + "\n")
        llama_cpp.llama_model_free(model)


main(sys.argv[1], sys.argv[2], sys.argv[3:])

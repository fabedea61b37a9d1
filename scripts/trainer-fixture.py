"""Writes packages/tokenizer/src/trainers/fixtures/hugging-face.json: what the trainers of Hugging Face's tokenizers 0.23 learn from a small text.
Run: python scripts/trainer-fixture.py (pip install tokenizers). Word-piece ids there differ from run to run; the set of tokens is written."""
import json
import os

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

STEMS = "walk talk stalk chalk call wall tall fall ball stone store shore score snow slow flow glow grow throw light night right sight might bright".split()
ENDS = ["", "ed", "ing", "s", "er", "ers", "less", "ful", "ly", "y"]
NAMES = "Ada Bo Cem Dora Ulf".split()
lines = []
for i in range(160):
    words = [STEMS[(i * 7 + k * 5) % len(STEMS)] + ENDS[(i * 3 + k * k) % len(ENDS)] for k in range(3 + i % 4)]
    lines.append(f"{NAMES[i % 5]} said: the {' '.join(words)}, and {words[0]} again{'.!?'[i % 3]}")

unigram = Tokenizer(models.Unigram())
unigram.pre_tokenizer = pre_tokenizers.Metaspace()
unigram.train_from_iterator(lines, trainers.UnigramTrainer(vocab_size=120, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
pieces = json.loads(unigram.to_str())["model"]["vocab"]
word_piece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
word_piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
word_piece.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[UNK]"], min_frequency=2, show_progress=False))
path = os.path.join(os.path.dirname(__file__), "..", "packages", "tokenizer", "src", "trainers", "fixtures", "hugging-face.json")
with open(path, "w") as out:
    json.dump({"lines": lines, "unigram": pieces, "wordPiece": sorted(word_piece.get_vocab())}, out, ensure_ascii=False, separators=(",", ":"))
    out.write("\n")
print(len(pieces), len(word_piece.get_vocab()))

"""Trains the byte-level BPE tokenizer of the embedded model and writes tokenizer.json.

    train_tokenizer.py --corpus stories.txt --out models/stories/tokenizer.json [--vocab 1024]
"""
import argparse

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

END = "<|endoftext|>"
# Words of control for later work (questions, tools); the story corpus contains none of them but END.
SPECIAL = [END, "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "|CALCULATOR|", "|BROWSER|", "|RESULT|",
           "<|reserved_0|>", "<|reserved_1|>", "<|reserved_2|>", "<|reserved_3|>"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vocab", type=int, default=1024)
    options = parser.parse_args()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=options.vocab,
        special_tokens=[AddedToken(text, special=True, normalized=False) for text in SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    with open(options.corpus, encoding="utf-8") as file:
        stories = file.read().split(END + "\n")[:-1]
    tokenizer.train_from_iterator(stories, trainer)
    # A text begins with END, as every story of the training did.
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{END} $A", special_tokens=[(END, 0)])
    tokenizer.save(options.out)
    sizes = [len(encoding.ids) for encoding in tokenizer.encode_batch(stories[:5000], add_special_tokens=False)]
    bytes_per_token = sum(len(story.encode()) for story in stories[:5000]) / sum(sizes)
    print(f"vocabulary {tokenizer.get_vocab_size()}, {bytes_per_token:.3f} bytes/token, "
          f"tokens a story: mean {sum(sizes) / len(sizes):.1f}, max {max(sizes)}")


if __name__ == "__main__":
    main()

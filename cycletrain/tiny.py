"""A model small enough for a laptop: random weights and a tokenizer trained on some texts.

It learns the rehearsal's form of paper and review in two minutes on a CPU, which is what tests and
the demonstration need: every job runs as it is, only the model is small.

    python -m cycletrain.tiny OUT BUILD...   # tokenizer trained on the builds' training splits
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_ROLES = ["<|system|>", "<|user|>", "<|assistant|>"]


def make_tiny_model(
    texts: Iterable[str],
    folder: Path,
    *,
    vocabulary: int = 1500,
    width: int = 64,
    layers: int = 2,
    context: int = 2048,
    seed: int = 0,
) -> None:
    """Save an untrained Llama of a given size with a byte-level tokenizer trained on ``texts``.

    Args:
        texts: training texts of the tokenizer, which can encode any text.
        folder: to write model and tokenizer to.
        vocabulary: maximum tokens, with 256 bytes and five special tokens.
        width: of the hidden states, a multiple of 32.
        layers: number of layers.
        context: longest input, in tokens.
        seed: of the weights.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=["<|pad|>", "<|end|>", *_ROLES],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers' own
        tokenizer_object=words,
        eos_token="<|end|>",  # noqa: S106  no password
        pad_token="<|pad|>",  # noqa: S106  no password
        additional_special_tokens=_ROLES,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = _TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        max_position_embeddings=context,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _texts(builds: Iterable[Path]) -> Iterator[str]:
    from cycledata.load import iterate_rows

    for build in builds:
        for row in iterate_rows(build, "default", "train", ["messages"]):
            for message in row["messages"]:
                yield message["content"]


if __name__ == "__main__":
    out, *builds = map(Path, sys.argv[1:])
    make_tiny_model(_texts(builds), out)

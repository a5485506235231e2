"""Figures, samples and the greedy fixture. usage: python evaluate.py WORK TARGET FIXTURE.json [figures|samples|fixture]

Compares on all held-out chapters: float32 weights, float16-rounded weights in PyTorch, and TARGET/onnx/model.onnx in
onnxruntime; writes WORK/figures.json, WORK/samples.txt and the fixture (PyTorch's greedy tokens, checked with onnxruntime).
Every token of a chapter is scored once, with <|begin_of_text|> and 128 to 255 of the tokens before it (fewer at its start).
"""
import hashlib
import json
import math
import os
import pathlib
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # beside other work, threads that spin make it ten times slower

import numpy
import onnxruntime
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from export import to_transformers
from model import CONFIG

CONTEXT, BOS, EOS = CONFIG["max_position_embeddings"], CONFIG["bos_token_id"], CONFIG["eos_token_id"]
HEADS, HEAD_SIZE, LAYERS = CONFIG["num_key_value_heads"], CONFIG["hidden_size"] // CONFIG["num_attention_heads"], CONFIG["num_hidden_layers"]
FIXTURE_PROMPTS = ["It is a truth universally acknowledged, that", "In the beginning God created the heaven and", "The captain of the ship said to the crew,",
                   "Mrs. Bennet was very much pleased with", "Tom and Huck went down to the river", "And the children of Israel",
                   "Elizabeth was", "The white whale", "He looked at his aunt and", "My dear Miss Woodhouse,", "Now when the king heard"]
FIXTURE_CASES = 5
FIXTURE_TOKENS, FIXTURE_MARGIN = 24, 1e-3
SAMPLE_PROMPTS = ["", "", "", "It was a fine morning, and", "And the king said unto", "Elizabeth looked at her sister, and", "The whale",
                  "\"I do not know,\" said Tom,", "My dear mother,", "The ship was"]
SAMPLE_TOKENS, SAMPLE_TEMPERATURE, SAMPLE_SEED = 60, 0.8, 0


def windows(stream: numpy.ndarray):
    """(inputs, targets, number of leading positions that are not scored)"""
    for chapter in numpy.split(stream, numpy.flatnonzero(stream == BOS)[1:]):
        start = 1
        while start < len(chapter):
            stop = min(start + (CONTEXT if start == 1 else CONTEXT // 2), len(chapter))
            first = max(1, stop - CONTEXT)
            yield numpy.concatenate(([BOS], chapter[first : stop - 1])), chapter[first:stop], start - first
            start = stop


@torch.no_grad()
def score(run, stream: numpy.ndarray):
    losses, top = [], []
    for inputs, targets, skip in windows(stream):
        logits = torch.as_tensor(run(inputs[None])[0]).float()[skip:]
        wanted = torch.from_numpy(targets[skip:])
        losses.append(torch.nn.functional.cross_entropy(logits, wanted, reduction="none"))
        top.append(logits.argmax(-1))
    losses, top = torch.cat(losses).double(), torch.cat(top)
    wanted = torch.from_numpy(stream[stream != BOS])
    assert len(wanted) == len(losses)
    return dict(tokens=len(losses), loss=losses.mean().item(), perplexity=math.exp(losses.mean()), top1=(top == wanted).double().mean().item()), losses, top


def feeds(ids: numpy.ndarray, past: dict | None) -> dict:
    before = next(iter(past.values())).shape[2] if past else 0
    batch, length = ids.shape
    past = past or {f"past_key_values.{i}.{kind}": numpy.zeros((batch, HEADS, 0, HEAD_SIZE), numpy.float32) for i in range(LAYERS) for kind in ("key", "value")}
    return dict(input_ids=ids, attention_mask=numpy.ones((batch, before + length), numpy.int64),
                position_ids=numpy.tile(numpy.arange(before, before + length), (batch, 1)), **past)


def greedy_onnx(session: onnxruntime.InferenceSession, ids: list[int], count: int) -> list[int]:
    """One pass over the prompt, then a token at a time with past key/values."""
    names, past, out = [o.name for o in session.get_outputs()], None, []
    step = numpy.array([ids], numpy.int64)
    for _ in range(count):
        values = dict(zip(names, session.run(None, feeds(step, past))))
        out.append(int(values["logits"][0, -1].argmax()))
        past = {name.replace("present", "past_key_values"): value for name, value in values.items() if name != "logits"}
        step = numpy.array([[out[-1]]], numpy.int64)
    return out


@torch.no_grad()
def greedy_torch(model, ids: list[int], count: int) -> tuple[list[int], float]:
    """Greedy tokens without a cache, and the smallest lead in logits of a chosen token over the next."""
    out, margin = [], math.inf
    for _ in range(count):
        best = model(torch.tensor([ids + out])).logits[0, -1].topk(2)
        out.append(int(best.indices[0]))
        margin = min(margin, float(best.values[0] - best.values[1]))
    return out, margin


@torch.no_grad()
def sample(model, ids: list[int], generator: torch.Generator) -> list[int]:
    out = []
    while len(out) < SAMPLE_TOKENS and EOS not in out:
        probabilities = (model(torch.tensor([ids + out])).logits[0, -1] / SAMPLE_TEMPERATURE).softmax(-1)
        out.append(int(torch.multinomial(probabilities, 1, generator=generator)))
    return out


def write_figures(work: pathlib.Path, stored, session) -> None:
    stream = numpy.load(work / "held_out.npy").astype(numpy.int64)
    best = torch.load(work / "best.pt", weights_only=False)
    full = to_transformers(best["model"], half=False)
    figures = dict(step=best["step"])
    figures["float32"], _, top_full = score(lambda ids: full(torch.from_numpy(ids)).logits, stream)
    figures["float16 weights"], losses, top_stored = score(lambda ids: stored(torch.from_numpy(ids)).logits, stream)
    figures["onnx"], _, top_onnx = score(lambda ids: session.run(["logits"], feeds(ids, None))[0], stream)
    figures["top-1 agreement of float16 weights with float32"] = (top_full == top_stored).double().mean().item()
    figures["top-1 agreement of onnx with float16 weights"] = (top_stored == top_onnx).double().mean().item()
    sources = [c["source"] for c in json.loads((work / "chapters.json").read_text("utf-8")) if c["split"] == "held_out"]
    lengths = numpy.diff(numpy.append(numpy.flatnonzero(stream == BOS), len(stream))) - 1
    source_of = numpy.repeat(sources, lengths)
    figures["perplexity by source"] = {s: math.exp(losses[torch.from_numpy(source_of == s)].mean()) for s in dict.fromkeys(sources)}
    figures["3-gram"] = json.loads((work / "ngram.json").read_text())
    (work / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1), flush=True)


def write_samples(work: pathlib.Path, stored, tokenizer) -> None:
    generator, texts = torch.Generator().manual_seed(SAMPLE_SEED), []
    for prompt in SAMPLE_PROMPTS:
        texts.append(f"[{prompt}]" + tokenizer.decode(sample(stored, tokenizer(prompt).input_ids, generator)))
    (work / "samples.txt").write_text("\n---\n".join(texts) + "\n", "utf-8")
    print("\n---\n".join(texts), flush=True)


def write_fixture(path: pathlib.Path, model_file: pathlib.Path, stored, session, tokenizer) -> None:
    """The first five prompts whose every greedy choice is clear of a tie."""
    cases = []
    for prompt in FIXTURE_PROMPTS:
        ids = tokenizer(prompt).input_ids
        out, margin = greedy_torch(stored, ids, FIXTURE_TOKENS)
        assert ids[0] == BOS
        if EOS in out or margin < FIXTURE_MARGIN or len(cases) == FIXTURE_CASES:
            continue
        assert greedy_onnx(session, ids, FIXTURE_TOKENS) == out, prompt
        cases.append(dict(prompt=prompt, promptTokenIds=ids, continuationTokenIds=out, continuation=tokenizer.decode(out), smallestLogitMargin=round(margin, 6)))
        print(cases[-1]["smallestLogitMargin"], prompt, "->", cases[-1]["continuation"], flush=True)
    assert len(cases) == FIXTURE_CASES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(
        description="Greedy continuations by PyTorch (transformers' LlamaForCausalLM, float32 arithmetic, the weights as stored in model.onnx), each checked with onnxruntime and past key/values.",
        modelSha256=hashlib.sha256(model_file.read_bytes()).hexdigest(), newTokens=FIXTURE_TOKENS, cases=cases), indent=2, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    work, target, fixture = (pathlib.Path(a) for a in sys.argv[1:4])
    part = sys.argv[4] if len(sys.argv) > 4 else "all"
    torch.set_num_threads(2)
    stored = LlamaForCausalLM.from_pretrained(work / "hf", dtype=torch.float32).eval()
    model_file = target / "onnx" / "model.onnx"
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model_file), options, providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(target)
    if part in ("all", "figures"):
        write_figures(work, stored, session)
    if part in ("all", "samples"):
        write_samples(work, stored, tokenizer)
    if part in ("all", "fixture"):
        write_fixture(fixture, model_file, stored, session, tokenizer)


if __name__ == "__main__":
    main()

"""Trains the decoder. usage: python train.py WORK [--steps N] [--minutes M] [--device cuda] ...

Reads WORK/train.npy, WORK/held_out.npy, WORK/tokenizer.json (prepare_data.py) and writes RUN/checkpoint.pt (to go on with
--resume) and RUN/best.pt (the weights with the lowest held-out loss); RUN is WORK unless --run names another folder. The learning rate follows a cosine over
max(step / steps, elapsed / minutes): on a machine that is fast enough the run depends on the seed alone.
"""
import argparse
import math
import os
import pathlib
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # beside other work, threads that spin make it ten times slower

import numpy
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from model import CONFIG, Decoder

CONTEXT, BOS = CONFIG["max_position_embeddings"], CONFIG["bos_token_id"]


def sentence_starts(stream: numpy.ndarray, tokenizer: Tokenizer) -> numpy.ndarray:
    """starts[i]: token i begins a chapter, a paragraph or a sentence."""
    closes = numpy.zeros(CONFIG["vocab_size"], bool)
    for token, index in tokenizer.get_vocab().items():
        closes[index] = token.rstrip("'\")")[-1:] in (".", "?", "!", "\u010a")  # U+010A: the byte-level form of a line feed
    starts = stream == BOS
    starts[1:] |= closes[stream[:-1]] & (stream[1:] != CONFIG["eos_token_id"])
    return numpy.flatnonzero(starts)


def epoch(stream: numpy.ndarray, starts: numpy.ndarray, generator: numpy.random.Generator, without_bos: float):
    """All text once, in shuffled pieces of CONTEXT + 1 tokens: mostly <|begin_of_text|> and then a sentence's beginning; a share
    `without_bos` begins anywhere and has no such token, so that any token may stand at position 0."""
    pieces, position = [], int(generator.integers(CONTEXT))
    while position + CONTEXT + 1 < len(stream):
        if generator.random() < without_bos:
            pieces.append(stream[position : position + CONTEXT + 1])
            position += CONTEXT
            continue
        found = starts[numpy.searchsorted(starts, position, "right") - 1] if position >= starts[0] else 0
        begin = int(found) if position - found < CONTEXT // 2 else position
        if stream[begin] == BOS:
            begin += 1
        pieces.append(numpy.concatenate(([BOS], stream[begin : begin + CONTEXT])))
        position = begin + CONTEXT
    order = generator.permutation(len(pieces))
    return [pieces[i] for i in order]


def held_out_pieces(stream: numpy.ndarray) -> torch.Tensor:
    count = (len(stream) - 1) // CONTEXT
    return torch.from_numpy(numpy.stack([numpy.concatenate(([BOS], stream[i * CONTEXT + 1 : (i + 1) * CONTEXT + 1])) for i in range(count)]).astype(numpy.int64))


@torch.no_grad()
def held_out_loss(model, pieces: torch.Tensor) -> float:
    model.eval()
    total = sum(F.cross_entropy(model(p[:, :-1]).flatten(0, 1), p[:, 1:].flatten(), reduction="sum").item() for p in pieces.split(64))
    model.train()
    return total / (pieces.shape[0] * CONTEXT)


def random_state(device: str) -> torch.Tensor:
    return torch.cuda.get_rng_state() if device == "cuda" else torch.get_rng_state()


def set_random_state(state: torch.Tensor, device: str) -> None:
    (torch.cuda.set_rng_state if device == "cuda" else torch.set_rng_state)(state.cpu())


def save(path: pathlib.Path, value) -> None:
    torch.save(value, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("work", type=pathlib.Path)
    p.add_argument("--run", type=pathlib.Path, help="folder of the run's files (WORK)")
    p.add_argument("--device", default="cpu", help="cpu or cuda")
    p.add_argument("--steps", type=int, default=9600)
    p.add_argument("--minutes", type=float, default=600)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--rate", type=float, default=1.5e-3)
    p.add_argument("--warmup", type=int, default=300)
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--decay", type=float, default=0.1)
    p.add_argument("--without-bos", type=float, default=0.2)
    p.add_argument("--evaluate-every", type=int, default=500)
    p.add_argument("--patience", type=int, default=8, help="evaluations without a better held-out loss before it stops")
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--bfloat16", action="store_true", help="bfloat16 products; weights and sums stay float32")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--resume", action="store_true")
    a = p.parse_args()
    run = a.run or a.work
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    tokenizer = Tokenizer.from_file(str(a.work / "tokenizer.json"))
    stream = numpy.load(a.work / "train.npy").astype(numpy.int64)
    pieces = held_out_pieces(numpy.load(a.work / "held_out.npy").astype(numpy.int64)).to(a.device)
    starts = sentence_starts(stream, tokenizer)
    model = Decoder(a.dropout).to(a.device)
    matrices = [q for q in model.parameters() if q.dim() == 2]
    gains = [q for q in model.parameters() if q.dim() == 1]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=a.decay), dict(params=gains, weight_decay=0.0)],
                                  lr=a.rate, betas=(0.9, 0.95), eps=1e-8, fused=True)
    print(f"{sum(q.numel() for q in model.parameters()):,} parameters, {len(stream):,} training tokens, {len(starts):,} sentence starts, {pieces.shape[0]} held-out pieces", flush=True)
    step, best, stale, spent, number = 0, math.inf, 0, 0.0, 0
    if a.resume:
        state = torch.load(run / "checkpoint.pt", weights_only=False)
        model.load_state_dict(state["model"]); optimizer.load_state_dict(state["optimizer"]); set_random_state(state["rng"], a.device)
        step, best, stale, spent, number = (state[k] for k in ("step", "best", "stale", "spent", "number"))
    began, seen, running, waiting = time.monotonic() - spent, 0, [], []
    tick = time.monotonic()
    while True:
        progress = max(step / a.steps, (time.monotonic() - began) / 60 / a.minutes)
        done = progress >= 1
        if done or (step and step % a.evaluate_every == 0):
            loss = held_out_loss(model, pieces[::2])
            stale = 0 if loss < best else stale + 1
            if loss < best:
                best = loss
                save(run / "best.pt", dict(model={name: w.cpu() for name, w in model.state_dict().items()}, step=step, loss=loss))
            now = time.monotonic()
            save(run / "checkpoint.pt", dict(model=model.state_dict(), optimizer=optimizer.state_dict(), rng=random_state(a.device), step=step, best=best, stale=stale, spent=now - began, number=number))
            print(f"step {step} progress {progress:.3f} epoch {number} train {torch.stack(running).mean() if running else 0:.4f} held out {loss:.4f} (perplexity {math.exp(loss):.2f}) {seen / max(now - tick, 1e-9):,.0f} tokens/s {(now - began) / 60:.1f} min", flush=True)
            running, seen, tick = [], 0, time.monotonic()
            if done or stale >= a.patience:
                break
        if len(waiting) < a.batch:
            waiting = epoch(stream, starts, numpy.random.default_rng([a.seed, number]), a.without_bos)
            number += 1
        chosen, waiting = waiting[: a.batch], waiting[a.batch :]
        x = torch.from_numpy(numpy.stack(chosen)).to(a.device)
        rate = a.rate * min(1.0, (step + 1) / a.warmup) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(a.device, torch.bfloat16, enabled=a.bfloat16):
            logits = model(x[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), x[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running.append(loss.detach())
        seen += x[:, 1:].numel()
        step += 1


if __name__ == "__main__":
    main()

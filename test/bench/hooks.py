"""What a researcher would run instead: a transformers model in PyTorch, a hidden state put in at the last position.

    python hooks.py FOLDER THREADS

Reads one JSON object a line: {"ids": [...], "block": L, "way": "hook" | "kept" | "least", "batch": n}. The vectors stand for what
enters block L. "hook" runs the whole model on the whole prompt with a hook before block L; "kept" the same on the last
position with the prompt's keys and values kept; "least" does so for block L and those behind it alone, the least work there
is. Answers {"ms": milliseconds a vector}, Softmax and the most probable token included.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, DynamicCache

folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
blocks = model.model.layers
vectors = torch.randn(1000, model.config.hidden_size, generator=torch.Generator().manual_seed(1))
caches = {}


def kept_prompt(ids, batch):
    """Keys and values of all positions but the last, for every vector of a batch; none where there are none."""
    key = (tuple(ids), batch)
    if key not in caches:
        caches.clear()
        cache = DynamicCache(config=model.config)
        if len(ids) > 1:
            model(torch.tensor([ids[:-1]]), past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.batch_repeat_interleave(batch)
        caches[key] = cache
    return caches[key]


def hooked(ids, block, h, cache):
    def put_in(_, arguments, named):
        states = (arguments[0] if arguments else named["hidden_states"]).clone()
        states[:, -1] = h
        return ((states,) + arguments[1:], named) if arguments else ((), {**named, "hidden_states": states})

    hook = blocks[block].register_forward_pre_hook(put_in, with_kwargs=True)
    try:
        own = ids if cache is None else ids[-1:]
        tokens = torch.tensor([own]).expand(len(h), -1)
        return model(tokens, past_key_values=cache, use_cache=cache is not None, logits_to_keep=1).logits[:, -1]
    finally:
        hook.remove()


def least(ids, block, h, cache):
    position = torch.tensor([[len(ids) - 1]])
    states = h[:, None]
    rotation = model.model.rotary_emb(states, position)
    for layer in blocks[block:]:
        states = layer(
            states,
            attention_mask=None,
            position_ids=position,
            past_key_values=cache,
            use_cache=cache is not None,
            cache_position=position[0],
            position_embeddings=rotation,
        )
        states = states[0] if isinstance(states, tuple) else states
    return model.lm_head(model.model.norm(states))[:, 0]


@torch.inference_mode()
def run(ids, block, way, batch):
    h = vectors[:batch]
    cache = kept_prompt(ids, batch) if way != "hook" and len(ids) > 1 else None
    started = time.perf_counter()
    logits = (least if way == "least" else hooked)(ids, block, h, cache)
    torch.softmax(logits, -1).topk(1, -1)
    ended = time.perf_counter()
    if cache is not None:
        cache.crop(len(ids) - 1)
    return 1e3 * (ended - started) / batch


print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps({"ms": run(**json.loads(line))}), flush=True)

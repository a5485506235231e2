"""A map as a researcher has it who starts from nothing: from_pretrained, a hook, one batch of cells after another.

    python wholeMap.py FOLDER THREADS BLOCK CELLS BATCH ID,ID,...

Prints {"opened", "first", "whole": [seconds since Python started its work, seconds of the processor], "peak": MB}. Imports count: they
are waited for.
"""
import json
import resource
import sys
import time

started = time.perf_counter()


def now():
    return [time.perf_counter() - started, time.process_time()]


import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

folder, threads, block, cells, batch, ids = sys.argv[1:]
torch.set_num_threads(int(threads))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
told = {"opened": now()}
prompt = torch.tensor([[int(one) for one in ids.split(",")]])
points = torch.randn(int(cells), model.config.hidden_size, generator=torch.Generator().manual_seed(1))
some = points


def put_in(_, arguments, output):
    states = (output[0] if isinstance(output, tuple) else output).clone()
    states[:, -1] = some
    return (states,) + output[1:] if isinstance(output, tuple) else states


model.model.layers[int(block)].register_forward_hook(put_in)
with torch.inference_mode():
    for some in points.split(int(batch)):
        logits = model(prompt.expand(len(some), -1), use_cache=False, logits_to_keep=1).logits[:, -1]
        torch.softmax(logits, -1).topk(10, -1)
        told.setdefault("first", now())
told["whole"] = now()
told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps(told))

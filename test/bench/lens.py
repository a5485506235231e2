"""The logit lens of a transformers model in PyTorch: what the last norm and the head say of every hidden state.

    python lens.py FOLDER "[ids as JSON]"

Prints {"ids": [...], "probabilities": [...]}: the first token and its probability, layer after layer from the embeddings on,
position after position.
"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM

folder, ids = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
# What leaves a block, before the last norm: transformers' own last hidden state has it behind.
states = []
for block in model.model.layers:
    block.register_forward_hook(lambda _, __, out: states.append(out[0] if isinstance(out, tuple) else out))
with torch.inference_mode():
    tokens = torch.tensor([json.loads(ids)])
    embedded = model.get_input_embeddings()(tokens)
    model(tokens, logits_to_keep=1)
    rows = torch.cat([embedded, *states]).reshape(-1, model.config.hidden_size)
    top = model.lm_head(model.model.norm(rows)).softmax(-1).max(-1)
print(json.dumps({"ids": top.indices.tolist(), "probabilities": top.values.tolist()}))

"""The decoder as it is trained: LlamaForCausalLM's arithmetic and parameter names, with dropout on both residual branches."""
import torch
import torch.nn.functional as F
from torch import nn

CONFIG = dict(
    vocab_size=4096, hidden_size=192, intermediate_size=512, num_hidden_layers=6, num_attention_heads=6, num_key_value_heads=6,
    max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True, hidden_act="silu",
    attention_bias=False, mlp_bias=False, bos_token_id=0, eos_token_id=1, pad_token_id=None)


class Norm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, CONFIG["rms_norm_eps"])


class Attention(nn.Module):
    def __init__(self, size: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(size, size, bias=False) for _ in range(4))

    def forward(self, x, cos, sin):
        batch, length, size = x.shape
        q, k, v = (p(x).view(batch, length, self.heads, -1).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = (t * cos + torch.cat((-t[..., t.shape[-1] // 2 :], t[..., : t.shape[-1] // 2]), -1) * sin for t in (q, k))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, size))


class Mlp(nn.Module):
    def __init__(self, size: int, inner: int):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(size, inner, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, size: int, heads: int, inner: int):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = Norm(size), Norm(size)
        self.self_attn, self.mlp = Attention(size, heads), Mlp(size, inner)

    def forward(self, x, cos, sin, drop):
        x = x + drop(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + drop(self.mlp(self.post_attention_layernorm(x)))


class Decoder(nn.Module):
    def __init__(self, dropout: float = 0.0):
        super().__init__()
        size, layers, heads = CONFIG["hidden_size"], CONFIG["num_hidden_layers"], CONFIG["num_attention_heads"]
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(CONFIG["vocab_size"], size)
        self.model.layers = nn.ModuleList(Block(size, heads, CONFIG["intermediate_size"]) for _ in range(layers))
        self.model.norm = Norm(size)
        self.drop = nn.Dropout(dropout)
        inverse = CONFIG["rope_theta"] ** -(torch.arange(0, size // heads, 2).float() / (size // heads))
        angles = torch.outer(torch.arange(CONFIG["max_position_embeddings"]).float(), inverse).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * layers) ** 0.5 if residual else 0.02)

    def forward(self, ids):
        x = self.drop(self.model.embed_tokens(ids))
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.model.layers:
            x = block(x, cos, sin, self.drop)
        return self.model.norm(x) @ self.model.embed_tokens.weight.T

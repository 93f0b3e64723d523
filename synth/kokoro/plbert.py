"""Phoneme tokens into features of their context, by PL-BERT: ALBERT, one layer applied twelve times."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EMBEDDING: Final = 128  # ALBERT's own default, which the published config leaves out
EPS: Final = 1e-12


class PLBert(nn.Module):
    """Modules are nested as in the checkpoint. B rows, T tokens, H hidden."""

    def __init__(self, tokens: int, hidden: int, heads: int, inner: int, positions: int, passes: int) -> None:
        super().__init__()
        self.passes = passes
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(tokens, EMBEDDING),
                "position_embeddings": nn.Embedding(positions, EMBEDDING),
                "token_type_embeddings": nn.Embedding(2, EMBEDDING),
                "LayerNorm": nn.LayerNorm(EMBEDDING, eps=EPS),
            }
        )
        shared = nn.ModuleDict({"albert_layers": nn.ModuleList([AlbertLayer(hidden, heads, inner)])})
        self.encoder = nn.ModuleDict(
            {
                "embedding_hidden_mapping_in": nn.Linear(EMBEDDING, hidden),
                "albert_layer_groups": nn.ModuleList([shared]),
            }
        )

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """tokens: (B, T) int, mask: (B, T) bool, None if all are real -> (B, T, H); padding means nothing."""
        table = self.embeddings
        place = torch.arange(tokens.shape[1], device=tokens.device)
        x = table["word_embeddings"](tokens) + table["token_type_embeddings"](torch.zeros_like(tokens))
        x = table["LayerNorm"](x + table["position_embeddings"](place))
        x = self.encoder["embedding_hidden_mapping_in"](x)  # (B, T, H)
        layer = self.encoder.get_submodule("albert_layer_groups.0.albert_layers.0")
        keys = None if mask is None else mask[:, None, None]  # (B, 1, 1, T): attend to real tokens only
        for _ in range(self.passes):
            x = layer(x, keys)
        assert isinstance(x, Tensor)
        return x


class AlbertLayer(nn.Module):
    """Self-attention, then a feed-forward of two layers; a layer norm after each residual."""

    def __init__(self, hidden: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention = nn.ModuleDict(
            {name: nn.Linear(hidden, hidden) for name in ("query", "key", "value", "dense")}
            | {"LayerNorm": nn.LayerNorm(hidden, eps=EPS)}
        )
        self.ffn = nn.Linear(hidden, inner)
        self.ffn_output = nn.Linear(inner, hidden)
        self.full_layer_layer_norm = nn.LayerNorm(hidden, eps=EPS)

    def forward(self, x: Tensor, keys: Tensor | None) -> Tensor:
        """x: (B, T, H), keys: (B, 1, 1, T) bool or None -> (B, T, H)."""
        attention = self.attention
        query, key, value = (
            attention[name](x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, T, H / heads)
            for name in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=keys)
        x = attention["LayerNorm"](x + attention["dense"](mixed.transpose(1, 2).flatten(2)))
        inner = F.gelu(self.ffn(x), approximate="tanh")
        made: Tensor = self.full_layer_layer_norm(x + self.ffn_output(inner))
        return made

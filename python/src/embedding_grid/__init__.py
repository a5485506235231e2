"""Token maps of language models: what a model would say next, everywhere on a plane through its hidden space."""

from ._server import EmbeddingGridError
from .model import Comparison, Map, Model, Predictions, States, Token, compare
from .original import EmbeddingGridVisualizer, create_2d_grid, create_embedding_grid_map

__all__ = [
    "Comparison",
    "EmbeddingGridError",
    "EmbeddingGridVisualizer",
    "Map",
    "Model",
    "Predictions",
    "States",
    "Token",
    "compare",
    "create_2d_grid",
    "create_embedding_grid_map",
]
__version__ = "0.1.0"

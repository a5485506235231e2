"""The names of the original program, on this engine.

Its arithmetic is the readout ``unembed``: the head's matrix alone, whatever the layer. Another readout can be asked for.
"""

import json
import os
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from .model import Model


class EmbeddingGridVisualizer:
    """Takes the model of the original's snippet: a transformers model, whose ``name_or_path`` finds the checkpoint, or a path.

    The PyTorch weights of the object itself are not used, so that it need not stay in memory.
    """

    def __init__(self, model: Any, tokenizer: Any = None, device: Any = None) -> None:
        self.model = Model(_place(model), device=_device(device))

    def create_2d_grid(
        self, grid_size: int = 50, spacing: float = 0.5, center: Tuple[float, float] = (0.0, 0.0)
    ) -> Tuple[np.ndarray, np.ndarray]:
        """x and y of the cells, [grid_size, grid_size] float64 each; x grows along a row, y from row to row."""
        return create_2d_grid(grid_size, spacing, center)

    def embed_2d_coordinates(
        self, x_coords: np.ndarray, y_coords: np.ndarray, method: str = "random_projection", seed: int = 42
    ) -> np.ndarray:
        """Hidden vectors [N, hidden size] float32 of N coordinates: ``direct``, ``replicated`` or ``random_projection``."""
        flags: Dict[str, Any] = {"embedding_method": method}
        if method == "random_projection":
            flags["seed"] = seed
        plane = self.model.map(grid_size=1, readout="unembed", **flags)
        x, y = (np.asarray(one, dtype=np.float32).reshape(-1, 1) for one in (x_coords, y_coords))
        return np.asarray(plane.c + x * plane.u + y * plane.v, dtype=np.float32)

    def predict_tokens_for_grid(
        self, embeddings: np.ndarray, layer_idx: Optional[int] = None, batch_size: int = 100, readout: str = "unembed"
    ) -> Dict[str, Any]:
        """``token_ids`` [N], ``probabilities`` [N] and ``tokens`` [N] that win at hidden vectors [N, hidden size]."""
        said = self.model.predict(embeddings, batch_size=batch_size, layer_idx=layer_idx, readout=readout)
        return {
            "token_ids": said.ids[:, 0],
            "probabilities": said.probabilities[:, 0],
            "tokens": said.texts[:, 0].tolist(),
        }

    def create_embedding_grid_map(
        self,
        layer_idx: Optional[int] = None,
        grid_size: int = 50,
        spacing: float = 0.5,
        embedding_method: str = "random_projection",
        batch_size: int = 100,
        output_dir: Optional[Union[str, "os.PathLike[str]"]] = "embedding_grid_results",
        readout: str = "unembed",
        **flags: Any,
    ) -> Dict[str, Any]:
        """Computes a map, saves its picture and its numbers unless ``output_dir`` is None, and gives the numbers.

        The keys ``config``, ``coordinates``, ``predictions`` and ``token_map`` are the original's, ``files`` are the saved ones.
        """
        drawn = self.model.map(
            layer_idx=layer_idx,
            grid_size=grid_size,
            spacing=spacing,
            embedding_method=embedding_method,
            readout=readout,
            batch_size=batch_size,
            **flags,
        )
        files: List[str] = [] if output_dir is None else drawn.save(output_dir)
        return {**json.loads(drawn.to_bytes("json")), "files": files}


def create_2d_grid(
    grid_size: int = 50, spacing: float = 0.5, center: Tuple[float, float] = (0.0, 0.0)
) -> Tuple[np.ndarray, np.ndarray]:
    """See :meth:`EmbeddingGridVisualizer.create_2d_grid`."""
    steps = (np.arange(grid_size) - (grid_size - 1) / 2) * spacing
    x, y = np.meshgrid(steps + center[0], steps + center[1])
    return x, y


def create_embedding_grid_map(model: Any, tokenizer: Any = None, device: Any = None, **options: Any) -> Dict[str, Any]:
    """See :meth:`EmbeddingGridVisualizer.create_embedding_grid_map`."""
    visualizer = EmbeddingGridVisualizer(model, tokenizer, device)
    try:
        return visualizer.create_embedding_grid_map(**options)
    finally:
        visualizer.model.close()


def _place(model: Any) -> str:
    """Where the weights of a model lie: of a transformers model its folder, or its name in the Hugging Face cache."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    named = getattr(model, "name_or_path", None) or getattr(getattr(model, "config", None), "_name_or_path", None)
    if not named:
        raise ValueError(
            "The model does not say where it comes from: give a folder, an .onnx or .gguf file, or ORG/NAME in the cache."
        )
    return str(named)


def _device(device: Any) -> str:
    """``cuda``, ``cuda:0`` and ``torch.device`` are ``cuda``, what is left out is chosen."""
    if device is None:
        return "auto"
    return "cuda" if str(device).startswith("cuda") else "cpu" if str(device) in ("cpu", "mps") else str(device)

"""Models, and what is asked of them."""

import base64
import html
import io
import json
import os
import tempfile
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ._server import Server, server

Layer = Union[int, str]
Progress = Callable[[int, int], None]


class Token(NamedTuple):
    id: int
    text: str
    kind: str
    """``text``, ``byte`` (a part of a character), ``special`` or ``unknown``."""


class Predictions(NamedTuple):
    """What the model says of N vectors, k tokens each, the most probable first."""

    ids: np.ndarray
    """[N, k] int32"""
    probabilities: np.ndarray
    """[N, k] float32"""
    logits: np.ndarray
    """[N, k] float32"""
    entropy: np.ndarray
    """[N] float32, in nats"""
    answers: Optional[np.ndarray]
    """[N] float32, where a question is asked; [N, Q] of several"""
    tokens: Mapping[int, Token]

    @property
    def texts(self) -> np.ndarray:
        """[N, k] the tokens' texts."""
        return _texts(self.ids, self.tokens)


class States(NamedTuple):
    """Hidden states of a prompt."""

    tokens: Sequence[Token]
    """Position by position."""
    values: np.ndarray
    """[layers, positions, hidden size] float32, layers as they were asked for"""


class Map:
    """A token map. Row 0 has the smallest y; R rows, C columns, k tokens a cell, the most probable first."""

    def __init__(self, process: Server, answer: Mapping[str, Any]) -> None:
        self._server = process
        self._handle: int = answer["map"]
        arrays = _arrays(answer["npz"])
        self.x: np.ndarray = arrays["x"]
        """[C] float64"""
        self.y: np.ndarray = arrays["y"]
        """[R] float64"""
        self.ids: np.ndarray = arrays["top_ids"]
        """[R, C, k] int32; -1 where a cell is missing"""
        self.probabilities: np.ndarray = arrays["top_probabilities"]
        """[R, C, k] float32"""
        self.margin: np.ndarray = arrays["margin"]
        """[R, C] float32, p(first) - p(second)"""
        self.entropy: np.ndarray = arrays["entropy"]
        """[R, C] float32, in nats"""
        self.answers: Optional[np.ndarray] = arrays.get("answers")
        """[R, C] float32, where a question is asked"""
        self.c: np.ndarray = arrays["c"]
        self.u: np.ndarray = arrays["u"]
        self.v: np.ndarray = arrays["v"]
        """The plane: a cell at (x, y) is the hidden state c + x u + y v, [hidden size] float32 each."""
        self.specification: Dict[str, Any] = json.loads(str(arrays["specification"]))
        """What the map is of, as saved files have it; equal specifications give equal maps."""
        self.tokens: Dict[int, Token] = {
            int(key): Token(int(key), token["text"], token["kind"])
            for key, token in json.loads(str(arrays["tokens"])).items()
        }
        self.facts: Dict[str, Any] = answer["facts"]
        self.runtime: Dict[str, Any] = answer["runtime"]

    @property
    def texts(self) -> np.ndarray:
        """[R, C] the winning tokens' texts."""
        return _texts(self.ids[:, :, 0], self.tokens)

    def to_bytes(self, format: str) -> bytes:
        """The map as a file of a format: json, csv, npz, svg, png ..."""
        return base64.b64decode(self._call("file", format=format)["bytes"])

    def save(
        self,
        output_dir: Union[str, "os.PathLike[str]"] = "embedding_grid_results",
        formats: Sequence[str] = ("png", "svg", "json"),
        overwrite: bool = False,
    ) -> List[str]:
        """Saves the map as a set of files, whole or not at all, beside other maps' unless they are to be overwritten."""
        saved = self._call("save", outputDir=os.path.abspath(output_dir), formats=list(formats), overwrite=overwrite)
        return list(saved["files"])

    def to_dataframe(self) -> Any:
        """A pandas DataFrame, a row per cell: row, column, x, y, token_id, token, probability, margin, entropy [, answer]."""
        import pandas

        rows, columns = self.margin.shape
        row, column = np.indices((rows, columns))
        values = {
            "row": row.ravel(),
            "column": column.ravel(),
            "x": np.tile(self.x, rows),
            "y": np.repeat(self.y, columns),
            "token_id": self.ids[:, :, 0].ravel(),
            "token": self.texts.ravel(),
            "probability": self.probabilities[:, :, 0].ravel(),
            "margin": self.margin.ravel(),
            "entropy": self.entropy.ravel(),
        }
        if self.answers is not None:
            answers = self.answers.reshape(rows * columns, -1)
            for i in range(answers.shape[1]):
                values["answer" if i == 0 else f"answer_{i + 1}"] = answers[:, i]
        return pandas.DataFrame(values)

    def _repr_html_(self) -> str:
        """In a notebook: the page with inspector and zoom, apart from the notebook's own scripts and styles."""
        page = html.escape(self.to_bytes("html").decode("utf-8"), quote=True)
        style = "width: 100%; height: 760px; border: 0"
        return f'<iframe sandbox="allow-scripts allow-downloads" style="{style}" srcdoc="{page}"></iframe>'

    def _repr_png_(self) -> bytes:
        """Where a notebook shows no pages."""
        return self.to_bytes("png")

    def __repr__(self) -> str:
        rows, columns = self.margin.shape
        model = self.specification["model"]["name"]
        return f"<Map of {model}, layer {self.specification['layer']}, {columns} x {rows} cells>"

    def _call(self, method: str, **params: Any) -> Any:
        return self._server.call(method, {"map": self._handle, **params})

    def __del__(self) -> None:
        # At the end of Python the process may be gone: then nothing is held any more.
        try:
            if self._server.alive:
                self._call("forget")
        except Exception:
            pass


class Comparison(NamedTuple):
    """Two maps beside each other."""

    summary: Dict[str, Any]
    changed: np.ndarray
    """[R, C] int32: -1 where a map lacks the cell, 0 the same winner, 1 another, 2 another within rounding"""
    kl_ab: Optional[np.ndarray]
    kl_ba: Optional[np.ndarray]
    jensen_shannon: Optional[np.ndarray]
    """[R, C] float32 in nats, of two saved maps whose models are there"""
    without_divergences: Optional[str]
    """Why there are none."""


class Model:
    """An open model: a file, a folder, or ``ORG/NAME[@REVISION]`` in the Hugging Face cache; the bundled model by default.

    What a map is of is said with the names of the command line's flags, ``_`` for ``-``:
    ``model.map(layer_idx=12, center_prompt="The capital of France is", spacing=0.1)``. A vector can be an array.
    """

    def __init__(
        self,
        model: Optional[Union[str, "os.PathLike[str]"]] = None,
        device: str = "auto",
        memory: Optional[int] = None,
        cuda_libraries: Optional[str] = None,
    ) -> None:
        self._server = server()
        params: Dict[str, Any] = {"device": device}
        if model is not None:
            params["model"] = os.fspath(model)
        if memory is not None:
            params["memory"] = memory
        if cuda_libraries is not None:
            params["cudaLibraries"] = cuda_libraries
        opened = self._server.call("open", params)
        self._session: int = opened["session"]
        self.description: Dict[str, Any] = opened["description"]

    def map(
        self,
        specification: Optional[Union[str, "os.PathLike[str]"]] = None,
        batch_size: Optional[int] = None,
        progress: Optional[Progress] = None,
        **flags: Any,
    ) -> Map:
        """Computes a map; ``specification`` is a saved ``.json`` over which the flags go."""
        with _flags(flags) as given:
            params: Dict[str, Any] = {"flags": given}
            if specification is not None:
                params["specification"] = os.path.abspath(specification)
            if batch_size is not None:
                params["batchSize"] = batch_size
            return Map(self._server, self._call("map", params, progress))

    def predict(
        self,
        vectors: "np.typing.ArrayLike",
        batch_size: Optional[int] = None,
        progress: Optional[Progress] = None,
        **flags: Any,
    ) -> Predictions:
        """What the model says of vectors [N, hidden size], each standing where a cell of a map with these flags would."""
        rows = np.ascontiguousarray(np.atleast_2d(np.asarray(vectors)), dtype="<f4")
        with _flags(flags) as given:
            params: Dict[str, Any] = {"vectors": base64.b64encode(rows.tobytes()).decode("ascii"), "flags": given}
            if batch_size is not None:
                params["batchSize"] = batch_size
            said = self._call("predict", params, progress)
        arrays = _arrays(said["npz"])
        return Predictions(
            arrays["ids"],
            arrays["probabilities"],
            arrays["logits"],
            arrays["entropy"],
            arrays.get("answers"),
            {token["id"]: _token(token) for token in said["tokens"]},
        )

    def states(self, prompt: str, layers: Union[Layer, Sequence[Layer]] = "last") -> States:
        """The hidden states of a prompt at layers: ``"embeddings"``, the output of a block by its number, or ``"last"``."""
        asked = [layers] if isinstance(layers, (int, str)) else list(layers)
        said = self._call("states", {"prompt": prompt, "layers": asked})
        return States([_token(token) for token in said["tokens"]], _arrays(said["npz"])["states"])

    def tokenize(self, text: str) -> List[Token]:
        return [_token(token) for token in self._call("tokenize", {"text": text})["tokens"]]

    @staticmethod
    def compare(a: Union[Map, str], b: Union[Map, str]) -> Comparison:
        """Compares two maps, or two saved ones by their paths; the divergences are had of saved maps."""
        return compare(a, b)

    def close(self) -> None:
        """Closes the model. Safe to call twice."""
        if self._session >= 0 and self._server.alive:
            self._call("close", {})
        self._session = -1

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: str, params: Dict[str, Any], progress: Optional[Progress] = None) -> Any:
        def heard(event: Mapping[str, int]) -> None:
            if progress is not None:
                progress(event["done"], event["total"])

        return self._server.call(method, {"session": self._session, **params}, heard)


def compare(a: Union[Map, str], b: Union[Map, str]) -> Comparison:
    """Compares two maps, or two saved ones by their paths; the divergences are had of saved maps."""
    named = [one._handle if isinstance(one, Map) else os.path.abspath(one) for one in (a, b)]
    said = server().call("compare", {"a": named[0], "b": named[1]})
    arrays = _arrays(said["npz"])
    return Comparison(
        said["summary"],
        arrays["changed"],
        arrays.get("kl_ab"),
        arrays.get("kl_ba"),
        arrays.get("jensen_shannon"),
        said.get("withoutDivergences"),
    )


@contextmanager
def _flags(given: Mapping[str, Any]) -> Iterator[Dict[str, Union[str, List[str]]]]:
    """Keywords as the command line's flags. Arrays stand in files while they are needed."""
    with tempfile.TemporaryDirectory(prefix="embedding-grid-") as folder:
        flags: Dict[str, Union[str, List[str]]] = {}
        for name, value in given.items():
            if value is None or value is False:
                continue
            if isinstance(value, np.ndarray):
                file = os.path.join(folder, f"{name}.npy")
                np.save(file, np.ascontiguousarray(value, dtype="<f4"))
                value = file
            elif isinstance(value, (list, tuple)) and any(isinstance(one, str) for one in value):
                flags[name.replace("_", "-")] = [str(one) for one in value]
                continue
            flags[name.replace("_", "-")] = _text(name, value)
        yield flags


def _text(name: str, value: Any) -> str:
    if value is True:
        return ""
    if isinstance(value, (list, tuple)):
        return ("x" if name == "grid_size" else ",").join(_text(name, one) for one in value)
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def _arrays(npz: str) -> Dict[str, np.ndarray]:
    with np.load(io.BytesIO(base64.b64decode(npz)), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _token(token: Mapping[str, Any]) -> Token:
    return Token(token["id"], token["text"], token["kind"])


def _texts(ids: np.ndarray, tokens: Mapping[int, Token]) -> np.ndarray:
    missing: Tuple[int, str, str] = (-1, "", "unknown")
    return np.array([tokens.get(int(id), Token(*missing)).text for id in ids.ravel()], dtype=object).reshape(ids.shape)

"""python -m unittest discover python/tests, with EMBEDDING_GRID_COMMAND and CHECKPOINT (a folder) in the environment."""

import json
import os
import tempfile
import threading
import types
import unittest

import numpy as np

import embedding_grid as eg

CHECKPOINT = os.environ["CHECKPOINT"]


class Maps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = eg.Model()

    @classmethod
    def tearDownClass(cls):
        cls.model.close()

    def test_a_map_says_what_its_vectors_say(self):
        flags = dict(layer_idx=3, prompt="The old man walked to the")
        grid = self.model.map(grid_size=(5, 4), seed=7, **flags)
        self.assertEqual(grid.ids.shape, (4, 5, 10))
        x, y = np.meshgrid(grid.x, grid.y)
        vectors = grid.c + x.reshape(-1, 1) * grid.u + y.reshape(-1, 1) * grid.v
        said = self.model.predict(vectors, **flags)
        self.assertEqual(said.texts[:, 0].tolist(), grid.texts.ravel().tolist())
        np.testing.assert_allclose(said.probabilities, grid.probabilities.reshape(20, 10), atol=1e-5)

    def test_a_vector_can_be_an_array(self):
        states = self.model.states("The old man walked to the", [2])
        self.assertEqual([token.text for token in states.tokens][-1], " the")
        vector = states.values[0, -1]
        grid = self.model.map(layer_idx=2, center_vector=vector, grid_size=3)
        np.testing.assert_array_equal(grid.c, vector)

    def test_switches_lists_and_questions(self):
        grid = self.model.map(grid_size=3, question="difference: he, she", adaptive=False, top_k=2)
        self.assertEqual(grid.answers.shape, (3, 3))
        self.assertEqual(grid.ids.shape[2], 2)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            grid = self.model.map(grid_size=4)
            files = grid.save(folder, formats=["json", "npz"])
            self.assertEqual(len(files), 2)
            again = self.model.map(specification=files[0])
            np.testing.assert_array_equal(again.ids, grid.ids)
            compared = eg.compare(files[0], files[0])
            self.assertEqual(compared.summary["changed"], 0)
            np.testing.assert_array_equal(compared.jensen_shannon, 0)
        self.assertEqual(grid.to_bytes("png")[:4], b"\x89PNG")
        self.assertEqual(grid._repr_png_()[:4], b"\x89PNG")

    def test_a_data_frame(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            return
        grid = self.model.map(grid_size=3, question="difference: he, she")
        frame = grid.to_dataframe()
        self.assertEqual(frame.shape, (9, 10))
        self.assertEqual(frame.token[5], grid.texts[1, 2])

    def test_mistakes_are_said(self):
        with self.assertRaisesRegex(eg.EmbeddingGridError, "layr"):
            self.model.map(layr=3)
        with self.assertRaisesRegex(eg.EmbeddingGridError, "grid-size"):
            self.model.map(grid_size=0)
        with self.assertRaises(eg.EmbeddingGridError) as caught:
            eg.Model("no/such-model")
        self.assertTrue(caught.exception.code.startswith("model"))

    def test_threads(self):
        found = {}

        def ask(seed):
            found[seed] = self.model.map(grid_size=4, seed=seed).ids

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for seed, ids in found.items():
            np.testing.assert_array_equal(ids, self.model.map(grid_size=4, seed=seed).ids)


class Original(unittest.TestCase):
    """The names of the original program, on a checkpoint whose arithmetic is written out here."""

    def test_its_snippet(self):
        model = types.SimpleNamespace(name_or_path=CHECKPOINT)
        visualizer = eg.EmbeddingGridVisualizer(model, tokenizer=object(), device="cpu")
        x, y = visualizer.create_2d_grid(grid_size=6, spacing=0.5)
        self.assertEqual(x[0].tolist(), [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25])
        for method in ("direct", "replicated", "random_projection"):
            vectors = visualizer.embed_2d_coordinates(x, y, method=method)
            said = visualizer.predict_tokens_for_grid(vectors)
            logits = vectors @ unembedding().T
            self.assertEqual(said["token_ids"].tolist(), logits.argmax(1).tolist(), method)
            odds = np.exp(logits - logits.max(1, keepdims=True))
            np.testing.assert_allclose(said["probabilities"], (odds / odds.sum(1, keepdims=True)).max(1), rtol=1e-4)
            drawn = visualizer.create_embedding_grid_map(
                grid_size=6, spacing=0.5, embedding_method=method, output_dir=None
            )
            self.assertEqual(np.ravel(drawn["predictions"]["token_ids"]).tolist(), said["token_ids"].tolist())
            self.assertEqual(drawn["coordinates"]["x_coords"], x.tolist())
            self.assertEqual(drawn["token_map"]["0,0"]["token_str"], said["tokens"][0])
        visualizer.model.close()

    def test_its_own_numbers(self):
        """SmolLM2's folder in SMOLLM2, and what the original said of it in ORIGINAL: peer_smollm2_20x20_METHOD.json."""
        checkpoint, answers = os.environ.get("SMOLLM2"), os.environ.get("ORIGINAL")
        if not checkpoint or not answers:
            return
        visualizer = eg.EmbeddingGridVisualizer(types.SimpleNamespace(name_or_path=checkpoint), tokenizer=object())
        for method in ("direct", "replicated", "random_projection"):
            with open(os.path.join(answers, f"peer_smollm2_20x20_{method}.json"), encoding="utf-8") as file:
                said = json.load(file)["predictions"]
            drawn = visualizer.create_embedding_grid_map(
                grid_size=20, spacing=0.5, embedding_method=method, output_dir=None
            )["predictions"]
            self.assertEqual(np.ravel(drawn["token_ids"]).tolist(), np.ravel(said["token_ids"]).tolist(), method)
            ratio = np.ravel(drawn["probabilities"]) / np.ravel(said["probabilities"])
            print(f"{method}: 400 of 400 tokens, probabilities within {np.abs(ratio - 1).max():.1e}")
            # Replicated, the original's own float32 lies 1.64e-5 from float64 and ours 2.6e-6: not 1e-5 but what the truth is worth.
            np.testing.assert_allclose(ratio, 1, rtol=2e-5, err_msg=method)
        visualizer.model.close()

    def test_its_files(self):
        with tempfile.TemporaryDirectory() as folder:
            drawn = eg.create_embedding_grid_map(CHECKPOINT, grid_size=4, layer_idx=1, output_dir=folder)
            self.assertEqual(len(drawn["files"]), 3)
            self.assertEqual(drawn["config"]["layer_idx"], 1)


def unembedding():
    """[vocabulary, hidden size] float32, out of the checkpoint's safetensors."""
    with open(os.path.join(CHECKPOINT, "model.safetensors"), "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        named = header.get("lm_head.weight") or header["model.embed_tokens.weight"]
        assert named["dtype"] == "F32"
        file.seek(start + named["data_offsets"][0])
        data = file.read(named["data_offsets"][1] - named["data_offsets"][0])
    return np.frombuffer(data, "<f4").reshape(named["shape"])


if __name__ == "__main__":
    unittest.main()

"""Exports WORK/best.pt to ONNX as hub exports look. usage: python export.py WORK TARGET

Weight matrices are rounded to float16 first, so that the ONNX file (float16 initializers, each followed by a Cast to float32; the
tied embedding once) and the PyTorch folder WORK/hf compute the same thing, in float32.
"""
import json
import pathlib
import shutil
import sys
import tempfile

import numpy
import onnx
import torch
from onnx import numpy_helper
from optimum.exporters.onnx import main_export
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from model import CONFIG
from prepare_data import BOS, EOS


def to_transformers(state: dict, half: bool) -> LlamaForCausalLM:
    """The trained weights in transformers' class; with `half`, matrices are rounded to float16 and kept as float32."""
    model = LlamaForCausalLM(LlamaConfig(**CONFIG)).eval()
    weights = {name: (w.half().float() if half and w.dim() == 2 else w.float()) for name, w in state.items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model


def store_as_float16(graph: onnx.GraphProto) -> None:
    """Every float32 matrix that float16 holds exactly becomes a float16 initializer and a Cast node of the same output name."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) != 2:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(numpy.float16)
        if values.size < 1024 or not numpy.array_equal(half.astype(numpy.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.float16"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], f"/Cast/{name}", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def strip(model: onnx.ModelProto) -> None:
    """Takes out what the exporter notes about itself and its machine."""
    del model.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for item in [*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output]:
        item.doc_string = ""
        if hasattr(item, "metadata_props"):
            del item.metadata_props[:]


def main() -> None:
    work, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    best = torch.load(work / "best.pt", weights_only=False)
    print(f"step {best['step']}, held-out loss {best['loss']:.4f}")
    hf = work / "hf"
    shutil.rmtree(hf, ignore_errors=True)
    model = to_transformers(best["model"], half=True)
    model.generation_config = GenerationConfig(bos_token_id=CONFIG["bos_token_id"], eos_token_id=CONFIG["eos_token_id"])
    model.save_pretrained(hf)
    PreTrainedTokenizerFast(tokenizer_file=str(work / "tokenizer.json"), bos_token=BOS, eos_token=EOS, clean_up_tokenization_spaces=False,
                            model_max_length=CONFIG["max_position_embeddings"]).save_pretrained(hf)
    with tempfile.TemporaryDirectory() as scratch:
        main_export(str(hf), scratch, task="text-generation-with-past", framework="pt", dtype="fp32", do_validation=False)
        exported = onnx.load(pathlib.Path(scratch) / "model.onnx")
    store_as_float16(exported.graph)
    strip(exported)
    onnx.checker.check_model(exported, full_check=True)
    (target / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(exported, target / "onnx" / "model.onnx")
    for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(hf / name, target / name)
    files = sorted(p for p in target.rglob("*") if p.is_file() and "training" not in p.parts)
    print(json.dumps({str(p.relative_to(target)): p.stat().st_size for p in files}, indent=1))


if __name__ == "__main__":
    main()

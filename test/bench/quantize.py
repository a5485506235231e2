"""A model's float32 export beside two of fewer bits, made by onnxruntime's own quantizers.

    python quantize.py MODEL.onnx OUT        (pip install onnx onnx_ir onnxruntime)

OUT/float32: matrices of 16 bits are widened. OUT/int8: `quantize_dynamic`, weights QInt8 with one scale a tensor, activations uint8
with one scale a tensor, at every run. OUT/int4: `MatMulNBits`, symmetric, round to nearest, blocks of 32 weights with one scale each.
Both change products with matrices alone: a head that is the embedding's transpose is one of them only where the export has it so.
The files beside the model's folder (configuration, tokenizer) are copied.
"""
import pathlib
import shutil
import sys

import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """Initializers that are only read as float32 stand there as float32."""
    casts = {n.input[0]: n for n in model.graph.node if n.op_type == "Cast" and n.attribute[0].i == onnx.TensorProto.FLOAT}
    for tensor in model.graph.initializer:
        cast = casts.get(tensor.name)
        if cast is None or tensor.data_type != onnx.TensorProto.FLOAT16:
            continue
        values = numpy_helper.to_array(tensor).astype("float32")
        tensor.CopyFrom(numpy_helper.from_array(values, cast.output[0]))
        model.graph.node.remove(cast)
    return model


def main() -> None:
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder = source.parent.parent if source.parent.name == "onnx" else source.parent
    for kind in ("float32", "int8", "int4"):
        (out / kind).mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            if file.suffix in (".json", ".model", ".jinja"):
                shutil.copyfile(file, out / kind / file.name)
    plain = out / "float32" / "model.onnx"
    onnx.save(widened(onnx.load(source)), plain)
    quantize_dynamic(plain, out / "int8" / "model.onnx", weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
    four = MatMulNBitsQuantizer(onnx.load(plain), block_size=32, is_symmetric=True, op_types_to_quantize=("MatMul",))
    four.process()
    four.model.save_model_to_file(str(out / "int4" / "model.onnx"), use_external_data_format=False)
    for kind in ("float32", "int8", "int4"):
        model = onnx.load(out / kind / "model.onnx")
        counts = {}
        for node in model.graph.node:
            if "MatMul" in node.op_type or node.op_type == "Gemm":
                counts[node.op_type] = counts.get(node.op_type, 0) + 1
        print(kind, (out / kind / "model.onnx").stat().st_size, counts)


main()

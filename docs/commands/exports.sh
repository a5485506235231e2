#!/usr/bin/env bash
# The table of docs/comparing.md: what int8 and 4-bit exports change. MODELS/NAME/{float32,int8,int4} are made by
# `python test/bench/quantize.py MODEL.onnx MODELS/NAME` (onnxruntime's own quantizers).
#   bash docs/commands/exports.sh MODELS OUT
set -euo pipefail
models=$1 out=$2
embedding_grid=${EMBEDDING_GRID:-embedding-grid}

table() { # NAME LAYER, then the flags of the plane
  local name=$1 layer=$2
  shift 2
  for bits in int8 int4; do
    for plane in shared own; do
      local place=$out/$name/$bits/layer_$layer/$plane
      $embedding_grid --vary "model=$models/$name/float32" --vary "model=$models/$name/$bits" --plane $plane --divergences \
        --layer-idx "$layer" --grid-size 30 --center 0.5,0.5 --spacing 0.08 --formats svg,json --output-dir "$place" --quiet "$@"
      node -e '
        const [name, bits, layer, plane, file] = process.argv.slice(1);
        const { summary: s } = JSON.parse(require("fs").readFileSync(file, "utf8"));
        const inBits = (nats, digits) => (nats / Math.LN2).toFixed(digits);
        const share = (x) => `${(100 * x).toFixed(1)} %`;
        const within = s.withinRounding > 0 ? `, ${s.withinRounding} within rounding` : "";
        console.log(`| ${name} | ${bits} | ${layer} | ${plane} | ${share(s.changedShare)}${within} | ${s.weightedIou.toFixed(3)} | ${inBits(s.divergences?.js.mean, 4)} | ${inBits(s.divergences?.js.max, 3)} |`);
      ' "$name" "$bits" "$layer" "$plane" "$place"/series_model/embedding_grid_comparison.json
    done
  done
}

echo '| model | export | layer | plane | winners changed | IoU by area | Jensen-Shannon, mean bits | largest |'
echo '| ----- | ------ | ----- | ----- | --------------- | ----------- | ------------------------- | ------- |'
for layer in 2 5; do
  table novella "$layer" --center-prompt "The captain of the ship" --x-prompt "Call me" --y-prompt "The white whale"
done
for layer in 14 29; do
  table smol "$layer" --center-prompt "The capital of France is" --x-prompt "The capital of Germany is" --y-prompt "The capital of Japan is"
done

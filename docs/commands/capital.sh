#!/usr/bin/env bash
# The study of docs/comparing.md: where does the capital come from? MODEL is SmolLM2-135M, as checkpoint or ONNX.
#   bash docs/commands/capital.sh MODEL OUT
set -euo pipefail
model=$1 out=$2
embedding_grid=${EMBEDDING_GRID:-embedding-grid}
capital="The capital of"
plane=(--center-prompt "$capital France is" --x-prompt "$capital Germany is" --y-prompt "$capital Japan is")
window=(--spacing 0.1 --center 0.5,0.5 --grid-size 20 --formats png,svg,json)

echo "== Which layer?"
$embedding_grid --model "$model" --vary layer=18-29 --plane own "${plane[@]}" "${window[@]}" \
  --follow " Paris, Berlin, Tokyo" --output-dir "$out/layers"

echo "== Which attention heads of block 23? One of them taken out at a time, below it the plane of layer 22."
$embedding_grid --model "$model" --layer-idx 22 --intervene zero:heads@23:0 \
  --vary 'interventions[0].heads=[[0],[1],[2],[3],[4],[5],[6],[7],[8]]' \
  "${plane[@]}" "${window[@]}" --grid-size 10 --spacing 0.2 --follow " Paris" --output-dir "$out/heads"

echo "== How much of Germany does it take?"
$embedding_grid --model "$model" --layer-idx 22 \
  --intervene "add:prompt:$capital France is->$capital Germany is@24:last" \
  --vary coefficient=0..2/5 "${plane[@]}" "${window[@]}" --grid-size 10 --spacing 0.2 \
  --follow " Paris, Berlin" --output-dir "$out/flip"

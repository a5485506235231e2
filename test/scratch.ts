import fs from 'node:fs'; import path from 'node:path';
import { readStructure } from '../src/onnx/structure.js';
import { decodeModel } from '../src/onnx/graph.js';
import { normalize } from '../src/onnx/normalize.js';
import { findAnatomy } from '../src/onnx/anatomy.js';
const root='/work/shared/reference/models';
for (const m of fs.readdirSync(root)) {
  const truth = JSON.parse(fs.readFileSync(path.join(root,m,'truth.json'),'utf8'));
  const file = fs.readFileSync(path.join(root,m,truth.export.file));
  const t=performance.now();
  try {
    const s = readStructure({size:file.length, read:(o,l)=>file.subarray(o,o+l)});
    const a = findAnatomy(normalize(decodeModel(s)));
    const ms=performance.now()-t;
    const bad: string[]=[];
    if (a.residual.length !== truth.residual.length) bad.push(`layers ${a.residual.length-1} vs ${truth.residual.length-1}`);
    truth.residual.forEach((r:any,i:number)=>{ if (r.tensor && r.tensor!==a.residual[i] && !r.aliases.includes(a.residual[i])) bad.push(`${r.layer}: ${a.residual[i]} vs ${r.tensor} ${r.aliases}`)});
    if (a.hiddenSize!==truth.model.hidden_size) bad.push(`hidden ${a.hiddenSize}`);
    if (a.vocabularySize!==truth.model.vocab_size) bad.push(`vocab ${a.vocabularySize} vs ${truth.model.vocab_size}`);
    if (a.mixersPerBlock.some(c=>c!==1)) bad.push(`mixers ${a.mixersPerBlock}`);
    const io=a.interface;
    if (io.caches.some(c=>!c.present)) bad.push('present');
    console.log(bad.length?'BAD':'ok ', m, s.length, ms.toFixed(0), a.head.matmul.opType, a.head.bias?'bias':'', a.head.after.join(), a.finalNorm, bad.join(' ; '), io.caches.length, io.others.join());
  } catch(e) { console.log('ERR', m, (e as Error).stack?.slice(0,300)); }
}

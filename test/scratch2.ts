import fs from 'node:fs'; import path from 'node:path';
import { Model } from '../src/engine/model.js';
const root='/work/shared/reference/models';
const only=process.argv[2];
const tolOf=(t:any,r:any):[string,number]|null=>{const n=t.name,dt=t.export.dtype; const fwd=r.readout==='forward';
 if(dt==='fp32'){ if(n==='genai-fp32-gemma2')return['results',2e-3]; if(/optimum-past-gemma2|genai-fp32-gemma3_text/.test(n)) return fwd?['as_exported',1e-4]:['results',1e-4]; return['results',1e-4];}
 if(dt==='fp16') return fwd?['as_exported',.04]:['results',.02];
 if(/^int8-/.test(n)) return fwd?['as_exported',.1]:null;
 return fwd?['as_exported',/q4qdq/.test(n)?.3:.03]:null;};
let all=true;
for (const m of fs.readdirSync(root)) { if(only&&!m.includes(only)) continue;
  const t = JSON.parse(fs.readFileSync(path.join(root,m,'truth.json'),'utf8'));
  const t0=performance.now();
  try {
    const model=Model.open(path.join(root,m,t.export.file),'cpu');
    const tOpen=performance.now()-t0;
    let worst=0, agree=0, total=0, bad=0; const notes:string[]=[];
    for (const which of ['results','as_exported']) { const rs = which==='results'?t.results:(t.as_exported?.results??[]);
    for (const r of rs) { const tol=tolOf(t,r); if(!tol||tol[0]!==which) continue;
      const plane=t.planes.find((p:any)=>p.layer===r.layer); const d=plane.c.length; const f=Math.fround;
      const pts=new Float32Array(98*d);
      for(let g=0;g<2;g++)for(let iy=0;iy<7;iy++)for(let ix=0;ix<7;ix++){const x=t.grids[g].xs[ix],y=t.grids[g].ys[iy];const p=g*49+iy*7+ix;for(let i=0;i<d;i++)pts[p*d+i]=f(f(f(plane.c[i])+f(x*f(plane.u[i])))+f(y*f(plane.v[i])));}
      const prefix=r.context==='prompt'?t.contexts.prompt.input_ids.slice(0,-1):[];
      const runner=await model.runner({layer:r.layer<0?'embeddings':r.layer,readout:r.readout,prefix,last:r.context==='prompt'?t.contexts.prompt.input_ids.at(-1):0,output:{kind:'logits'}});
      const V=model.facts.vocabularySize; const lg=await runner.logits(pts,98);
      let w=0;
      for(let p=0;p<98;p++){const row=lg.subarray(p*V,p*V+V);let mx=-1e30,am=0;for(let i=0;i<V;i++)if(row[i]!>mx){mx=row[i]!;am=i;}let s=0;for(let i=0;i<V;i++)s+=Math.exp(row[i]!-mx);const lz=mx+Math.log(s);
        for(let k=0;k<5;k++){const id=r.top5_ids.data[p*5+k];w=Math.max(w,Math.abs(row[id]!-lz-r.top5_logprob.data[p*5+k]));}
        total++; if(am===r.top5_ids.data[p*5])agree++; else if(r.margin.data[p]>=2*tol[1]) {bad++;}
      }
      worst=Math.max(worst,w); if(!(w<=tol[1])) notes.push(`${r.layer}/${r.readout}/${r.context}: ${w.toExponential(2)} > ${tol[1]}`);
    }}
    // own logits by injecting
    const ok=!notes.length&&!bad; all&&=ok;
    console.log(ok?'ok ':'BAD', m.padEnd(32), worst.toExponential(1), `${agree}/${total}`, model.manner.prefix.way, model.manner.batching.way, model.facts.numberType, tOpen.toFixed(0)+'ms', (performance.now()-t0).toFixed(0)+'ms', notes.slice(0,4).join('; '), bad||'');
    await model.release();
  } catch(e:any) { all=false; console.log('ERR', m, e.message, e.detail?.slice(0,400)??e.stack?.slice(0,500)); }
}
console.log(all);

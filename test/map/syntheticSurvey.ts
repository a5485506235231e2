import { gramOf, type Plane } from '../../src/map/plane.js';
import type { Center, Direction, MapParameters, Overlay, Prompt } from '../../src/map/specification.js';
import type { Mark, Survey } from '../../src/map/survey.js';
import type { Token } from '../../src/map/token.js';
import { randomNumbers } from './syntheticMap.js';

const wordOf = (text: string): Token => {
  const word = / ?\S+$/.exec(text)?.[0] ?? text;
  return { id: word.length, kind: 'text', text: word };
};
const textOf = (source: Center | Direction): string =>
  source.kind === 'prompt' ? source.text : source.kind === 'vector' ? (source.name ?? 'a vector') : source.kind;

/**
 * A survey as an engine gives it: anchors of hidden states at (0, 0), (1, 0), (0, 1), overlays at places that depend on their
 * texts alone, norms from a quarter to four times the typical one, which is the length of h at (1, 1).
 */
export function syntheticSurvey(plane: Plane, { plane: { axes, center }, overlays, grid }: MapParameters): Survey {
  const gram = gramOf(plane);
  const typical = Math.sqrt(gram.cc + gram.uu + gram.vv + 2 * (gram.cu + gram.cv + gram.uv));
  const norm = (x: number, y: number): number =>
    Math.hypot(...plane.c.map((c, i) => c + x * (plane.u[i] ?? 0) + y * (plane.v[i] ?? 0)));
  const at = (mark: Omit<Mark, 'norm'>): Mark => ({ ...mark, norm: Math.hypot(norm(mark.x, mark.y), mark.distance) });
  const anchor = (badge: 'A' | 'B' | 'C', source: Center | Direction, x: number, y: number): Mark[] =>
    ['prompt', 'tokens', 'mean'].includes(source.kind) || (badge === 'A' && source.kind !== 'origin')
      ? [at({ kind: 'anchor', badge, overlay: -1, text: textOf(source), x, y, distance: 0 })]
      : [];
  const half = (Math.min(grid.columns, grid.rows) * grid.spacing) / 2;
  const marksOf = (overlay: Overlay, index: number): Mark[] => {
    const random = randomNumbers(11 + JSON.stringify(overlay).length);
    const place = () => ({ x: (random() * 2 - 1) * half * 0.9, y: (random() * 2 - 1) * half * 0.9, overlay: index });
    const distance = typical / 4;
    const text = (prompt: Prompt): string => (prompt.kind === 'prompt' ? prompt.text : prompt.ids.join(' '));
    switch (overlay.kind) {
      case 'texts':
        return [];
      case 'state':
        return [
          at({
            kind: 'state',
            ...place(),
            text: text(overlay.prompt),
            token: wordOf(text(overlay.prompt)),
            distance,
          }),
        ];
      case 'layers':
        return [...Array(5).keys()].map((layer) =>
          at({
            ...{ kind: 'layers', ...place(), text: text(overlay.prompt), token: wordOf(text(overlay.prompt)), layer },
            distance: distance * layer,
          }),
        );
      case 'positions':
        return text(overlay.prompt)
          .split(/(?= )/)
          .map((word) => at({ kind: 'positions', ...place(), text: '', token: wordOf(word), distance }));
      case 'rows':
        return [...Array(overlay.count).keys()].map((i) =>
          at({
            kind: 'rows',
            ...place(),
            text: '',
            token: { id: i, kind: 'text', text: ` row${i}` },
            distance: distance * (i + 1),
          }),
        );
    }
  };
  // Texts of one label stand together.
  const points = overlays.flatMap((overlay, index) => {
    if (overlay.kind !== 'texts') return [];
    const texts = overlay.texts ?? (axes.method === 'pca_basis' ? axes.texts : []);
    if (texts.length === 0) return [];
    const random = randomNumbers(5);
    const labels = [...new Set(overlay.labels)];
    const place = (i: number, along: 0 | 1): number => {
      const turn = (2 * Math.PI * Math.max(0, labels.indexOf(overlay.labels?.[i] ?? ''))) / Math.max(1, labels.length);
      return half * (0.5 * (along === 0 ? Math.cos(turn) : Math.sin(turn)) + 0.3 * (random() + random() - 1));
    };
    const count = texts.length;
    const separability =
      labels.length > 1 ? { classes: labels.length, count, plane: 0.8, space: 0.95, most: 0.4 } : null;
    return [
      {
        overlay: index,
        x: texts.map((_, i) => place(i, 0)),
        y: texts.map((_, i) => place(i, 1)),
        distance: texts.map(() => typical / 4),
        separability,
      },
    ];
  });
  return {
    gram,
    norms: { quantiles: Array.from({ length: 21 }, (_, i) => typical * 4 ** ((i - 10) / 10)), count: 200 },
    marks: [
      ...anchor('A', center, 0, 0),
      ...(axes.method === 'directions' ? [...anchor('B', axes.x, 1, 0), ...anchor('C', axes.y, 0, 1)] : []),
      ...overlays.flatMap(marksOf),
    ],
    ...(points.length > 0 ? { points } : {}),
    explained: axes.method === 'pca_basis' ? { variance: [4, 2], ratio: [0.5, 0.25] } : null,
  };
}

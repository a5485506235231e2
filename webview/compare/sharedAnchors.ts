import type { Mark } from '../../src/map/survey.js';
import { mapBrief } from '../../src/map/naming.js';
import type { PageMap } from '../pageMap.js';
import type { Store } from '../store.js';

/**
 * On a plane that two maps share the right one is laid through plain vectors: what they are, A, B and C, is known of the left one
 * alone. Shows the left map's anchors on the right one, so that both name a place alike.
 */
export function shareAnchors(main: Store, other: Store): void {
  const follow = (): void => {
    const { host, base: left } = main.state;
    const { base, detail, map } = other.state;
    if (host?.compare?.kind !== 'computed' || host.compare.plane !== 'shared') return;
    if (!left?.survey || !base?.survey || !isOnPlaneOf(base, left)) return;
    const anchors = left.survey.marks.filter(isAnchor);
    if (same(base.survey.marks.filter(isAnchor), anchors)) return;
    const dressed = (one: PageMap | null): PageMap | null =>
      one?.survey
        ? {
            ...one,
            survey: { ...one.survey, marks: [...anchors, ...one.survey.marks.filter((mark) => !isAnchor(mark))] },
          }
        : one;
    const by = dressed(base);
    const closer = dressed(detail);
    other.set({ base: by, detail: closer, map: map === base ? by : map === detail ? closer : map, mark: null });
  };
  main.onDraw(follow);
  other.onDraw(follow);
}

const isAnchor = ({ kind }: Mark): boolean => kind === 'anchor';
const same = (a: readonly Mark[], b: readonly Mark[]): boolean =>
  a.length === b.length && a.every((mark, i) => mark === b[i]);

/** A shared plane is called after the map that it is of. */
const isOnPlaneOf = ({ specification: { plane } }: PageMap, { specification }: PageMap): boolean =>
  plane.center.kind === 'vector' && plane.center.name?.includes(mapBrief(specification)) === true;

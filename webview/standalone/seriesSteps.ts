import type { LineInPage } from '../../src/map/pageFile/pageFile.js';
import { safeText } from '../../src/map/display.js';
import { layerBrief } from '../../src/map/naming.js';
import { h } from '../dom.js';
import type { PageMap } from '../pageMap.js';
import { createDropdown } from '../toolkit.js';
import type { Sequence } from '../sweep/steps.js';

/** A page's series and which of its lines is gone through. */
export class SeriesSteps {
  private line: LineInPage;

  /** @param see makes a map of the line, by its place, the one that is seen; all of its maps come before */
  constructor(
    readonly axis: string,
    readonly lines: readonly LineInPage[],
    private readonly maps: readonly PageMap[],
    private readonly see: (map: PageMap, line: readonly PageMap[]) => void,
  ) {
    this.line = lines[0] ?? { name: '', members: [] };
  }

  /** Shows a map of the line, the last of which has the model's answer. */
  start(): void {
    this.go(this.line.members.length - 1);
  }

  readonly go = (place: number): void => {
    const line = this.inLine();
    const map = line[place];
    if (map) this.see(map, line);
  };

  /** One map on or back. */
  readonly move = (by: number, from: PageMap | null): void => {
    const at = from ? this.placeOf(from) : -1;
    if (at >= 0) this.go(at + by);
  };

  get sequence(): Sequence {
    return {
      words: {
        title: 'All maps',
        play: 'Play Through the Maps',
        slider: `Map by ${this.axis}`,
        maps: 'Maps of the series',
        curve: 'as on the last map',
        agreement: (percent) => `${percent} as on the last map`,
        everywhere: (token) => `${token} wins at this cell on every map`,
      },
      steps: ({ sweep, base }) =>
        base && sweep.length > 0
          ? {
              count: sweep.length,
              at: this.placeOf(base),
              maps: sweep,
              placeOf: (map) => this.placeOf(map),
              nameOf: (place) => this.nameOf(place),
              shortOf: (place) => this.shortOf(place),
            }
          : undefined,
      go: this.go,
    };
  }

  /** Where one of several lines is chosen; undefined: there is one. */
  chooser(): HTMLElement | undefined {
    if (this.lines.length < 2) return undefined;
    const dropdown = createDropdown('Maps with', (value) => {
      const place = this.line.members.length;
      this.line = this.lines[Number(value)] ?? this.line;
      this.go(Math.min(place, this.line.members.length) - 1);
    });
    dropdown.update(
      this.lines.map(({ name }, i) => ({ value: String(i), label: safeText(name, 80) })),
      '0',
    );
    return h('label', { class: 'series-line' }, h('span', {}, 'Maps with'), dropdown.element);
  }

  private inLine(): readonly PageMap[] {
    return this.line.members.flatMap(({ map }) => this.maps[map] ?? []);
  }

  private placeOf({ id }: PageMap): number {
    return this.line.members.findIndex(({ map }) => this.maps[map]?.id === id);
  }

  private nameOf(place: number): string {
    const member = this.line.members[place];
    const map = member && this.maps[member.map];
    if (!map) return '';
    return this.axis === 'layer' ? layerBrief(map.specification.layer) : `${this.axis} ${safeText(member.name, 60)}`;
  }

  private shortOf(place: number): string {
    return safeText(this.line.members[place]?.name ?? '', 24);
  }
}

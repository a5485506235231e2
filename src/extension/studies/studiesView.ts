import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { formatCount, formatWholePercent } from '../../map/numbers.js';
import { axisName, memberCount, memberName, valuesAt, valueText } from '../../map/series/series.js';
import type { Study } from '../../map/series/study.js';
import { SAVED_MAP_EDITOR, STUDY_EDITOR } from '../ids.js';
import { treeLine } from '../window.js';
import { memberUri } from './memberFiles.js';
import type { FoundStudy, Studies } from './studies.js';

/** Children of a node at most: more are put into ranges. */
const MOST_CHILDREN = 200;

/**
 * A line of the view. Members that have the same values on the first axes follow each other, so that a group of them is a range
 * of numbers, `first` to before `end`, within which the axis `depth` changes first.
 */
export type StudiesNode =
  | { readonly kind: 'study'; readonly found: FoundStudy }
  | {
      readonly kind: 'group';
      readonly found: FoundStudy;
      readonly study: Study;
      readonly label: string;
      readonly first: number;
      readonly end: number;
      readonly depth: number;
    }
  | {
      readonly kind: 'member';
      readonly found: FoundStudy;
      readonly study: Study;
      readonly label: string;
      readonly number: number;
      readonly fault: string | undefined;
    };

/** The view "Studies": their members by the values of their axes. */
export class StudiesTree implements vscode.TreeDataProvider<StudiesNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(private readonly studies: Studies) {
    this.onDidChangeTreeData = studies.onDidChange;
  }

  async getChildren(parent?: StudiesNode): Promise<StudiesNode[]> {
    if (!parent) return (await this.studies.list()).map((found) => ({ kind: 'study', found }));
    if (parent.kind === 'member') return [];
    const { found } = parent;
    if (parent.kind === 'group') return this.within(found, parent.study, parent.first, parent.end, parent.depth);
    const { study } = found;
    return study ? this.within(found, study, 0, memberCount(study), 0) : [];
  }

  private async within(
    found: FoundStudy,
    study: Study,
    first: number,
    end: number,
    depth: number,
  ): Promise<StudiesNode[]> {
    const { vary } = study;
    // An axis with one value divides nothing.
    let axis = depth;
    while (axis < vary.length - 1 && vary[axis]?.values.length === 1) axis++;
    const inner = vary.slice(axis + 1).reduce((product, { values }) => product * values.length, 1);
    const count = (end - first) / inner;
    if (count > MOST_CHILDREN) return ranges(found, study, first, end, axis, inner);
    const starts = Array.from({ length: count }, (_, i) => first + i * inner);
    const label = (number: number): string => {
      const { path } = vary[axis] ?? {};
      return path === undefined
        ? t('the only member')
        : `${axisName(path)}=${valueText(valuesAt(vary, number)[axis] ?? null)}`;
    };
    if (inner > 1)
      return starts.map((number) => ({
        kind: 'group',
        found,
        study,
        label: label(number),
        first: number,
        end: number + inner,
        depth: axis + 1,
      }));
    const failed = await this.studies.files.failed(found.folder, first, end).catch(() => new Map<number, string>());
    return starts.map((number) => ({
      kind: 'member',
      found,
      study,
      label: label(number),
      number,
      fault: failed.get(number),
    }));
  }

  getTreeItem(node: StudiesNode): vscode.TreeItem {
    if (node.kind === 'study') return studyItem(node.found);
    const collapsed = vscode.TreeItemCollapsibleState.Collapsed;
    if (node.kind === 'group')
      return treeLine(node.label, {
        id: `${node.found.folder} ${node.depth} ${node.first} ${node.end}`,
        collapsibleState: collapsed,
        description: formatCount(node.end - node.first),
      });
    return memberItem(node);
  }
}

function ranges(
  found: FoundStudy,
  study: Study,
  first: number,
  end: number,
  depth: number,
  inner: number,
): StudiesNode[] {
  let size = inner * MOST_CHILDREN;
  while ((end - first) / size > MOST_CHILDREN) size *= MOST_CHILDREN;
  return Array.from({ length: Math.ceil((end - first) / size) }, (_, i) => {
    const [from, to] = [first + i * size, Math.min(end, first + (i + 1) * size)];
    return {
      kind: 'group',
      found,
      study,
      label: t('{0} to {1}', formatCount(from), formatCount(to - 1)),
      first: from,
      end: to,
      depth,
    };
  });
}

function studyItem({ name, uri, folder, study, done, running }: FoundStudy): vscode.TreeItem {
  const count = study ? memberCount(study) : 0;
  const there =
    running !== undefined
      ? formatWholePercent(running)
      : done === count
        ? t('{0} maps', formatCount(count))
        : t('{0} of {1} maps', formatCount(done), formatCount(count));
  return treeLine(name, {
    id: folder,
    ...(uri ? { resourceUri: uri } : {}),
    description: study ? there : t('no study'),
    tooltip: [vscode.workspace.asRelativePath(uri ?? folder)],
    collapsibleState: study ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    iconPath: new vscode.ThemeIcon(running !== undefined ? 'loading~spin' : study ? 'layers' : 'warning'),
    contextValue: uri ? (running === undefined ? 'study' : 'study.running') : 'study.results',
    ...(uri ? { command: { command: 'vscode.openWith', title: t('Open'), arguments: [uri, STUDY_EDITOR] } } : {}),
  });
}

function memberItem({ found, study, label, number, fault }: Extract<StudiesNode, { kind: 'member' }>): vscode.TreeItem {
  const there = found.whole.has(Math.floor(number / study.shard));
  const opens = there && fault === undefined;
  const name = memberName(study.vary, valuesAt(study.vary, number));
  return treeLine(label, {
    id: `${found.folder} ${number}`,
    description: opens ? '' : there ? t('failed') : t('not computed yet'),
    tooltip: [`${number}: ${name}`, ...(fault === undefined ? [] : [fault])],
    iconPath: new vscode.ThemeIcon(opens ? 'symbol-color' : there ? 'error' : 'circle-outline'),
    contextValue: opens ? 'studyMember' : 'studyMember.none',
    ...(opens
      ? {
          command: {
            command: 'vscode.openWith',
            title: t('Open'),
            arguments: [memberUri(found.folder, number, name), SAVED_MAP_EDITOR],
          },
        }
      : {}),
  });
}

/** The file of a member that opens as a map. */
export const memberOf = (node: StudiesNode): vscode.Uri | undefined =>
  node.kind === 'member'
    ? memberUri(node.found.folder, node.number, memberName(node.study.vary, valuesAt(node.study.vary, node.number)))
    : undefined;

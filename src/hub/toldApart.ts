/**
 * What tells things of one name apart by where they lie: for each path the folders, and the file, in which it differs from the others;
 * '' for one that ends where the others go on. Of many such parts the first and the last.
 * @param paths with either kind of slashes, no two the same
 */
export function toldApart(paths: readonly string[]): string[] {
  const parts = paths.map((one) => one.split(/[\\/]+/));
  const shortest = Math.min(...parts.map(({ length }) => length));
  const [own = []] = parts;
  const alike = (at: (path: readonly string[], i: number) => string | undefined): number => {
    let count = 0;
    while (count < shortest && parts.every((path) => at(path, count) === at(own, count))) count++;
    return count;
  };
  const before = alike((path, i) => path[i]);
  const after = Math.min(
    alike((path, i) => path.at(-1 - i)),
    shortest - before,
  );
  return parts.map((path) => {
    const middle = path.slice(before, path.length - after);
    return middle.length > MOST_PARTS ? `${middle[0] ?? ''}/…/${middle.at(-1) ?? ''}` : middle.join('/');
  });
}

const MOST_PARTS = 3;

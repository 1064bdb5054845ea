/** Imports between files: from each file to those that it imports. */
export type Edges = ReadonlyMap<string, readonly string[]>;

/** One way around for each group of files that import each other; it begins and ends with the same file. */
export function importCycles(edges: Edges): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file]);
    if (start >= 0 || finished.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    finished.add(file);
  };
  for (const file of [...edges.keys()].toSorted()) visit(file);
  return cycles;
}

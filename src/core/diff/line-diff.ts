interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

const CONTEXT = 3;
/** Beyond this many differing lines a block is shown as replaced: the search is quadratic in them. */
const MOST_EDITS = 1000;

/** The lines that lead from one text to the other, with three lines of context, as `diff -u` writes them without file names. */
export function unifiedDiff(before: string, after: string): string {
  const lines = editScript(linesOf(before), linesOf(after));
  return hunksOf(lines)
    .map(({ from, to }) => hunkText(lines, from, to))
    .join("");
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function editScript(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const middle = { before: before.slice(start, before.length - tail), after: after.slice(start, after.length - tail) };
  return [
    ...before.slice(0, start).map(kept),
    ...changedLines(middle.before, middle.after),
    ...before.slice(before.length - tail).map(kept),
  ];
}

function kept(text: string): Line {
  return { mark: " ", text };
}

function changedLines(before: readonly string[], after: readonly string[]): Line[] {
  const trace = furthestPaths(before, after);
  if (!trace) {
    const removed = before.map((text): Line => ({ mark: "-", text }));
    return [...removed, ...after.map((text): Line => ({ mark: "+", text }))];
  }
  return linesAlong(trace, before, after);
}

/** Myers' greedy search: per number of edits, how far each diagonal reaches in `before`; null when it takes too many. */
function furthestPaths(before: readonly string[], after: readonly string[]): Map<number, number>[] | null {
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(MOST_EDITS, before.length + after.length); edits++) {
    const next = new Map<number, number>();
    trace.push(reach);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let at = goesDown(reach, diagonal, edits) ? reachOf(reach, diagonal + 1) : reachOf(reach, diagonal - 1) + 1;
      while (at < before.length && at - diagonal < after.length && before[at] === after[at - diagonal]) at++;
      next.set(diagonal, at);
      if (at >= before.length && at - diagonal >= after.length) return trace;
    }
    reach = next;
  }
  return null;
}

function goesDown(reach: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && reachOf(reach, diagonal - 1) < reachOf(reach, diagonal + 1);
}

function reachOf(reach: ReadonlyMap<number, number>, diagonal: number): number {
  return reach.get(diagonal) ?? 0;
}

function linesAlong(
  trace: readonly Map<number, number>[],
  before: readonly string[],
  after: readonly string[],
): Line[] {
  const lines: Line[] = [];
  let [left, right] = [before.length, after.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Map<number, number>();
    const down = goesDown(reach, left - right, edits);
    const diagonal = left - right + (down ? 1 : -1);
    const from = reachOf(reach, diagonal);
    while (left > (down ? from : from + 1) && right > (down ? from - diagonal + 1 : from - diagonal)) {
      lines.push(kept(before[--left] ?? ""));
      right--;
    }
    if (edits === 0) break;
    lines.push(down ? { mark: "+", text: after[--right] ?? "" } : { mark: "-", text: before[--left] ?? "" });
  }
  return lines.reverse();
}

function hunksOf(lines: readonly Line[]): { from: number; to: number }[] {
  const hunks: { from: number; to: number }[] = [];
  lines.forEach((line, index) => {
    if (line.mark === " ") return;
    const last = hunks.at(-1);
    if (last && index - CONTEXT <= last.to) last.to = index + CONTEXT + 1;
    else hunks.push({ from: Math.max(0, index - CONTEXT), to: index + CONTEXT + 1 });
  });
  return hunks;
}

function hunkText(lines: readonly Line[], from: number, to: number): string {
  const shown = lines.slice(from, to);
  const range = (mark: Line["mark"]) => {
    const skipped = lines.slice(0, from).filter((line) => line.mark !== mark).length;
    const length = shown.filter((line) => line.mark !== mark).length;
    return `${length === 0 ? skipped : skipped + 1},${length}`;
  };
  return `@@ -${range("+")} +${range("-")} @@\n${shown.map((line) => `${line.mark}${line.text}\n`).join("")}`;
}

import type { DialectResult } from "./scenario.ts";

/** Prints the results as a table for people. */
export function printTable(
  results: { floor: { create_s: number } } & Record<string, DialectResult>,
  names: readonly string[],
): void {
  const columns = names.flatMap((name) => (results[name] ? [{ name, result: results[name] }] : []));
  const rows: [string, (result: DialectResult) => number][] = [
    ["initial, s", (one) => one.initial.s],
    ["initial, ratio to the floor", (one) => one.initial.ratio],
    ["initial, requests", (one) => one.initial.requests],
    ["initial, controller CPU s", (one) => one.initial.cpu_s],
    ["peak memory, MiB", (one) => one.initial.rss_mib],
    ["quiet minute, requests", (one) => one.steady60.requests],
    ["quiet minute, CPU s", (one) => one.steady60.cpu_s],
    ["one commit, applied s", (one) => one.commit_one.applied_s],
    ["one commit, all settled s", (one) => one.commit_one.settled_s],
    ["one commit, requests", (one) => one.commit_one.requests],
    ["one commit, CPU s", (one) => one.commit_one.cpu_s],
    ["one commit, apps rendered", (one) => one.commit_one.rendered],
    ["drift healed, median s", (one) => one.drift.median_s],
    ["drift healed, max s", (one) => one.drift.max_s],
  ];
  const line = (cells: readonly string[]) =>
    `${(cells[0] ?? "").padEnd(30)}${cells
      .slice(1)
      .map((cell) => cell.padStart(12))
      .join("")}`;
  process.stdout.write(`${line(["", ...columns.map((column) => column.name)])}\n`);
  for (const [name, of] of rows)
    process.stdout.write(`${line([name, ...columns.map((column) => `${of(column.result)}`)])}\n`);
  process.stdout.write(`The floor (server-side apply of the same objects, 16 at once): ${results.floor.create_s} s\n`);
}

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_S = 100;
const KIB_PER_MIB = 1024;

/** What a process and all its descendants used: CPU seconds so far (ended children included) and PSS in MiB now. */
export interface Usage {
  readonly cpuS: number;
  readonly pssMib: number;
}

/** Reads the usage of a process tree from /proc. */
export function usageOf(root: number): Usage {
  let cpuS = 0;
  let pssMib = 0;
  for (const pid of treeOf(root)) {
    cpuS += cpuSecondsOf(pid);
    pssMib += pssOf(pid);
  }
  return { cpuS, pssMib };
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The fields after the command's name: state, ppid, … */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  const ticks = [11, 12, 13, 14].map((index) => Number(fields[index] ?? 0));
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_S;
}

function pssOf(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return Number(match?.[1] ?? 0) / KIB_PER_MIB;
  } catch {
    return 0;
  }
}

/** Samples the PSS of a process tree and keeps the highest. */
export class PeakMemory {
  readonly #timer: NodeJS.Timeout;
  #peakMib = 0;

  constructor(root: number, everyMs = 250) {
    this.#timer = setInterval(() => {
      this.#peakMib = Math.max(this.#peakMib, usageOf(root).pssMib);
    }, everyMs);
  }

  /** Ends the sampling and returns the peak in MiB. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peakMib;
  }
}

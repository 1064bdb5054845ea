import { readFile, readlink } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { childrenOf } from "../faults/controller-process.ts";

/** What a process and all that it started used. */
export interface ProcessUse {
  /** Time of processors: that of the clock tells of what else they do. */
  readonly workedS: number;
  /** The most memory that they held together; what they share is counted once. */
  readonly peakMib: number;
  /** How much more that was than before. */
  readonly grownMib: number;
}

/** As Linux counts in `/proc`, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

/** Does something and tells what a process with all that it started used meanwhile. */
export async function useOf(pid: number, work: () => Promise<void>): Promise<ProcessUse> {
  const restMib = await memoryMib(pid);
  let peakMib = 0;
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      peakMib = Math.max(peakMib, await memoryMib(pid));
      await pause(40);
    }
  })();
  const before = await workSeconds(pid);
  try {
    await work();
  } finally {
    watching.abort();
    await watch;
  }
  return { workedS: (await workSeconds(pid)) - before, peakMib, grownMib: peakMib - restMib };
}

async function family(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [pid, ...(await Promise.all(children.map(family))).flat()];
}

/** A child that has not begun its own program yet has all memory of the one that started it, which counts once. */
async function memoryMib(pid: number): Promise<number> {
  const program = await programOf(pid);
  const parts = (await family(pid)).map(async (one) => {
    if (one !== pid && (await programOf(one)) === program) return 0;
    const rollup = await readFile(`/proc/${one}/smaps_rollup`, "utf8").catch(() => "");
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
  });
  return (await Promise.all(parts)).reduce((sum, part) => sum + part, 0);
}

function programOf(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/exe`).catch(() => "");
}

/** Those that have ended are counted with the one that started them. */
async function workSeconds(pid: number): Promise<number> {
  const parts = (await family(pid)).map(async (one) => {
    const stat = await readFile(`/proc/${one}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  });
  return (await Promise.all(parts)).reduce((sum, part) => sum + part, 0);
}

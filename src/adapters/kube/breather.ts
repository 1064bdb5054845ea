import { setImmediate as nextTurn } from "node:timers/promises";

const SLICE_MS = 5;

/** Cuts long work into slices: `due` is cheap to ask between two pieces, `rest` lets everybody else run. */
export class Breather {
  #since = performance.now();

  /** Whether this slice has lasted long enough. */
  due(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Gives the event loop a turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}

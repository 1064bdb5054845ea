import { goProgramPath } from "#adapters/go-program.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";

/** The helpers of one process. @throws GoProgramError when the small ones are not there */
export class HelperPools {
  /** Helpers that hold what every app needs. */
  readonly small = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream")));
  #full: HelperPool | null = null;
  #isClosed = false;

  /** Helpers that hold every library, looked for when first needed. @throws GoProgramError when they are not there */
  get full(): HelperPool {
    if (this.#isClosed) throw new UpstreamError({ code: "died", message: "the helpers have been stopped" });
    this.#full ??= new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));
    return this.#full;
  }

  /** Kills every helper; none is started again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.small.close(), this.#full?.close()]);
  }
}

import type { ScriptValue } from "#core/health/script-health.ts";
import type { Evaluated, ScriptRun } from "#engine/expression-evaluator.ts";
import type { HelperPools } from "./helper-pools.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Objects may be large, and the helper's memory is not. */
const CHUNK = 16;
/** What all scripts of a chunk may take together, and one alone. */
const CHUNK_MS = 2_000;
const ALONE_MS = 1_500;
/** After so many objects on which it overran its limits, a script runs on no further one. */
const MAX_OVERRUNS = 2;
const ENDED_BY_SCRIPT = new Set(["timeout", "memory", "died", "fatal"]);

interface LuaAnswer {
  readonly type?: string;
  readonly value?: unknown;
  readonly error?: string;
  readonly overran?: boolean;
}

type Given = Evaluated<ScriptValue>;
type Helpers = Pick<HelperPools, "full">;

/** Runs Lua scripts by the library that Argo CD runs them with, each within limits of time, length and memory. */
export async function runLua(
  helpers: Helpers,
  scripts: readonly ScriptRun[],
  signal: AbortSignal,
): Promise<readonly Given[]> {
  const run = new LuaBatch(helpers, signal);
  const answers: Given[] = [];
  for (let from = 0; from < scripts.length; from += CHUNK) {
    answers.push(...(await run.chunk(scripts.slice(from, from + CHUNK))));
  }
  return answers;
}

/** Scripts that are run for one who asked, and what is known of those that overran. */
class LuaBatch {
  readonly #helpers: Helpers;
  readonly #signal: AbortSignal;
  readonly #overruns = new Map<string, { readonly times: number; readonly answer: Given }>();

  constructor(helpers: Helpers, signal: AbortSignal) {
    this.#helpers = helpers;
    this.#signal = signal;
  }

  async chunk(scripts: readonly ScriptRun[]): Promise<readonly Given[]> {
    const open = scripts.filter((script) => this.#refusal(script) === null);
    const given = new Map<ScriptRun, Given>();
    try {
      for (const [index, answer] of (await this.#request(open)).entries()) {
        const script = open[index];
        if (script) given.set(script, answer);
      }
    } catch {
      this.#signal.throwIfAborted();
      // One of them ended the helper, or is too large: which one shows when each runs alone.
      for (const script of open) given.set(script, await this.#alone(script));
    }
    return scripts.map((script) => given.get(script) ?? this.#refusal(script) ?? { error: "no answer" });
  }

  #refusal({ text }: ScriptRun): Given | null {
    const known = this.#overruns.get(text);
    return known && known.times >= MAX_OVERRUNS ? known.answer : null;
  }

  async #alone(script: ScriptRun): Promise<Given> {
    const refusal = this.#refusal(script);
    if (refusal) return refusal;
    try {
      const [answer = { error: `${script.name}: no answer` }] = await this.#request([script]);
      return answer;
    } catch (error) {
      this.#signal.throwIfAborted();
      const answer = { error: `${script.name}: ${error instanceof Error ? error.message : String(error)}` };
      if (error instanceof UpstreamError && ENDED_BY_SCRIPT.has(error.code)) this.#note(script, answer);
      return answer;
    }
  }

  async #request(scripts: readonly ScriptRun[]): Promise<readonly Given[]> {
    if (scripts.length === 0) return [];
    const requests = scripts.map(({ name, text, openLibs, object, params = {} }) => {
      return { name, script: text, openLibs, object, params };
    });
    const timeLimitMs = scripts.length === 1 ? ALONE_MS : CHUNK_MS;
    const { answers } = (await this.#helpers.full.request(
      { op: "lua.run", input: { requests }, answer: noFiles, timeLimitMs },
      this.#signal,
    )) as { readonly answers: readonly LuaAnswer[] };
    return answers.map(({ type = "", value = null, error, overran = false }, index): Given => {
      if (error === undefined) return { value: { type, value } };
      const script = scripts[index];
      if (overran && script) this.#note(script, { error });
      return { error };
    });
  }

  #note({ text }: ScriptRun, answer: Given): void {
    this.#overruns.set(text, { times: (this.#overruns.get(text)?.times ?? 0) + 1, answer });
  }
}

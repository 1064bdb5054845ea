import type { ScriptValue } from "#core/health/script-health.ts";
import type { Evaluated, ScriptRun } from "#engine/expression-evaluator.ts";
import type { HelperPools } from "./helper-pools.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** What all scripts of a batch may take together, and one alone. */
const BATCH_MS = 2_000;
const ALONE_MS = 1_500;
const ENDED_BY_SCRIPT = new Set(["timeout", "memory", "died", "fatal"]);
/** After this many objects a script runs on no further one. */
const MAX_ENDED = 2;

interface LuaAnswer {
  readonly type?: string;
  readonly value?: unknown;
  readonly error?: string;
}

/** Runs Lua scripts by the library that Argo CD runs them with, each within limits of time, length and memory. */
export async function runLua(
  helpers: Pick<HelperPools, "full">,
  scripts: readonly ScriptRun[],
  signal: AbortSignal,
): Promise<readonly Evaluated<ScriptValue>[]> {
  try {
    return await request(helpers, scripts, signal);
  } catch (error) {
    if (!isEndedByScript(error) || signal.aborted) throw error;
    const [only] = scripts;
    return only && scripts.length === 1
      ? [{ error: `${only.name}: ${error.message}` }]
      : runOneByOne(helpers, scripts, signal);
  }
}

/** One of the scripts ended the helper: which one shows when each runs alone. */
async function runOneByOne(
  helpers: Pick<HelperPools, "full">,
  scripts: readonly ScriptRun[],
  signal: AbortSignal,
): Promise<readonly Evaluated<ScriptValue>[]> {
  const answers: Evaluated<ScriptValue>[] = [];
  const ended = new Map<string, { times: number; answer: Evaluated<ScriptValue> }>();
  for (const script of scripts) {
    const known = ended.get(script.text);
    if (known && known.times >= MAX_ENDED) {
      answers.push(known.answer);
      continue;
    }
    const answer = await runAlone(helpers, script, signal);
    if (answer.ended) ended.set(script.text, { times: (known?.times ?? 0) + 1, answer: answer.given });
    answers.push(answer.given);
  }
  return answers;
}

async function runAlone(
  helpers: Pick<HelperPools, "full">,
  script: ScriptRun,
  signal: AbortSignal,
): Promise<{ readonly given: Evaluated<ScriptValue>; readonly ended: boolean }> {
  try {
    const [given = { error: `${script.name}: no answer` }] = await request(helpers, [script], signal);
    return { given, ended: false };
  } catch (error) {
    if (!isEndedByScript(error) || signal.aborted) throw error;
    return { given: { error: `${script.name}: ${error.message}` }, ended: true };
  }
}

async function request(
  helpers: Pick<HelperPools, "full">,
  scripts: readonly ScriptRun[],
  signal: AbortSignal,
): Promise<readonly Evaluated<ScriptValue>[]> {
  const requests = scripts.map(({ name, text, openLibs, object, params = {} }) => {
    return { name, script: text, openLibs, object, params };
  });
  const timeLimitMs = scripts.length === 1 ? ALONE_MS : BATCH_MS;
  const { answers } = (await helpers.full.request(
    { op: "lua.run", input: { requests }, answer: noFiles, timeLimitMs },
    signal,
  )) as { readonly answers: readonly LuaAnswer[] };
  return answers.map(({ type = "", value = null, error }) =>
    error === undefined ? { value: { type, value } } : { error },
  );
}

function isEndedByScript(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && ENDED_BY_SCRIPT.has(error.code);
}

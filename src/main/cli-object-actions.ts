import { runLua } from "#adapters/upstream/lua-runner.ts";
import type { ActionChange, ActionChoice, DialectActions, ObjectAction } from "#core/app/object-actions.ts";
import type { HealthScript } from "#core/health/health.ts";
import type { ScriptValue } from "#core/health/script-health.ts";
import { idText, idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { withHelpers } from "./cli-files.ts";

/** The actions of an object. @throws CliError when the script that lists them fails */
export async function listActions(
  actions: DialectActions,
  object: Resource,
  signal: AbortSignal,
): Promise<readonly ObjectAction[]> {
  const script = actions.discoveryOf(object);
  const found = script && (await returned(script, { object, params: {} }, signal));
  const listed = actions.list(object, found);
  if (!listed.ok) throw refusal(`list the actions of ${idText(idOf(object))}`, listed.error);
  return listed.value;
}

/** What an action makes of an object. @throws CliError when there is no such action, or it fails or means nothing now */
export async function runAction(
  actions: DialectActions,
  order: { readonly object: Resource; readonly action: string; readonly params: ActionChoice["params"] },
  signal: AbortSignal,
): Promise<readonly ActionChange[]> {
  const { object, action, params } = order;
  const doing = `do ${action} on ${idText(idOf(object))}`;
  const listed = await listActions(actions, object, signal);
  const known = listed.find(({ name }) => name === action);
  const way = actions.wayOf(object, action);
  if (!way) {
    const names = listed.map(({ name }) => name).join(", ");
    const advice = names === "" ? "Nothing may be done to it." : `Choose one of: ${names}`;
    throw new CliError(`Cannot ${doing}: there is no such action`, { advice, exitCode: exitCode.usage });
  }
  if (known?.disabled || (!known && way.kind === "built-in"))
    throw refusal(doing, "it means nothing for the object as it is now");
  const defaults = (known?.params ?? []).flatMap((one) => (one.default === null ? [] : [[one.name, one.default]]));
  const chosen = { ...(Object.fromEntries(defaults) as Record<string, string>), ...params };
  const made =
    way.kind === "built-in"
      ? way.run({ params: chosen, now: Date.now() })
      : actions.changes(object, await returned(way.script, { object, params: chosen }, signal));
  if (!made.ok) throw refusal(doing, made.error);
  return made.value;
}

async function returned(
  script: HealthScript,
  given: { readonly object: Resource; readonly params: ActionChoice["params"] },
  signal: AbortSignal,
): Promise<ScriptValue> {
  const [answer = { error: "no answer" }] = await withHelpers((helpers) =>
    runLua(helpers, [{ ...script, ...given }], signal),
  );
  if ("error" in answer) throw refusal("run a script", answer.error);
  return answer.value;
}

function refusal(doing: string, why: string): CliError {
  return new CliError(`Cannot ${doing}: ${why}`, { exitCode: exitCode.refused });
}

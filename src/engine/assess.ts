import { expressionHealth, expressionsFor } from "#core/health/expression-health.ts";
import type { Health } from "#core/health/health.ts";
import { judge } from "#core/health/script-health.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";

/**
 * How well a live object does, by the app's own expressions or by the dialect's rules; null: its kind has no check. While
 * a changed object is judged anew it is on its way, or, where `changed` says so, as well as it was before.
 */
export function assess(
  { context, state }: AppWork,
  live: Resource,
  changed: "on its way" | "as before" = "on its way",
): Health | null {
  const { key, healthExpressions } = state.app;
  const expressions = expressionsFor(healthExpressions, live);
  if (expressions) {
    return expressionHealth(live, expressions, (text) =>
      context.expressions.ask(key, { text, vars: { ...live } }, [live]),
    );
  }
  return judge(live, state.dialect.rules.health, {
    now: context.clock.now(),
    ask: (script) => {
      const { answer, before } = context.expressions.askScript(key, script, live);
      return changed === "as before" && before ? before : answer;
    },
  });
}

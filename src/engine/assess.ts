import { expressionHealth, expressionsFor } from "#core/health/expression-health.ts";
import { type Health, healthOf } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";

/** How well a live object does, by the app's own expressions or by the dialect's rules; null: its kind has no check. */
export function assess({ context, state }: AppWork, live: Resource): Health | null {
  const { key, healthExpressions } = state.app;
  const expressions = expressionsFor(healthExpressions, live);
  if (!expressions) return healthOf(live, state.dialect.rules.health, context.clock.now());
  return expressionHealth(live, expressions, (text) =>
    context.expressions.ask(key, { text, vars: { ...live } }, [live]),
  );
}

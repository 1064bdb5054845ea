import type { App } from "#core/app/app.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import type { Static } from "typebox";
import type { healthCheckExpr } from "./schema-parts.ts";

/** How an object's `healthCheckExprs` judge kinds. */
export function healthExpressionsOf(
  expressions: readonly Static<typeof healthCheckExpr>[] | undefined,
): App["healthExpressions"] {
  return (expressions ?? []).map(({ apiVersion, kind, inProgress, failed, current }) => ({
    group: splitApiVersion(apiVersion).group,
    kind,
    inProgress: inProgress || null,
    failed: failed || null,
    current,
  }));
}

import type { Notice } from "#core/app/app-report.ts";
import type { AppState } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";

/** What to tell people about objects that another app declares too. */
export function sharedNotices(context: Pick<EngineContext, "index">, state: AppState): Notice[] {
  const notices: Notice[] = [];
  for (const { key, id } of state.desired?.objects ?? []) {
    const claimants = context.index.claimants(key);
    if (claimants.size < 2) continue;
    const others = [...claimants].filter((other) => other !== state.app.key).sort();
    notices.push({ kind: "shared", message: state.dialect.rules.sharedText(id, [state.app.key, ...others]) });
  }
  return notices;
}

import type { Notice } from "#core/app/app-report.ts";
import type { AppKey } from "#core/app/app.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { AppState } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";

/** What to tell people about objects in the app's namespace that no app accounts for. */
export function orphanNotices(
  context: Pick<EngineContext, "contents" | "index" | "inventories" | "registry">,
  { app, dialect }: AppState,
): Notice[] {
  const found = dialect.rules.orphans ? context.contents.of(app.key) : null;
  if (!found || !dialect.rules.orphans) return [];
  const { isOrphan, text } = dialect.rules.orphans;
  const orphans = found.filter((object) => {
    const key = keyOf(object);
    if (context.index.claimants(key).size > 0 || context.inventories.of(app.key).has(key)) return false;
    const owner = dialect.rules.ownerOf(object);
    if (owner !== null && context.registry.app(owner as AppKey)) return false;
    return isOrphan(object, app);
  });
  const message = text(orphans.length);
  return orphans.length === 0 ? [] : [{ kind: "orphaned", message }];
}

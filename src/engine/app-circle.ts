import type { Notice } from "#core/app/app-report.ts";
import type { AppKey } from "#core/app/app.ts";
import type { AppRegistry } from "./app-registry.ts";
import type { AppState } from "./app-state.ts";

/** The apps that hold each other's objects in a circle, this one first; empty: it is in none. */
export function circleOf(registry: Pick<AppRegistry, "objectOf">, { app, dialect }: AppState): readonly AppKey[] {
  const path: AppKey[] = [app.key];
  for (;;) {
    const object = registry.objectOf(path.at(-1) as AppKey);
    const owner = object && (dialect.rules.ownerOf(object) as AppKey | null);
    // An app may hold its own object: there is nobody else to wait for.
    if (!owner || (path.length === 1 && owner === app.key)) return [];
    if (owner === app.key) return path;
    // A circle above an app is not the app's own.
    if (path.includes(owner)) return [];
    path.push(owner);
  }
}

/** What to tell people about the circle that an app is in. */
export function circleNotices(registry: Pick<AppRegistry, "objectOf">, state: AppState): Notice[] {
  const { circleText } = state.dialect.rules;
  const apps = circleText ? circleOf(registry, state) : [];
  return circleText && apps.length > 0 ? [{ kind: "circle", message: circleText(apps), apps }] : [];
}

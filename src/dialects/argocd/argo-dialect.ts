import type { Dialect, DialectKind, DialectSettings } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { ok, refused } from "#core/result.ts";
import { setRules } from "./app-set/set-rules.ts";
import { argoActions } from "./actions/argo-actions.ts";
import { ARGO_API, configKinds } from "./config-kinds.ts";
import { APP_SHORT } from "./app-short.ts";
import { parseApp } from "./parse-app.ts";
import { FINALIZER } from "./parse-policy.ts";
import { prepare } from "./prepare.ts";
import { isProjectOf } from "./project.ts";
import { reportApp } from "./report-app.ts";
import { withoutExcluded } from "./report-exclusions.ts";
import { restore } from "./restore.ts";
import { argoRules } from "./rules.ts";
import {
  type ArgoSettings,
  type Installation,
  parseSettings,
  SETTINGS_OBJECTS,
  usualArgoSettings,
} from "./settings.ts";
import { sourceRenders } from "./source-renders.ts";
import { terminationOf } from "./termination.ts";

const application: DialectKind = { ...ARGO_API, kind: "Application", plural: "applications", short: APP_SHORT };

/** The dialect for an installation whose control namespace is the given one, and whose ConfigMaps say this. */
export function argoDialectIn(controlNamespace: string, argo: ArgoSettings = usualArgoSettings): Dialect {
  const installation = (settings: Settings): Installation => ({ ...settings, controlNamespace, argo });
  return {
    name: "argocd",
    appKinds: [application],
    sourceKinds: [],
    configKinds: configKinds(controlNamespace),
    keptConfig: { kind: "AppProject", finalizer: FINALIZER, isUsedBy: isProjectOf(controlNamespace) },
    parseApp: (object, lookup, settings) => parseApp(object, lookup, installation(settings)),
    completeRender: (_app, render) => ok(render),
    sourceRenders,
    terminationOf,
    parseSource: (object) => refused([{ path: "kind", message: `${object.kind} is no source of this dialect` }]),
    // A chart is known by its version.
    revisionOf: ({ ref }, commit, refName) => ({
      text: ref.kind === "chart" && refName ? refName : commit,
      commit,
      refName,
    }),
    prepare: (resources, context) => prepare(resources, { ...context, settings: installation(context.settings) }),
    dependencyProblem: () => null,
    restore,
    reportApp: (input) => reportApp(withoutExcluded(input, argo.exclusions), controlNamespace),
    reportSource: ({ object }) => ({
      status: (object["status"] ?? {}) as Readonly<Record<string, unknown>>,
      patch: null,
      events: [],
    }),
    artifactPlace: () => null,
    sets: setRules(controlNamespace, argo, application),
    actions: argoActions(argo.scripts),
    rules: argoRules(controlNamespace, argo),
    settings: settingsIn(controlNamespace, argo),
  };
}

function settingsIn(namespace: string, before: ArgoSettings): DialectSettings {
  return {
    namespace,
    names: SETTINGS_OBJECTS,
    configured: (data) => {
      const { settings, problems } = parseSettings(data, before);
      return { dialect: argoDialectIn(namespace, settings), problems };
    },
  };
}

/** The dialect for the usual installation, in the namespace `argocd`. */
export const argoDialect: Dialect = argoDialectIn("argocd");

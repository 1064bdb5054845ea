import { appKey, type Dependency } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";
import type { Problem } from "#core/result.ts";

/** An entry of `dependsOn`; without a kind it means the kind of the object that it stands in. */
export interface DependencyEntry {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly readyExpr?: string;
}

/** Kinds that are apps themselves, by what addresses them. */
const apps: Readonly<Record<string, string>> = {
  "kustomize.toolkit.fluxcd.io/Kustomization": "ks",
  "helm.toolkit.fluxcd.io/HelmRelease": "hr",
};

/** What an object waits for: apps of its own kind unless an entry names another kind of object. */
export function dependenciesOf(
  entries: readonly DependencyEntry[] | undefined,
  own: { readonly short: string; readonly namespace: string; readonly settings: Settings },
  problems: Problem[],
): readonly Dependency[] {
  return (entries ?? []).flatMap((entry, index): Dependency[] => {
    const { apiVersion = "", kind = "", name } = entry;
    const namespace = entry.namespace || own.namespace;
    const readyExpression = entry.readyExpr || null;
    const path = `spec.dependsOn[${index}]`;
    if (kind === "") return [{ on: "app", key: appKey(own.short, namespace, name), readyExpression }];
    const short = apps[`${apiVersion.split("/")[0]}/${kind}`];
    if (short !== undefined) return [{ on: "app", key: appKey(short, namespace, name), readyExpression }];
    if (apiVersion === "") {
      problems.push({ path: `${path}.apiVersion`, message: `is needed with kind ${kind}` });
      return [];
    }
    if (own.settings.ownNamespaceOnly && namespace !== own.namespace) {
      const message = `can't access '${kind}/${namespace}/${name}', cross-namespace references have been blocked`;
      problems.push({ path: `${path}.namespace`, message });
      return [];
    }
    return [{ on: "object", apiVersion, kind, namespace, name, readyExpression }];
  });
}

import type { Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";

let versions = 0;

/** A Secret of the installation that declares something of a type. */
export function declaring(type: string, name: string, data: Readonly<Record<string, string>>): Resource {
  const labels = { "argocd.argoproj.io/secret-type": type };
  const metadata = { name, namespace: "argocd", labels, uid: `uid-${name}`, resourceVersion: String(++versions) };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) as Record<string, string> };
}

/** A ConfigMap of the installation. */
export function configured(name: string, data: Readonly<Record<string, string>>): Resource {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "argocd" }, data };
}

/** Finds these objects. */
export function lookupIn(...objects: readonly Resource[]): Lookup {
  const lists = new Map<string, readonly Resource[]>();
  const all = (kind: string) => {
    const list = lists.get(kind) ?? objects.filter((object) => object.kind === kind);
    lists.set(kind, list);
    return list;
  };
  const one = (kind: string, namespace: string, name: string) =>
    all(kind).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ?? null;
  return Object.assign(one, { all });
}

/** What a made Secret holds, as text. */
export function textsOf(secret: Resource | undefined): Readonly<Record<string, string>> {
  const data = (secret?.["data"] ?? {}) as Readonly<Record<string, string>>;
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
  return Object.fromEntries(texts) as Record<string, string>;
}

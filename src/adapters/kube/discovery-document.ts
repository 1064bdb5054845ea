import type { KindInfo } from "#engine/ports.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import { isRecord, recordsIn, stringsIn, textIn } from "./json-shape.ts";

/** One group version and the kinds it serves; `unreadable` says why they could not be read. */
export interface ServedVersion {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly KindInfo[];
  /** Kinds that only subresources have. */
  readonly subkinds: readonly string[];
  readonly unreadable: string | undefined;
}

/** Reads an aggregated discovery document; versions come in the server's order of preference. */
export function versionsOfAggregated(document: unknown): readonly ServedVersion[] {
  if (!isRecord(document)) return [];
  return recordsIn(document["items"]).flatMap((item) => {
    const group = nameOf(item);
    return recordsIn(item["versions"]).map((version) => versionOf(group, version));
  });
}

/** Reads one group version's APIResourceList. */
export function versionOfResourceList(document: unknown): ServedVersion {
  const fields = isRecord(document) ? document : {};
  const { group, version } = splitApiVersion(textIn(fields["groupVersion"]));
  const resources = recordsIn(fields["resources"]);
  const isSubresource = (resource: Record<string, unknown>) => String(resource["name"]).includes("/");
  const subkinds = resources.filter(isSubresource).map((resource) => String(resource["kind"]));
  const kinds = resources
    .filter((resource) => !isSubresource(resource))
    .map((resource) => ({
      group,
      version,
      kind: String(resource["kind"]),
      plural: String(resource["name"]),
      namespaced: resource["namespaced"] === true,
      verbs: stringsIn(resource["verbs"]),
    }));
  return { group, version, kinds, subkinds, unreadable: undefined };
}

/** The group versions that an APIGroupList or APIVersions document names, preferred ones first. */
export function groupVersionsIn(document: unknown): readonly { group: string; version: string }[] {
  if (!isRecord(document)) return [];
  const core = stringsIn(document["versions"]).map((version) => ({ group: "", version }));
  const named = recordsIn(document["groups"]).flatMap((group) => {
    const preferred = isRecord(group["preferredVersion"]) ? group["preferredVersion"]["groupVersion"] : undefined;
    const all = recordsIn(group["versions"]).map((version) => String(version["groupVersion"]));
    return [...all.filter((gv) => gv === preferred), ...all.filter((gv) => gv !== preferred)].map(splitApiVersion);
  });
  return [...core, ...named];
}

function versionOf(group: string, fields: Record<string, unknown>): ServedVersion {
  const version = String(fields["version"]);
  const resources = recordsIn(fields["resources"]);
  const subresources = resources.flatMap((resource) => recordsIn(resource["subresources"]));
  const kinds = resources.flatMap((resource) => {
    const kind = kindNameOf(resource);
    if (kind === undefined) return [];
    const info: KindInfo = {
      group,
      version,
      kind,
      plural: String(resource["resource"]),
      namespaced: resource["scope"] === "Namespaced",
      verbs: stringsIn(resource["verbs"]),
    };
    return [info];
  });
  const stale = fields["freshness"] === "Stale";
  const subkinds = subresources.flatMap((resource) => kindNameOf(resource) ?? []);
  return { group, version, kinds, subkinds, unreadable: stale ? "its API server does not answer" : undefined };
}

function kindNameOf(resource: Record<string, unknown>): string | undefined {
  const type = resource["responseKind"];
  return isRecord(type) && typeof type["kind"] === "string" ? type["kind"] : undefined;
}

function nameOf(item: Record<string, unknown>): string {
  const metadata = item["metadata"];
  return isRecord(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
}

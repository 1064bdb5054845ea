import { sha256Hex } from "#core/source/sha256.ts";

/** The longest release name that Helm takes. */
export const maxReleaseNameLength = 53;

const keptLength = 40;
const hashLength = 12;

/** What a release is named by: its own name, or the object's, after the target namespace where one is set. */
export interface ReleaseNaming {
  readonly name: string;
  readonly releaseName?: string;
  readonly targetNamespace?: string;
}

/** The name of the release, shortened to what Helm takes. */
export function releaseNameOf({ name, releaseName, targetNamespace }: ReleaseNaming): string {
  if (releaseName !== undefined && releaseName !== "") return shortReleaseName(releaseName);
  const isPrefixed = targetNamespace !== undefined && targetNamespace !== "";
  return shortReleaseName(isPrefixed ? `${targetNamespace}-${name}` : name);
}

/** A name that Helm takes: as it is, or its beginning and a hash of the whole. */
export function shortReleaseName(name: string): string {
  if (name.length <= maxReleaseNameLength) return name;
  return `${name.slice(0, keptLength)}-${sha256Hex(name).slice(0, hashLength)}`;
}

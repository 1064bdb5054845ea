import { OciError } from "./oci-error.ts";

/** A repository of a registry. */
export interface OciAddress {
  /** Host and port as people write them, which is what credentials are kept under. */
  readonly registry: string;
  /** Host and port that requests go to. */
  readonly host: string;
  readonly repository: string;
}

const dockerHub = "index.docker.io";

/** Reads `oci://host[:port]/repository`. @throws OciError `refused-url` saying what is wrong with it */
export function parseOciAddress(url: string): OciAddress {
  // oxlint-disable-next-line no-control-regex
  if (url.length > 2_048 || /[\x00-\x20\x7f]/.test(url)) throw refused("it holds a space or is too long");
  if (!url.startsWith("oci://")) throw refused("it does not begin with oci://");
  const rest = url.slice("oci://".length).replace(/\/+$/, "");
  if (rest.includes("@")) throw refused("it holds a user or a digest; a digest belongs to the reference");
  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  // A first word without dot or port is a folder of Docker Hub, as every client of registries has it.
  const isHost = /[.:]/.test(first);
  const registry = isHost ? hostOf(first) : dockerHub;
  const repository = isHost ? rest.slice(slash + 1) : rest;
  if (slash < 0 && rest.includes(".")) throw refused("it names a host and no repository");
  if (repository.includes(":")) throw refused("it ends in a tag; the tag belongs to the reference");
  if (!/^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/.test(repository) || repository.length > 255) {
    throw refused(`${JSON.stringify(repository.slice(0, 80))} is no name of a repository`);
  }
  if (registry !== dockerHub && registry !== "docker.io") return { registry, host: registry, repository };
  const hubRepository = repository.includes("/") ? repository : `library/${repository}`;
  return { registry: dockerHub, host: "registry-1.docker.io", repository: hubRepository };
}

function hostOf(text: string): string {
  const parsed = URL.canParse(`https://${text}`) ? new URL(`https://${text}`) : undefined;
  if (parsed === undefined || parsed.pathname !== "/" || parsed.username !== "" || parsed.search !== "") {
    throw refused(`${JSON.stringify(text.slice(0, 80))} is no host`);
  }
  // URL drops the default port of its own scheme, which is not the default of the other.
  return text.endsWith(":443") ? `${parsed.hostname}:443` : parsed.host;
}

function refused(why: string): OciError {
  return new OciError("refused-url", `Cannot use the address of the OCI repository: ${why}`);
}

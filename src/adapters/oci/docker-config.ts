import type { OciAddress } from "./oci-address.ts";

/** How to prove who we are to a registry. */
export type RegistryCredential =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** Given to the token server, which makes a token for the registry of it. */
  | { readonly kind: "identity"; readonly token: string }
  /** Given to the registry as it is. */
  | { readonly kind: "bearer"; readonly token: string };

/** The credential that a docker configuration holds for a repository, and for whom it holds any. */
export interface DockerConfigChoice {
  readonly credential: RegistryCredential;
  readonly hosts: readonly string[];
}

interface Place {
  readonly host: string;
  readonly path: string;
}

const hubNames = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/**
 * Finds the entry that fits a repository best: the longest path, an exact host before a pattern.
 * @throws Error saying what does not parse, never a value
 */
export function dockerConfigCredential(text: string, address: OciAddress): DockerConfigChoice {
  const entries = Object.entries(authsOf(text));
  const fitting = entries
    .map(([key, entry]) => ({ key, entry, place: placeOf(key) }))
    .filter(({ place }) => fits(place, address))
    .toSorted((a, b) => precision(b.place) - precision(a.place) || (a.key < b.key ? -1 : 1));
  const hosts = entries.map(([key]) => placeOf(key).host);
  const best = fitting[0];
  return { credential: best === undefined ? { kind: "none" } : credentialOf(best.key, best.entry), hosts };
}

function authsOf(text: string): Readonly<Record<string, unknown>> {
  const parsed = parsedJson(text);
  const auths = isRecord(parsed) ? (parsed["auths"] ?? {}) : undefined;
  if (isRecord(auths)) return auths;
  throw new Error("`.dockerconfigjson` holds no object `auths`");
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words would quote what is in the Secret.
    throw new Error("`.dockerconfigjson` is not JSON");
  }
}

function placeOf(key: string): Place {
  const bare = key.replace(/^https?:\/\//i, "").replace(/\/+$/, "");
  const slash = bare.indexOf("/");
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  // Clients of the first registries wrote the version of the protocol behind the host.
  const path = (slash < 0 ? "" : bare.slice(slash + 1)).replace(/^v[12]$/, "");
  return { host: hubNames.has(host) ? "index.docker.io" : host, path };
}

function fits({ host, path }: Place, { registry, repository }: OciAddress): boolean {
  const isBelow = path === "" || repository === path || repository.startsWith(`${path}/`);
  return isBelow && hostFits(host, registry.toLowerCase());
}

/** A star stands for one part of a host's name, or for some of its letters. */
function hostFits(pattern: string, host: string): boolean {
  if (!pattern.includes("*")) return pattern === host;
  const parts = host.split(".");
  const patterns = pattern.split(".");
  return parts.length === patterns.length && parts.every((part, at) => partFits(patterns[at]!, part));
}

function partFits(pattern: string, part: string): boolean {
  const pieces = pattern.split("*");
  const [first = ""] = pieces;
  if (pieces.length === 1) return pattern === part;
  const last = pieces.at(-1) ?? "";
  if (!part.startsWith(first) || !part.endsWith(last) || part.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = part.indexOf(piece, at);
    if (found < 0 || found + piece.length > part.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}

function precision({ host, path }: Place): number {
  return path.length * 2 + (host.includes("*") ? 0 : 1);
}

function credentialOf(key: string, entry: unknown): RegistryCredential {
  const fields = isRecord(entry) ? entry : {};
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  if (text("registrytoken") !== "") return { kind: "bearer", token: text("registrytoken") };
  if (text("identitytoken") !== "") return { kind: "identity", token: text("identitytoken") };
  const [username, password] = pairOf(text("auth")) ?? [text("username"), text("password")];
  if (username === "" && password === "")
    throw new Error(`\`.dockerconfigjson\` holds no user for ${placeOf(key).host}`);
  // What some clients store when the password is a token for the token server.
  if (username === "<token>") return { kind: "identity", token: password };
  return { kind: "basic", username, password };
}

function pairOf(auth: string): readonly [string, string] | undefined {
  if (auth === "") return undefined;
  const pair = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : [pair.slice(0, colon), pair.slice(colon + 1)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

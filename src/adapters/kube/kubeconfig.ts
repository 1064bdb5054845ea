import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { FAILSAFE_SCHEMA, load, Type } from "js-yaml";
import { ConnectionError } from "./connection.ts";
import type { ClusterSettings, Credential, ExecPlugin } from "./connection.ts";
import { isRecord, recordsIn, stringsIn, textIn } from "./json-shape.ts";

/** Which kubeconfig and which of its contexts to use. */
export interface KubeconfigChoice {
  /** A file; else those that KUBECONFIG lists, else ~/.kube/config. */
  readonly path?: string;
  readonly context?: string;
  readonly signal: AbortSignal;
}

type Fields = Record<string, unknown>;

/** Who wrote a kubeconfig: only the operator's own file may name programs to run and files to read. */
type Trust = { readonly kind: "operator"; readonly directory: string } | { readonly kind: "foreign" };

// Only null is read as more than text: a token of digits stays a token.
const NULL = new Type("tag:yaml.org,2002:null", {
  kind: "scalar",
  resolve: (text: string | null) => text === null || /^(~|null|Null|NULL|)$/.test(text),
  construct: () => null,
});
const SCHEMA = FAILSAFE_SCHEMA.extend({ implicit: [NULL] });

/**
 * Connection settings from the operator's own kubeconfig, its exec plugins and files included.
 * @throws ConnectionError when it cannot be read or asks for what is not supported.
 */
export async function loadKubeconfig(choice: KubeconfigChoice): Promise<ClusterSettings> {
  const paths = choice.path === undefined ? defaultPaths() : [choice.path];
  const found = await readFirst(paths, choice);
  const trust: Trust = { kind: "operator", directory: dirname(resolve(found.path)) };
  const draft = draftOf(parse(found.text, found.path), choice.context, trust);
  const read = (pem: Pem | undefined) => (pem?.kind === "file" ? readPem(pem.path, choice.signal) : pem?.text);
  return withPems(draft.settings, {
    ca: await read(draft.ca),
    certificate: await read(draft.certificate),
    key: await read(draft.key),
  });
}

/**
 * Connection settings from a kubeconfig that somebody else wrote, such as one in a Secret: it may neither run programs
 * nor read files of this machine.
 * @throws ConnectionError when it is malformed or asks for either.
 */
export function parseForeignKubeconfig(text: string, context?: string): ClusterSettings {
  const draft = draftOf(parse(text, "the kubeconfig"), context, { kind: "foreign" });
  const given = (pem: Pem | undefined) => {
    if (pem?.kind !== "file") return pem?.text;
    throw new ConnectionError("Cannot use the kubeconfig: it refers to files; write their content into it instead");
  };
  return withPems(draft.settings, {
    ca: given(draft.ca),
    certificate: given(draft.certificate),
    key: given(draft.key),
  });
}

/** A PEM text that stands in the kubeconfig, or the file that it names. */
type Pem = { readonly kind: "inline"; readonly text: string } | { readonly kind: "file"; readonly path: string };

/** Settings whose PEM texts are still to be filled in. */
interface Draft {
  readonly settings: ClusterSettings;
  readonly ca: Pem | undefined;
  readonly certificate: Pem | undefined;
  readonly key: Pem | undefined;
}

function defaultPaths(): readonly string[] {
  const listed = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  return listed.length > 0 ? listed : [join(homedir(), ".kube", "config")];
}

// Several files are searched for the first that has the context; kubectl merges them, which people rarely rely on.
async function readFirst(paths: readonly string[], choice: KubeconfigChoice): Promise<{ path: string; text: string }> {
  let missing: unknown;
  for (const path of paths) {
    let text: string;
    try {
      text = await readFile(path, { encoding: "utf8", signal: choice.signal });
    } catch (cause) {
      choice.signal.throwIfAborted();
      missing = cause;
      continue;
    }
    if (paths.length === 1 || hasContext(parse(text, path), choice.context)) return { path, text };
  }
  const where = paths.join(", ");
  throw new ConnectionError(
    missing
      ? `Cannot read the kubeconfig ${where}`
      : `Cannot find context ${choice.context ?? "(current)"} in ${where}`,
    { cause: missing },
  );
}

function hasContext(config: Fields, context: string | undefined): boolean {
  const wanted = context ?? config["current-context"];
  return recordsIn(config["contexts"]).some((entry) => entry["name"] === wanted);
}

function parse(text: string, name: string): Fields {
  let value: unknown;
  try {
    value = load(text, { schema: SCHEMA });
  } catch {
    throw new ConnectionError(`Cannot read ${name}: it is not YAML`); // The parser's words quote the text.
  }
  if (!isRecord(value)) throw new ConnectionError(`Cannot read ${name}: it is not a kubeconfig`);
  return value;
}

function draftOf(config: Fields, chosen: string | undefined, trust: Trust): Draft {
  const contextName = chosen ?? textOf(config["current-context"]);
  if (!contextName) throw new ConnectionError("Cannot use the kubeconfig: it names no current context");
  const context = entry(config, { list: "contexts", item: "context", name: contextName });
  const cluster = entry(config, { list: "clusters", item: "cluster", name: textOf(context["cluster"]) ?? "" });
  const userName = textOf(context["user"]);
  const user = userName ? entry(config, { list: "users", item: "user", name: userName }) : {};
  const namespace = textOf(context["namespace"]);
  const serverName = textOf(cluster["tls-server-name"]);
  const settings = {
    server: serverOf(cluster),
    ...(cluster["insecure-skip-tls-verify"] === "true" ? { insecure: true } : {}),
    ...(serverName === undefined ? {} : { serverName }),
    ...(namespace === undefined ? {} : { namespace }),
    credential: credentialOf(user, { cluster, trust }),
  };
  return {
    settings,
    ca: pemOf(cluster, "certificate-authority", trust),
    certificate: pemOf(user, "client-certificate", trust),
    key: pemOf(user, "client-key", trust),
  };
}

function pemOf(fields: Fields, name: string, trust: Trust): Pem | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return { kind: "inline", text: Buffer.from(data, "base64").toString("utf8") };
  const path = textOf(fields[name]);
  if (path === undefined) return undefined;
  return { kind: "file", path: trust.kind === "operator" ? resolve(trust.directory, path) : path };
}

interface Pems {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

function withPems(settings: ClusterSettings, { ca, certificate, key }: Pems): ClusterSettings {
  return {
    ...settings,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate !== undefined && key !== undefined ? { clientCertificate: { certificate, key } } : {}),
  };
}

function entry(config: Fields, at: { list: string; item: string; name: string }): Fields {
  const found = recordsIn(config[at.list]).find((candidate) => candidate["name"] === at.name);
  const value = found?.[at.item];
  if (!isRecord(value)) throw new ConnectionError(`Cannot use the kubeconfig: it has no ${at.item} ${at.name}`);
  return value;
}

function serverOf(cluster: Fields): string {
  const server = textOf(cluster["server"]);
  if (!server || !URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new ConnectionError("Cannot use the kubeconfig: its cluster has no http or https server address");
  }
  if (textOf(cluster["proxy-url"])) {
    throw new ConnectionError("Cannot use the kubeconfig: proxy-url is not supported");
  }
  return server;
}

function credentialOf(user: Fields, known: { cluster: Fields; trust: Trust }): Credential {
  if (user["auth-provider"])
    throw new ConnectionError("Cannot use the kubeconfig: auth-provider is not supported; use exec");
  if (user["as"] || user["as-groups"] || user["as-uid"]) {
    throw new ConnectionError("Cannot use the kubeconfig: impersonation in it is not supported");
  }
  if (isRecord(user["exec"])) return { kind: "exec", plugin: pluginOf(user["exec"], known) };
  const path = textOf(user["tokenFile"]);
  if (path !== undefined) {
    if (known.trust.kind === "foreign")
      throw new ConnectionError("Cannot use the kubeconfig: it refers to a token file");
    return { kind: "token-file", path: resolve(known.trust.directory, path) };
  }
  const token = textOf(user["token"]);
  if (token !== undefined) return { kind: "token", token };
  const username = textOf(user["username"]);
  if (username !== undefined) return { kind: "basic", username, password: textOf(user["password"]) ?? "" };
  return { kind: "none" };
}

function pluginOf(exec: Fields, known: { cluster: Fields; trust: Trust }): ExecPlugin {
  if (known.trust.kind === "foreign") {
    throw new ConnectionError("Cannot use the kubeconfig: it runs a program, which only the operator's own may");
  }
  const command = textOf(exec["command"]);
  if (!command) throw new ConnectionError("Cannot use the kubeconfig: its exec names no command");
  const env = recordsIn(exec["env"]).map((item) => [textIn(item["name"]), textIn(item["value"])] as const);
  return {
    apiVersion: textOf(exec["apiVersion"]) ?? "",
    command: /[/\\]/.test(command) ? resolve(known.trust.directory, command) : command,
    args: stringsIn(exec["args"]),
    env: Object.fromEntries(env),
    installHint: textOf(exec["installHint"]),
    cluster: exec["provideClusterInfo"] === "true" ? clusterInfo(known.cluster) : undefined,
  };
}

function clusterInfo(cluster: Fields): Fields {
  const names = ["server", "tls-server-name", "certificate-authority-data"] as const;
  const info: Fields = Object.fromEntries(names.filter((name) => cluster[name]).map((name) => [name, cluster[name]]));
  if (cluster["insecure-skip-tls-verify"] === "true") info["insecure-skip-tls-verify"] = true;
  const own = recordsIn(cluster["extensions"]).find((item) => item["name"] === "client.authentication.k8s.io/exec");
  return { ...info, config: own?.["extension"] ?? null };
}

async function readPem(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: "utf8", signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new ConnectionError(`Cannot read ${path}, which the kubeconfig names`, { cause });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

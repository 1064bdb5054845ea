import type { ClusterProofWay, DescribedCluster } from "#core/cluster/described-cluster.ts";
import { textOfBase64 } from "#core/resource/base64.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { type ClusterConfig, clusterConfigSchema } from "./cluster-config-schema.ts";
import { cloudWay, type ExecProvider } from "./exec-provider.ts";
import { withoutNulls } from "./fields.ts";
import { schemaProblems } from "./schema-problems.ts";
import { SECRET_TYPE, SecretFields, secretName } from "./secret-fields.ts";

/** A cluster as its Secret declares it. */
export interface ClusterSecret {
  /** Of the Secret. */
  readonly secret: string;
  /** Changes whenever the Secret does. */
  readonly version: string;
  readonly name: string;
  readonly server: string;
  /** The only project whose own it is; "": none's. */
  readonly project: string;
  /** The only namespaces that are managed; null: all. */
  readonly namespaces: readonly string[] | null;
  /** Whether objects without a namespace are managed beside those of the namespaces. */
  readonly clusterResources: boolean;
  /** How it is reached; null while it cannot be. */
  readonly access: (() => DescribedCluster) | null;
  /** Whether it says who asks. */
  readonly hasProof: boolean;
  readonly problems: readonly Problem[];
}

const known = new WeakMap<Resource, ClusterSecret>();

/** The cluster that a Secret declares; null for one that declares something else. */
export function clusterSecret(secret: Resource): ClusterSecret | null {
  if (labelsOf(secret)[SECRET_TYPE] !== "cluster") return null;
  const read = known.get(secret) ?? parse(secret);
  known.set(secret, read);
  return read;
}

function parse(secret: Resource): ClusterSecret {
  const fields = new SecretFields(secret);
  const server = fields.text("server").replace(/\/+$/, "");
  if (!/^https?:\/\/[^/]/.test(server) || !URL.canParse(server)) {
    fields.refuse("server", "is no http or https address of an API server");
  }
  const namespaces = fields
    .text("namespaces")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const config = configOf(fields, secretName(secret));
  const access = config && describedBy(config, server, fields);
  const { uid = "", resourceVersion = "" } = secret.metadata;
  return {
    secret: secretName(secret),
    version: `${uid}/${resourceVersion}`,
    name: fields.text("name") || server,
    server,
    project: fields.text("project"),
    namespaces: namespaces.length === 0 ? null : namespaces,
    clusterResources: fields.flag("clusterResources"),
    access: fields.problems.length === 0 && access ? () => access : null,
    hasProof: access !== null && access.proof.kind !== "none",
    problems: fields.problems,
  };
}

function configOf(fields: SecretFields, name: string): ClusterConfig | null {
  const text = fields.text("config");
  if (text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    fields.refuse("config", "is no JSON");
    return null;
  }
  const config = withoutNulls(value);
  const problems = schemaProblems(clusterConfigSchema, config, `Secret ${name}: config`);
  fields.problems.push(...problems);
  return problems.length === 0 ? (config as ClusterConfig) : null;
}

function describedBy(config: ClusterConfig, server: string, fields: SecretFields): DescribedCluster {
  const { insecure = false, serverName = "", caData = "", certData = "", keyData = "" } = config.tlsClientConfig ?? {};
  const refuse = (what: string) => fields.refuse("config", what);
  if (insecure && caData !== "") refuse("names authorities (caData) and accepts any certificate (insecure)");
  if ((certData === "") !== (keyData === "")) refuse("holds one of certData and keyData, which belong together");
  for (const [name, pem] of Object.entries({ caData, certData, keyData })) {
    if (pem !== "" && !textOfBase64(pem).includes("-----BEGIN ")) refuse(`has a ${name} that is no PEM in base64`);
  }
  const proxy = config.proxyUrl ?? "";
  if (proxy !== "" && !/^https?:\/\/[^/]/.test(proxy)) refuse("has a proxyUrl that is no http or https address");
  const certificate = { certificate: textOfBase64(certData), key: textOfBase64(keyData) };
  return {
    kind: "described",
    server,
    ca: textOfBase64(caData),
    serverName,
    insecure,
    certificate: certData === "" ? null : certificate,
    proxy,
    proof: proofOf(config, server, refuse),
  };
}

/** Of several the first of those that upstream looks at first. */
function proofOf(config: ClusterConfig, server: string, refuse: (what: string) => void): ClusterProofWay {
  const { awsAuthConfig: aws, execProviderConfig: exec } = config;
  const [, region = ""] = /\.([a-z0-9-]+)\.eks\.amazonaws\.com/.exec(server) ?? [];
  if (aws) {
    if (!aws.clusterName) refuse("has an awsAuthConfig without a clusterName");
    if (aws.profile) refuse("names a profile of AWS, which is of files that are not read; name a roleARN");
    const name = aws.clusterName ?? "";
    return { kind: "cloud", cloud: "aws", name, region, role: aws.roleARN ?? "", scope: "" };
  }
  if (exec) {
    if (!exec.command) refuse("has an execProviderConfig without a command");
    const provider: ExecProvider = {
      apiVersion: exec.apiVersion ?? "",
      command: exec.command ?? "",
      args: exec.args ?? [],
      env: exec.env ?? {},
      installHint: exec.installHint ?? "",
    };
    const way = cloudWay(provider);
    return way ? { ...way, region: way.region || region } : { kind: "command", ...provider };
  }
  if (config.bearerToken) return { kind: "token", token: config.bearerToken };
  const { username = "", password = "" } = config;
  return username === "" && password === "" ? { kind: "none" } : { kind: "password", username, password };
}

import { type Result, ok } from "#core/result.ts";
import type { Cloud } from "#core/source/remote.ts";
import type { ObjectName } from "#core/source/source.ts";
import type { DescribedCluster } from "./described-cluster.ts";

/** How another cluster is reached. */
export type ClusterAccess = { readonly kind: "kubeconfig"; readonly text: string } | DescribedCluster | AskedAccess;

/** A cluster whose proof of who asks is got for a while, and again before it ends. */
export type AskedAccess = AskedCluster & (CloudProof | HomeProof);

/** A cloud gives it: to a service account, or null: to the controller. */
interface CloudProof {
  readonly cloud: Cloud;
  readonly account: ObjectName | null;
}

/** The home cluster gives it, whose service accounts the other one trusts. */
interface HomeProof {
  readonly cloud: null;
  readonly account: ObjectName;
}

interface AskedCluster {
  readonly kind: "asked";
  /** What the cloud calls the cluster. */
  readonly name: string;
  /** As it is written; empty: as the cloud says. */
  readonly address: string;
  /** PEM of the authorities to trust; empty: as the cloud says, or the system's. */
  readonly ca: string;
  readonly audiences: readonly string[];
}

/** Reads what a ConfigMap says of a cluster, which is reached as `usual` where it names nobody; an error says what is wrong. */
export function askedAccess(
  data: Readonly<Record<string, string>>,
  namespace: string,
  usual: string | null,
): Result<AskedAccess, string> {
  const value = (key: string) => (data[key] ?? "").trim();
  const [provider, address, name, accountName] = ["provider", "address", "cluster", "serviceAccountName"].map(value);
  const audiences = value("audiences").split("\n");
  const cluster = {
    kind: "asked",
    name: name ?? "",
    address: address ?? "",
    ca: value("ca.crt"),
    audiences: audiences.map((line) => line.trim()).filter((line) => line !== ""),
  } as const;
  if (address && clusterAddress(address) === undefined) {
    return { ok: false, error: `has an address that is no https address: ${JSON.stringify(address.slice(0, 200))}` };
  }
  const accountOf = accountName || usual;
  const account = accountOf ? { namespace, name: accountOf } : null;
  if (isCloud(provider)) {
    return name ? ok({ ...cluster, cloud: provider, account }) : missing("cluster", provider);
  }
  if (provider !== "generic") {
    const problem = provider ? `has the provider ${JSON.stringify(provider)}` : "has no key 'provider'";
    return { ok: false, error: `${problem}; use generic, aws, azure or gcp` };
  }
  // Whoever writes the ConfigMap says whom the token is for and where it is sent: it is never the controller's.
  if (account === null) return missing("serviceAccountName", provider);
  return address ? ok({ ...cluster, cloud: null, account }) : missing("address", provider);
}

function isCloud(provider: string | undefined): provider is Cloud {
  return provider === "aws" || provider === "azure" || provider === "gcp";
}

function missing(key: string, provider: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error: `has no key '${key}', which the provider ${provider} needs` };
}

/** An address of an API server in the one form that can be compared; undefined: it is no https address. */
export function clusterAddress(text: string): string | undefined {
  const [, host, port = "443"] = /^(?:https:\/\/)?([\w.-]+|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?\/?$/.exec(text) ?? [];
  return host === undefined ? undefined : `https://${host.toLowerCase()}:${port}`;
}

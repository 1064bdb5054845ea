import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, vi } from "vitest";
import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "#test/support/clouds.ts";
import { CloudTokens } from "../cloud-tokens.ts";

/** The clouds of a test, and who asks them. */
export interface CloudWorld {
  readonly clouds: Clouds;
  readonly tokens: CloudTokens;
  /** What the clouds say; to be set. */
  answer: (asked: CloudRequest) => CloudAnswer;
  /** What time it is to whoever asks. */
  now: number;
  /** The account apps/web, whose tokens say for whom they are. */
  account(annotations: Record<string, string>): ServiceAccountIdentity & { readonly audiences: string[] };
  /** Starts Google's metadata server with values by their paths. */
  metadataServer(values: Record<string, string>): Promise<void>;
}

/** For calls that nothing stops. */
export const { signal } = new AbortController();

/** Where most tests are. */
export const region = "eu-central-1";

/** Annotations of an account that the clouds know. */
export const known = {
  aws: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/web" },
  azure: { "azure.workload.identity/client-id": "client", "azure.workload.identity/tenant-id": "tenant" },
  gcp: {
    "gcp.auth.fluxcd.io/workload-identity-provider":
      "projects/42/locations/global/workloadIdentityPools/pool/providers/cluster",
  },
};

/** Starts the clouds before each test, in an environment that says nothing of any. */
export function useCloudWorld(): () => CloudWorld {
  let world: CloudWorld;
  let metadata: Server | undefined;
  beforeEach(async () => {
    const clouds = await startClouds((asked) => world.answer(asked));
    const tokens = new CloudTokens({ now: () => world.now });
    const metadataServer = async (values: Record<string, string>) => {
      metadata = await startMetadataServer(values);
      vi.stubEnv("GCE_METADATA_HOST", `127.0.0.1:${(metadata.address() as AddressInfo).port}`);
    };
    const answer = () => ({ status: 500, body: "" });
    world = { clouds, tokens, answer, now: Date.now(), account, metadataServer };
    for (const name of Object.keys(process.env)) {
      if (/^(AWS|AZURE|GOOGLE|GCE)_/.test(name)) vi.stubEnv(name, undefined);
    }
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    world.tokens.close();
    metadata?.close();
    metadata = undefined;
    await world.clouds.stop();
  });
  return () => world;
}

/** What STS says to a web identity: keys that last for an hour. */
export function assumed({ now }: CloudWorld, keyId: string): CloudAnswer {
  return {
    body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
      <Credentials><AccessKeyId>${keyId}</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>
      <SessionToken>session</SessionToken><Expiration>${new Date(now + 3_600_000).toISOString()}</Expiration></Credentials>
    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  };
}

/** What Entra ID says: a token that lasts for an hour. */
export function entra({ path }: CloudRequest): CloudAnswer {
  const issuer = "https://login.microsoftonline.com/tenant";
  if (path.includes("/discovery/instance")) {
    const aliases = ["login.microsoftonline.com"];
    const metadata = [{ preferred_network: aliases[0], preferred_cache: aliases[0], aliases }];
    return { body: { tenant_discovery_endpoint: `${issuer}/v2.0/.well-known/openid-configuration`, metadata } };
  }
  if (path.includes("openid-configuration")) {
    return {
      body: {
        issuer: `${issuer}/v2.0`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
        jwks_uri: `${issuer}/discovery/v2.0/keys`,
      },
    };
  }
  return { body: { token_type: "Bearer", expires_in: 3_600, access_token: "entra-token" } };
}

/** What Google's token service says: a token that lasts for an hour. */
export function federated(): CloudAnswer {
  return { body: { access_token: "federated", expires_in: 3_600, token_type: "Bearer", issued_token_type: "x" } };
}

function account(annotations: Record<string, string>): ReturnType<CloudWorld["account"]> {
  const audiences: string[] = [];
  const token = async (asked: readonly string[]) => {
    audiences.push(...asked);
    return { token: `canary-${asked.join()}`, expiresAt: Date.now() + 3_600_000 };
  };
  return { namespace: "apps", name: "web", audiences, annotations: async () => annotations, token };
}

async function startMetadataServer(values: Record<string, string>): Promise<Server> {
  const server = createServer((asked, response) => {
    const value = values[(asked.url ?? "").split("?")[0] ?? ""];
    response.setHeader("metadata-flavor", "Google");
    if (asked.headers["metadata-flavor"] !== "Google" || value === undefined) response.writeHead(404).end();
    else response.setHeader("content-type", value.startsWith("{") ? "application/json" : "text/plain").end(value);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

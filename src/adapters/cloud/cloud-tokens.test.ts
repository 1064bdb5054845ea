import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "#test/support/clouds.ts";
import { CloudTokens } from "./cloud-tokens.ts";

const { signal } = new AbortController();
const region = "eu-central-1";
const role = "arn:aws:iam::123456789012:role/web";
let clouds: Clouds;
let answer: (asked: CloudRequest) => CloudAnswer;
let now: number;
let tokens: CloudTokens;
let metadata: Server | undefined;

beforeEach(async () => {
  now = Date.now();
  answer = () => ({ status: 500, body: "" });
  clouds = await startClouds((asked) => answer(asked));
  tokens = new CloudTokens({ now: () => now });
  for (const name of Object.keys(process.env)) {
    if (/^(AWS|AZURE|GOOGLE|GCE)_/.test(name)) vi.stubEnv(name, undefined);
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  tokens.close();
  metadata?.close();
  metadata = undefined;
  await clouds.stop();
});

/** The account apps/web, whose tokens say for whom they are. */
function account(annotations: Record<string, string>): ServiceAccountIdentity & { readonly audiences: string[] } {
  const audiences: string[] = [];
  return {
    namespace: "apps",
    name: "web",
    audiences,
    annotations: async () => annotations,
    token: async (asked) => {
      audiences.push(...asked);
      return { token: `canary-${asked.join()}`, expiresAt: now + 3_600_000 };
    },
  };
}

function assumed(keyId: string, minutes: number): CloudAnswer {
  const ends = new Date(now + minutes * 60_000).toISOString();
  return {
    body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
      <Credentials><AccessKeyId>${keyId}</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>
      <SessionToken>session</SessionToken><Expiration>${ends}</Expiration></Credentials>
    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  };
}

async function metadataServer(values: Record<string, string>): Promise<void> {
  metadata = createServer((asked, response) => {
    const value = values[(asked.url ?? "").split("?")[0] ?? ""];
    response.setHeader("metadata-flavor", "Google");
    if (asked.headers["metadata-flavor"] !== "Google" || value === undefined) response.writeHead(404).end();
    else response.setHeader("content-type", value.startsWith("{") ? "application/json" : "text/plain").end(value);
  });
  await new Promise<void>((resolve) => metadata?.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("GCE_METADATA_HOST", `127.0.0.1:${(metadata.address() as AddressInfo).port}`);
}

test("a service account becomes its AWS role with a token for STS", async () => {
  answer = () => assumed("AKIA1", 60);
  const identity = account({ "eks.amazonaws.com/role-arn": role });

  const given = await tokens.awsCredentials({ identity, region, proxy: clouds.proxy }, signal);

  expect(given).toMatchObject({ accessKeyId: "AKIA1", secretAccessKey: "hush", sessionToken: "session" });
  const [asked] = clouds.requests;
  expect(asked).toMatchObject({ method: "POST", host: "sts.eu-central-1.amazonaws.com", path: "/" });
  expect(asked?.headers.authorization).toBeUndefined();
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: "web.apps.eu-central-1.fluxcd.io",
    WebIdentityToken: "canary-sts.amazonaws.com",
  });
});

test("AWS credentials are kept for four fifths of their life, for each role and region", async () => {
  answer = () => assumed("AKIA1", 60);
  const annotations: Record<string, string> = { "eks.amazonaws.com/role-arn": role };
  const asked = { identity: account(annotations), region, proxy: clouds.proxy };

  await Promise.all([tokens.awsCredentials(asked, signal), tokens.awsCredentials(asked, signal)]);
  now += 47 * 60_000;
  await tokens.awsCredentials(asked, signal);
  expect(clouds.requests).toHaveLength(1);

  now += 2 * 60_000;
  await tokens.awsCredentials(asked, signal);
  expect(clouds.requests).toHaveLength(2);

  annotations["eks.amazonaws.com/role-arn"] = `${role}-2`;
  await tokens.awsCredentials(asked, signal);
  expect(clouds.requests).toHaveLength(3);
});

test("the controller's own AWS credentials are those of its environment", async () => {
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAOWN");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "own");
  const given = await tokens.awsCredentials({ identity: null, region: "" }, signal);
  expect(given).toEqual({ accessKeyId: "AKIAOWN", secretAccessKey: "own", expiresAt: null });
});

const unusable = [
  { what: "no annotation", annotations: {}, region, message: "it has no annotation eks.amazonaws.com/role-arn" },
  {
    what: "an annotation that is no role",
    annotations: { "eks.amazonaws.com/role-arn": "web" },
    region,
    message: '"web" is no role ARN in eks.amazonaws.com/role-arn',
  },
  { what: "no region", annotations: { "eks.amazonaws.com/role-arn": role }, region: "", message: "no region is given" },
];
for (const { what, annotations, region: given, message } of unusable) {
  test(`a service account with ${what} is nobody to AWS, and nothing is sent`, async () => {
    const asked = { identity: account(annotations), region: given, proxy: clouds.proxy };
    await expect(tokens.awsCredentials(asked, signal)).rejects.toThrow(message);
    await expect(tokens.awsCredentials(asked, signal)).rejects.toThrow("the service account apps/web");
    expect(clouds.requests).toHaveLength(0);
  });
}

test("AWS without a region in the environment says what to do", async () => {
  await expect(tokens.awsCredentials({ identity: null, region: "" }, signal)).rejects.toThrow(
    "AWS_REGION is not set; give the controller a role (IRSA or EKS Pod Identity) and start it anew, or set AWS_REGION",
  );
});

test("a refusal of STS is told without the token that was shown", async () => {
  answer = ({ body }) => ({
    status: 403,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>
      <Message>Not authorized with ${new URLSearchParams(body).get("WebIdentityToken")}</Message></Error></ErrorResponse>`,
  });
  const identity = account({ "eks.amazonaws.com/role-arn": role });
  const failed = tokens.awsCredentials({ identity, region, proxy: clouds.proxy }, signal);
  await expect(failed).rejects.toMatchObject({
    failure: "auth",
    message: "Cannot get AWS credentials for the service account apps/web: Not authorized with …",
  });
  expect(JSON.stringify(await failed.catch((error: unknown) => Object.entries(error as Error)))).not.toContain(
    "canary",
  );
});

const azure = { "azure.workload.identity/client-id": "client", "azure.workload.identity/tenant-id": "tenant" };
const issuer = "https://login.microsoftonline.com/tenant";

function entra({ path }: CloudRequest): CloudAnswer {
  if (path.includes("/discovery/instance")) {
    const aliases = ["login.microsoftonline.com"];
    const metadataOf = { preferred_network: aliases[0], preferred_cache: aliases[0], aliases };
    return {
      body: { tenant_discovery_endpoint: `${issuer}/v2.0/.well-known/openid-configuration`, metadata: [metadataOf] },
    };
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

test("a service account becomes its Azure application with a token for the exchange", async () => {
  answer = entra;
  const identity = account(azure);
  const scope = "https://management.azure.com/.default";

  const given = await tokens.azureToken({ identity, scope, proxy: clouds.proxy }, signal);

  expect(given.token).toBe("entra-token");
  expect(given.expiresAt).toBeGreaterThan(now + 3_000_000);
  expect(identity.audiences).toEqual(["api://AzureADTokenExchange"]);
  const asked = clouds.requests.find(({ method }) => method === "POST");
  expect(asked).toMatchObject({
    host: "login.microsoftonline.com",
    path: expect.stringMatching(/^\/tenant\/oauth2\/v2.0\/token/),
  });
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toMatchObject({
    client_id: "client",
    scope,
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: "canary-api://AzureADTokenExchange",
  });
});

test("a service account without annotations for Azure is told which one it lacks", async () => {
  const asked = { identity: account({ ...azure, "azure.workload.identity/client-id": "" }), scope: "x/.default" };
  await expect(tokens.azureToken(asked, signal)).rejects.toThrow(
    "Cannot use the service account apps/web for Azure: it has no annotation azure.workload.identity/client-id",
  );
});

test("a refusal of Azure is told without the token that was shown", async () => {
  answer = (asked) => {
    if (asked.method !== "POST") return entra(asked);
    const shown = new URLSearchParams(asked.body).get("client_assertion");
    const description = `AADSTS700213: no federated identity record for ${shown}`;
    return { status: 401, body: { error: "invalid_client", error_description: description } };
  };
  const failed = tokens.azureToken({ identity: account(azure), scope: "x/.default", proxy: clouds.proxy }, signal);
  await expect(failed).rejects.toThrow(/Cannot get an Azure token for the service account apps\/web: .*AADSTS700213/);
  await expect(failed).rejects.not.toThrow("canary");
});

const provider = "projects/42/locations/global/workloadIdentityPools/pool/providers/cluster";

test("a service account becomes an account of Google's by its workload identity provider", async () => {
  const expireTime = new Date(now + 3_600_000).toISOString();
  answer = ({ host }) =>
    host === "sts.googleapis.com"
      ? { body: { access_token: "federated", expires_in: 3_600, token_type: "Bearer", issued_token_type: "x" } }
      : { body: { accessToken: "google-token", expireTime } };
  const annotations = {
    "gcp.auth.fluxcd.io/workload-identity-provider": provider,
    "iam.gke.io/gcp-service-account": "web@project.iam.gserviceaccount.com",
  };

  const given = await tokens.gcpToken({ identity: account(annotations), proxy: clouds.proxy }, signal);

  expect(given).toEqual({ token: "google-token", expiresAt: Date.parse(expireTime) });
  const [exchange, impersonation] = clouds.requests;
  expect(exchange).toMatchObject({ method: "POST", host: "sts.googleapis.com", path: "/v1/token" });
  expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toMatchObject({
    audience: `//iam.googleapis.com/${provider}`,
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: `canary-//iam.googleapis.com/${provider}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  });
  expect(impersonation).toMatchObject({
    method: "POST",
    host: "iamcredentials.googleapis.com",
    path: "/v1/projects/-/serviceAccounts/web@project.iam.gserviceaccount.com:generateAccessToken",
  });
  expect(impersonation?.headers.authorization).toBe("Bearer federated");
  expect(JSON.parse(impersonation?.body ?? "")).toMatchObject({
    scope: ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"],
  });
});

test("on GKE a service account is known by the cluster that the metadata server names", async () => {
  await metadataServer({
    "/computeMetadata/v1/project/project-id": "project",
    "/computeMetadata/v1/instance/attributes/cluster-location": "europe-west1",
    "/computeMetadata/v1/instance/attributes/cluster-name": "prod",
  });
  answer = () => ({ body: { access_token: "federated", expires_in: 3_600, token_type: "Bearer" } });
  const identity = account({});

  const given = await tokens.gcpToken({ identity, proxy: clouds.proxy }, signal);

  expect(given.token).toBe("federated");
  expect(identity.audiences).toEqual(["project.svc.id.goog"]);
  const cluster = "https://container.googleapis.com/v1/projects/project/locations/europe-west1/clusters/prod";
  expect(new URLSearchParams(clouds.requests[0]?.body).get("audience")).toBe(
    `identitynamespace:project.svc.id.goog:${cluster}`,
  );
});

test("the controller's own Google token is that of the metadata server", async () => {
  await metadataServer({
    "/computeMetadata/v1/instance": "{}",
    "/computeMetadata/v1/instance/service-accounts/default/token": JSON.stringify({
      access_token: "machine",
      expires_in: 3_600,
      token_type: "Bearer",
    }),
  });
  vi.stubEnv("HOME", "/nonexistent");
  expect(await tokens.gcpToken({ identity: null }, signal)).toMatchObject({ token: "machine" });
});

test("an annotation that names no provider of Google's is refused by name", async () => {
  const identity = account({ "gcp.auth.fluxcd.io/workload-identity-provider": "pool" });
  await expect(tokens.gcpToken({ identity }, signal)).rejects.toThrow(
    '"pool" cannot be its annotation gcp.auth.fluxcd.io/workload-identity-provider',
  );
});

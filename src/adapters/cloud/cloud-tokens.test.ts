import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { assumed, entra, federated, known, region, signal, useCloudWorld } from "./testing/cloud-world.ts";

const world = useCloudWorld();
const role = known.aws["eks.amazonaws.com/role-arn"];
const azure = known.azure;

test("a service account becomes its AWS role with a token for STS", async () => {
  world().answer = () => assumed(world(), "AKIA1");
  const identity = world().account({ "eks.amazonaws.com/role-arn": role });

  const given = await world().tokens.awsCredentials({ identity, region, proxy: world().clouds.proxy }, signal);

  expect(given).toMatchObject({ accessKeyId: "AKIA1", secretAccessKey: "hush", sessionToken: "session" });
  const [asked] = world().clouds.requests;
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
  world().answer = () => assumed(world(), "AKIA1");
  const annotations: Record<string, string> = { "eks.amazonaws.com/role-arn": role };
  const asked = { identity: world().account(annotations), region, proxy: world().clouds.proxy };

  await Promise.all([world().tokens.awsCredentials(asked, signal), world().tokens.awsCredentials(asked, signal)]);
  world().now += 47 * 60_000;
  await world().tokens.awsCredentials(asked, signal);
  expect(world().clouds.requests).toHaveLength(1);

  world().now += 2 * 60_000;
  await world().tokens.awsCredentials(asked, signal);
  expect(world().clouds.requests).toHaveLength(2);

  annotations["eks.amazonaws.com/role-arn"] = `${role}-2`;
  await world().tokens.awsCredentials(asked, signal);
  expect(world().clouds.requests).toHaveLength(3);
});

test("the controller's own AWS credentials are those of its environment", async () => {
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAOWN");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "own");
  const given = await world().tokens.awsCredentials({ identity: null, region: "" }, signal);
  expect(given).toEqual({ accessKeyId: "AKIAOWN", secretAccessKey: "own", expiresAt: null });
});

test("the controller's own AWS credentials are those of the role that its environment names", async () => {
  world().answer = () => assumed(world(), "AKIAOWN");
  const file = await tokenFile("canary-file");
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ROLE_ARN", role);
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file);
  const given = await world().tokens.awsCredentials(
    { identity: null, region: "", proxy: world().clouds.proxy },
    signal,
  );
  expect(given).toMatchObject({ accessKeyId: "AKIAOWN", sessionToken: "session" });
  const body = new URLSearchParams(world().clouds.requests[0]?.body);
  expect([body.get("RoleArn"), body.get("WebIdentityToken")]).toEqual([role, "canary-file"]);
});

test("the controller's own Azure token is that of the application that its environment names", async () => {
  world().answer = entra;
  vi.stubEnv("AZURE_TENANT_ID", "tenant");
  vi.stubEnv("AZURE_CLIENT_ID", "own");
  vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", await tokenFile("canary-file"));
  const asked = { identity: null, scope: "https://management.azure.com/.default", proxy: world().clouds.proxy };
  expect(await world().tokens.azureToken(asked, signal)).toMatchObject({ token: "entra-token" });
  const post = world().clouds.requests.find(({ method }) => method === "POST");
  expect(Object.fromEntries(new URLSearchParams(post?.body))).toMatchObject({
    client_id: "own",
    client_assertion: "canary-file",
  });
});

test("an Azure that knows nobody here says what to set, and holds nobody up for long", async () => {
  const asked = { identity: null, scope: "https://management.azure.com/.default", proxy: world().clouds.proxy };
  vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
  await expect(world().tokens.azureToken(asked, signal)).rejects.toMatchObject({
    failure: "auth",
    message: expect.stringMatching(
      /^Cannot get an Azure token for the controller: .*; give the controller an identity \(workload identity, or a managed one\), or name a serviceAccountName$/,
    ),
  });
}, 40_000);

test("an AWS and a Google Cloud that know nobody here say what to do", async () => {
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("GCE_METADATA_HOST", "127.0.0.1:1");
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  vi.stubEnv("HOME", "/nonexistent");
  await expect(world().tokens.awsCredentials({ identity: null, region: "" }, signal)).rejects.toThrow(
    "give the controller a role (IRSA, EKS Pod Identity, or that of its node), or name a serviceAccountName",
  );
  await expect(world().tokens.gcpToken({ identity: null }, signal)).rejects.toThrow(
    /^Cannot get a Google Cloud token for the controller: .*; give the controller an identity/,
  );
});

async function tokenFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-cloud-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "token");
  await writeFile(path, content);
  return path;
}

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
    const asked = { identity: world().account(annotations), region: given, proxy: world().clouds.proxy };
    await expect(world().tokens.awsCredentials(asked, signal)).rejects.toThrow(message);
    await expect(world().tokens.awsCredentials(asked, signal)).rejects.toThrow("the service account apps/web");
    expect(world().clouds.requests).toHaveLength(0);
  });
}

test("AWS without a region in the environment says what to do", async () => {
  await expect(world().tokens.awsCredentials({ identity: null, region: "" }, signal)).rejects.toThrow(
    "AWS_REGION is not set; give the controller a role (IRSA or EKS Pod Identity) and start it anew, or set AWS_REGION",
  );
});

test("a refusal of STS is told without the token that was shown", async () => {
  world().answer = ({ body }) => ({
    status: 403,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>
      <Message>Not authorized with ${new URLSearchParams(body).get("WebIdentityToken")}</Message></Error></ErrorResponse>`,
  });
  const identity = world().account({ "eks.amazonaws.com/role-arn": role });
  const failed = world().tokens.awsCredentials({ identity, region, proxy: world().clouds.proxy }, signal);
  await expect(failed).rejects.toMatchObject({
    failure: "auth",
    message: "Cannot get AWS credentials for the service account apps/web: Not authorized with …",
  });
  expect(JSON.stringify(await failed.catch((error: unknown) => Object.entries(error as Error)))).not.toContain(
    "canary",
  );
});

test("a service account becomes its Azure application with a token for the exchange", async () => {
  world().answer = entra;
  const identity = world().account(azure);
  const scope = "https://management.azure.com/.default";

  const given = await world().tokens.azureToken({ identity, scope, proxy: world().clouds.proxy }, signal);

  expect(given.token).toBe("entra-token");
  expect(given.expiresAt).toBeGreaterThan(world().now + 3_000_000);
  expect(identity.audiences).toEqual(["api://AzureADTokenExchange"]);
  const asked = world().clouds.requests.find(({ method }) => method === "POST");
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
  const asked = {
    identity: world().account({ ...azure, "azure.workload.identity/client-id": "" }),
    scope: "x/.default",
  };
  await expect(world().tokens.azureToken(asked, signal)).rejects.toThrow(
    "Cannot use the service account apps/web for Azure: it has no annotation azure.workload.identity/client-id",
  );
});

test("a refusal of Azure is told without the token that was shown", async () => {
  world().answer = (asked) => {
    if (asked.method !== "POST") return entra(asked);
    const shown = new URLSearchParams(asked.body).get("client_assertion");
    const description = `AADSTS700213: no federated identity record for ${shown}`;
    return { status: 401, body: { error: "invalid_client", error_description: description } };
  };
  const failed = world().tokens.azureToken(
    { identity: world().account(azure), scope: "x/.default", proxy: world().clouds.proxy },
    signal,
  );
  await expect(failed).rejects.toThrow(/Cannot get an Azure token for the service account apps\/web: .*AADSTS700213/);
  await expect(failed).rejects.not.toThrow("canary");
});

const provider = known.gcp["gcp.auth.fluxcd.io/workload-identity-provider"];

test("a service account becomes an account of Google's by its workload identity provider", async () => {
  const expireTime = new Date(world().now + 3_600_000).toISOString();
  world().answer = ({ host }) =>
    host === "sts.googleapis.com" ? federated() : { body: { accessToken: "google-token", expireTime } };
  const annotations = {
    "gcp.auth.fluxcd.io/workload-identity-provider": provider,
    "iam.gke.io/gcp-service-account": "web@project.iam.gserviceaccount.com",
  };

  const given = await world().tokens.gcpToken(
    { identity: world().account(annotations), proxy: world().clouds.proxy },
    signal,
  );

  expect(given).toEqual({ token: "google-token", expiresAt: Date.parse(expireTime) });
  const [exchange, impersonation] = world().clouds.requests;
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
  await world().metadataServer({
    "/computeMetadata/v1/project/project-id": "project",
    "/computeMetadata/v1/instance/attributes/cluster-location": "europe-west1",
    "/computeMetadata/v1/instance/attributes/cluster-name": "prod",
  });
  world().answer = federated;
  const identity = world().account({});

  const given = await world().tokens.gcpToken({ identity, proxy: world().clouds.proxy }, signal);

  expect(given.token).toBe("federated");
  expect(identity.audiences).toEqual(["project.svc.id.goog"]);
  const cluster = "https://container.googleapis.com/v1/projects/project/locations/europe-west1/clusters/prod";
  expect(new URLSearchParams(world().clouds.requests[0]?.body).get("audience")).toBe(
    `identitynamespace:project.svc.id.goog:${cluster}`,
  );
});

test("the controller's own Google token is that of the metadata server", async () => {
  await world().metadataServer({
    "/computeMetadata/v1/instance": "{}",
    "/computeMetadata/v1/instance/service-accounts/default/token": JSON.stringify({
      access_token: "machine",
      expires_in: 3_600,
      token_type: "Bearer",
    }),
  });
  vi.stubEnv("HOME", "/nonexistent");
  expect(await world().tokens.gcpToken({ identity: null }, signal)).toMatchObject({ token: "machine" });
});

test("an annotation that names no provider of Google's is refused by name", async () => {
  const identity = world().account({ "gcp.auth.fluxcd.io/workload-identity-provider": "pool" });
  await expect(world().tokens.gcpToken({ identity }, signal)).rejects.toThrow(
    '"pool" cannot be its annotation gcp.auth.fluxcd.io/workload-identity-provider',
  );
});

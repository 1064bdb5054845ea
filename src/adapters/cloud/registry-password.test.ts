import { expect, test } from "vitest";
import { assumed, entra, federated, known, signal, useCloudWorld } from "./testing/cloud-world.ts";

const world = useCloudWorld();
const privateRegistry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

function asked(cloud: "aws" | "azure" | "gcp", registry: string) {
  return { cloud, registry, identity: world().account(known[cloud]), proxy: world().clouds.proxy };
}

function ecr(authorizationData: (data: object) => unknown) {
  return ({ host }: { host: string }) => {
    if (host.startsWith("sts.")) return assumed(world(), "AKIA1");
    const authorizationToken = Buffer.from("AWS:ecr-password").toString("base64");
    const expiresAt = (world().now + 12 * 3_600_000) / 1_000;
    return { body: { authorizationData: authorizationData({ authorizationToken, expiresAt }) } };
  };
}

test("a password for a registry of AWS is asked for with a signed request in the registry's region", async () => {
  world().answer = ecr((data) => [data]);

  const given = await world().tokens.registryPassword(asked("aws", privateRegistry), signal);

  expect(given).toEqual({ username: "AWS", password: "ecr-password", expiresAt: world().now + 12 * 3_600_000 });
  const [assume, password] = world().clouds.requests;
  expect(assume?.host).toBe("sts.eu-central-1.amazonaws.com");
  expect(password).toMatchObject({ method: "POST", host: "api.ecr.eu-central-1.amazonaws.com", path: "/", body: "{}" });
  expect(password?.headers).toMatchObject({
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    "x-amz-security-token": "session",
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-central-1\/ecr\/aws4_request,SignedHeaders=content-type;host;/,
    ),
  });
});

test("a password for the public registry of AWS is asked for in the one region that gives any", async () => {
  world().answer = ecr((data) => data);
  const given = await world().tokens.registryPassword(asked("aws", "public.ecr.aws"), signal);
  expect(given.password).toBe("ecr-password");
  const [assume, password] = world().clouds.requests;
  expect(assume?.host).toBe("sts.us-east-1.amazonaws.com");
  expect(password?.host).toBe("api.ecr-public.us-east-1.amazonaws.com");
  expect(password?.headers["x-amz-target"]).toBe("SpencerFrontendService.GetAuthorizationToken");
  expect(password?.headers.authorization).toContain("/us-east-1/ecr-public/aws4_request");
});

test("a password for a registry is kept as long as the keys that it was got with", async () => {
  world().answer = ecr((data) => [data]);
  await world().tokens.registryPassword(asked("aws", privateRegistry), signal);
  world().now += 40 * 60_000;
  await world().tokens.registryPassword(asked("aws", privateRegistry), signal);
  expect(world().clouds.requests).toHaveLength(2);
  const usual = world().answer;
  world().answer = (request) => (request.host.startsWith("sts.") ? assumed(world(), "AKIA2") : usual(request));
  world().now += 10 * 60_000;
  await world().tokens.registryPassword(asked("aws", privateRegistry), signal);
  expect(world().clouds.requests.at(-1)?.headers.authorization).toContain("Credential=AKIA2/");
});

test("a token of Azure is exchanged for a password by the registry itself", async () => {
  const end = Math.round(world().now / 1_000) + 10_800;
  const claims = Buffer.from(JSON.stringify({ exp: end })).toString("base64url");
  world().answer = (request) =>
    request.host === "fleet.azurecr.io" ? { body: { refresh_token: `x.${claims}.y` } } : entra(request);

  const given = await world().tokens.registryPassword(asked("azure", "fleet.azurecr.io"), signal);

  const username = "00000000-0000-0000-0000-000000000000";
  expect(given).toEqual({ username, password: `x.${claims}.y`, expiresAt: end * 1_000 });
  const posts = world().clouds.requests.filter(({ method }) => method === "POST");
  expect(new URLSearchParams(posts[0]?.body).get("scope")).toContain("https://containerregistry.azure.net/.default");
  expect(posts[1]).toMatchObject({ host: "fleet.azurecr.io", path: "/oauth2/exchange" });
  expect(Object.fromEntries(new URLSearchParams(posts[1]?.body))).toEqual({
    grant_type: "access_token",
    service: "fleet.azurecr.io",
    access_token: "entra-token",
  });
});

test("registries of Google Cloud take its tokens as passwords", async () => {
  world().answer = federated;
  for (const host of ["europe-docker.pkg.dev", "eu.gcr.io", "gcr.io"]) {
    const given = await world().tokens.registryPassword(asked("gcp", host), signal);
    expect(given).toMatchObject({ username: "oauth2accesstoken", password: "federated" });
  }
});

const foreign = [
  { cloud: "aws", host: "registry.example", own: "AWS, which are public.ecr.aws and <account>.dkr.ecr.<region>" },
  { cloud: "aws", host: "1.dkr.ecr.eu-central-1.amazonaws.com.evil.example", own: "AWS" },
  { cloud: "azure", host: "azurecr.io.evil.example", own: "Azure, which end in azurecr.io, .cn, .de or .us" },
  { cloud: "gcp", host: "gcr.io.evil.example", own: "Google Cloud, which end in gcr.io or -docker.pkg.dev" },
] as const;
for (const { cloud, host, own } of foreign) {
  test(`${host} is not shown what is for the registries of ${cloud}`, async () => {
    const words = `Cannot log in to the registry: "${host}" is none of the registries of ${own}`;
    await expect(world().tokens.registryPassword(asked(cloud, host), signal)).rejects.toThrow(words);
    const how = { identity: null, insecure: false, hasOwnAuthority: false };
    expect(() => world().tokens.mustServe({ cloud, registry: host, ...how })).toThrow(words);
    expect(world().clouds.requests).toHaveLength(0);
  });
}

test("a refusal is told in the API's words, without what was shown", async () => {
  world().answer = ({ host, headers }) => {
    if (host.startsWith("sts.")) return assumed(world(), "AKIA1");
    const message = `The canonical request had x-amz-security-token:${String(headers["x-amz-security-token"])}`;
    return { status: 403, body: { __type: "InvalidSignatureException", message } };
  };
  await expect(world().tokens.registryPassword(asked("aws", privateRegistry), signal)).rejects.toMatchObject({
    failure: "auth",
    message:
      "Cannot get a password for the registries of AWS in eu-central-1: api.ecr.eu-central-1.amazonaws.com answers 403" +
      " (The canonical request had x-amz-security-token:…)",
  });
});

test("a password is for nobody who could speak for the registry", () => {
  const { tokens, account } = world();
  const registry = { cloud: "aws", registry: privateRegistry } as const;
  const own = { ...registry, identity: null, insecure: false, hasOwnAuthority: true };
  expect(() => tokens.mustServe(own)).toThrow("name a serviceAccountName, or leave ca.crt out");
  expect(() => tokens.mustServe({ ...own, identity: account(known.aws) })).not.toThrow();
  expect(() => tokens.mustServe({ ...own, hasOwnAuthority: false })).not.toThrow();
  const plain = { ...registry, identity: account(known.aws), insecure: true, hasOwnAuthority: false };
  expect(() => tokens.mustServe(plain)).toThrow("over plain http");
});

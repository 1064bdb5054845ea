import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Decryption } from "#core/app/render-spec.ts";
import type { CloudIdentity } from "#engine/cloud-identity.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "#test/support/clouds.ts";
import { dataKeysOf, fullPool, type SopsFixtures, sopsFixtures } from "./sops-bench.ts";
import { sopsDecrypt } from "./sops-decrypt.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const pool = fullPool();
const canary = "canary-7f3a";
const text = `user: me\npassword: ${canary}\n`;
const { signal } = new AbortController();
/** What every service here wraps with. */
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const accountKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

type Cloud = "aws" | "gcp" | "azure";
let made: SopsFixtures<Cloud | "either">;
let clouds: Clouds;
let answers: ((asked: CloudRequest) => CloudAnswer | null)[];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const wraps = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const kinds = { alice: "age", aws: `aws ${wraps}`, gcp: `gcp ${wraps}`, azure: `azure ${wraps}` } as const;
  const to = (...group: string[]) => ({ format: "yaml", text, groups: [group] }) as const;
  made = await sopsFixtures(kinds, { aws: to("aws"), gcp: to("gcp"), azure: to("azure"), either: to("aws", "alice") });
});
afterAll(() => pool.close());
beforeEach(async () => {
  answers = [tokens, service];
  clouds = await startClouds((asked) => {
    for (const answer of answers) {
      const told = answer(asked);
      if (told !== null) return told;
    }
    return { status: 421, body: "nobody" };
  });
  vi.stubEnv("HTTPS_PROXY", clouds.proxy);
  vi.stubEnv("https_proxy", clouds.proxy);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closing.splice(0).map((close) => close()));
  await clouds.stop();
});

/** What the clouds lend to whoever proves who asks. */
function tokens({ host, method }: CloudRequest): CloudAnswer | null {
  if (host === "oauth2.googleapis.com") return { body: { access_token: "canary-google", expires_in: 3600 } };
  if (host === "sts.eu-central-1.amazonaws.com") return { body: lentByRole };
  if (host !== "login.microsoftonline.com") return null;
  if (method === "POST") return { body: { token_type: "Bearer", access_token: "canary-entra", expires_in: 3600 } };
  const base = "https://login.microsoftonline.com/shop-tenant";
  const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
  return { body: { ...endpoints, issuer: `${base}/v2.0`, jwks_uri: `${base}/keys` } };
}

const lentByRole = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>canary-role</SecretAccessKey>
  <SessionToken>canary-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>`;

function unwrapped(wrapped: string, encoding: "base64" | "base64url"): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, Buffer.from(wrapped, encoding));
}

/** The three services, each holding the key that wraps. */
function service({ host, path, body }: CloudRequest): CloudAnswer | null {
  const field = (name: string) => (JSON.parse(body) as Record<string, string>)[name] ?? "";
  if (host === "kms.eu-central-1.amazonaws.com" && path === "/") {
    return { body: { Plaintext: unwrapped(field("CiphertextBlob"), "base64").toString("base64") } };
  }
  if (host === "cloudkms.googleapis.com" && path.endsWith("/cryptoKeys/shop:decrypt")) {
    return { body: { plaintext: unwrapped(field("ciphertext"), "base64").toString("base64") } };
  }
  if (host !== "shop.vault.azure.net" || !path.startsWith("/keys/shop/")) return null;
  return { body: { kid: "any", value: unwrapped(field("value"), "base64url").toString("base64url") } };
}

const base64 = (content: string | Buffer) => Buffer.from(content).toString("base64");
const secretOf = (entry: string, content: string | Buffer) => ({ [entry]: base64(content) });
const awsKeys = "aws_access_key_id: AKIASECRET\naws_secret_access_key: canary-secret\n";
const inSecret: Readonly<Record<Cloud, Decryption["keys"]>> = {
  aws: secretOf("sops.aws-kms", awsKeys),
  gcp: secretOf(
    "sops.gcp-kms",
    JSON.stringify({
      type: "service_account",
      client_email: "reader@shop.iam.gserviceaccount.com",
      private_key: accountKey.export({ type: "pkcs8", format: "pem" }),
    }),
  ),
  azure: secretOf("sops.azure-kv", "tenantId: shop-tenant\nclientId: shop-client\nclientSecret: canary-secret\n"),
};

interface Opening {
  readonly keys?: Decryption["keys"];
  readonly account?: Decryption["account"];
  readonly cloud?: Partial<CloudIdentity>;
}

async function opened(content: string, { keys = {}, account, cloud }: Opening): Promise<string> {
  const dataKeys = dataKeysOf(cloud);
  closing.push(() => dataKeys.services.close());
  const decryption = { provider: "sops", keys, ...(account && { account }) } as const;
  const file = { content: Buffer.from(content), format: "yaml", decryption, dataKeys } as const;
  return Buffer.from(await sopsDecrypt(pool, file, signal)).toString();
}

async function refusal(content: string, opening: Opening): Promise<string> {
  const error: unknown = await opened(content, opening).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "decryption" });
  expect(String(error)).not.toContain("canary");
  expect(String(error)).not.toContain("PRIVATE");
  return (error as Error).message;
}

const asked = (host: string) => clouds.requests.filter((request) => request.host === host);

describe("a file whose data key is wrapped", () => {
  test("by AWS KMS is opened with the keys of the Secret, as the role, in the context of the file", async () => {
    expect(await opened(made.files.aws, { keys: inSecret.aws })).toBe(text);
    const [taken] = asked("sts.eu-central-1.amazonaws.com");
    expect(Object.fromEntries(new URLSearchParams(taken?.body))).toMatchObject({
      Action: "AssumeRole",
      RoleArn: "arn:aws:iam::123456789012:role/shop",
      RoleSessionName: expect.stringMatching(/^sops@/),
    });
    expect(taken?.headers.authorization).toContain("Credential=AKIASECRET/");
    const [request] = asked("kms.eu-central-1.amazonaws.com");
    expect([request?.method, request?.headers["x-amz-target"]]).toEqual(["POST", "TrentService.Decrypt"]);
    expect(request?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIAROLE\/\d{8}\/eu-central-1\/kms\/aws4_request,SignedHeaders=content-type;host;.*x-amz-target,/,
    );
    expect(request?.headers["x-amz-security-token"]).toBe("canary-session");
    expect(JSON.parse(request!.body)).toMatchObject({
      KeyId: "arn:aws:kms:eu-central-1:123456789012:key/shop",
      EncryptionContext: { tenant: "shop" },
    });
  });

  test("by Google's KMS is opened with the key of the Secret", async () => {
    expect(await opened(made.files.gcp, { keys: inSecret.gcp })).toBe(text);
    const [request] = asked("cloudkms.googleapis.com");
    expect([request?.method, request?.path]).toEqual([
      "POST",
      "/v1/projects/shop/locations/global/keyRings/ring/cryptoKeys/shop:decrypt",
    ]);
    expect(request?.headers.authorization).toBe("Bearer canary-google");
  });

  test("by a key vault is opened as the client of the Secret, in both forms that there are", async () => {
    expect(await opened(made.files.azure, { keys: inSecret.azure })).toBe(text);
    const [request] = asked("shop.vault.azure.net");
    expect([request?.method, request?.path]).toEqual([
      "POST",
      "/keys/shop/0123456789abcdef0123456789abcdef/decrypt?api-version=7.4",
    ]);
    expect(request?.headers.authorization).toBe("Bearer canary-entra");
    expect(JSON.parse(request!.body)).toMatchObject({ alg: "RSA-OAEP-256" });
    const form = Object.fromEntries(new URLSearchParams(asked("login.microsoftonline.com").at(-1)?.body));
    expect(form).toMatchObject({ client_secret: "canary-secret", scope: "https://vault.azure.net/.default" });
    const principal = JSON.stringify({ appId: "shop-app", tenant: "shop-tenant", password: "canary-password" });
    const utf16 = Buffer.from(`\uFEFF${principal}`, "utf16le");
    expect(await opened(made.files.azure, { keys: secretOf("sops.azure-kv", utf16) })).toBe(text);
    expect(asked("login.microsoftonline.com").at(-1)?.body).toContain("client_id=shop-app");
  });

  test("is opened as the service account, or as the controller, where the Secret proves nobody", async () => {
    const callers: unknown[] = [];
    const ends = Date.now() + 1e6;
    const cloud: CloudIdentity = {
      awsCredentials: ({ identity, region }) => {
        callers.push([identity?.name, region]);
        return Promise.resolve({ accessKeyId: "ASIAOWN", secretAccessKey: "canary-own", expiresAt: ends });
      },
      azureToken: ({ identity, scope }) => {
        callers.push([identity?.name, scope]);
        return Promise.resolve({ token: "canary-own", expiresAt: ends });
      },
      gcpToken: ({ identity }) => {
        callers.push([identity?.name]);
        return Promise.resolve({ token: "canary-own", expiresAt: ends });
      },
    };
    const account = { namespace: "shop", name: "decrypter" };
    for (const name of ["aws", "azure", "gcp"] as const) {
      expect(await opened(made.files[name], { cloud, account })).toBe(text);
      expect(await opened(made.files[name], { cloud })).toBe(text);
      const own = callers.length;
      expect(await opened(made.files[name], { cloud, account, keys: inSecret[name] })).toBe(text);
      expect(callers).toHaveLength(own);
    }
    expect(callers).toEqual([
      ["decrypter", "eu-central-1"],
      [undefined, "eu-central-1"],
      ["decrypter", "https://vault.azure.net/.default"],
      [undefined, "https://vault.azure.net/.default"],
      ["decrypter"],
      [undefined],
    ]);
  });

  test("is opened by another key when a cloud refuses, and by a service that is busy at first", async () => {
    answers.unshift(({ host }) =>
      host.startsWith("kms.") ? { status: 400, body: { __type: "AccessDeniedException" } } : null,
    );
    const keys = { ...inSecret.aws, ...made.keys("alice") };
    expect(await opened(made.files.either, { keys })).toBe(text);
    const busy = [
      { status: 503, body: "" },
      { status: 400, body: { __type: "com.amazonaws.kms#ThrottlingException" } },
    ];
    answers = [({ host }) => (host.startsWith("kms.") ? (busy.shift() ?? null) : null), tokens, service];
    expect(await opened(made.files.aws, { keys: inSecret.aws })).toBe(text);
    expect(asked("kms.eu-central-1.amazonaws.com").length).toBeGreaterThanOrEqual(3);
  });
});

describe("a data key is not had", () => {
  const told: readonly (readonly [Cloud, CloudAnswer, string])[] = [
    ["aws", { status: 400, body: { __type: "AccessDeniedException", message: "canary" } }, "(AccessDeniedException)"],
    ["gcp", { status: 403, body: { error: { status: "PERMISSION_DENIED", message: "canary" } } }, "PERMISSION_DENIED"],
    ["azure", { status: 403, body: { error: { code: "Forbidden", message: "canary" } } }, "answers 403 (Forbidden)"],
    ["azure", { status: 302, headers: { location: "https://elsewhere" }, body: "" }, "it redirects"],
    ["gcp", { body: "<html>canary</html>" }, "the answer of cloudkms.googleapis.com holds none"],
    ["gcp", { body: { plaintext: "x".repeat(100_000) } }, "holds none"],
    ["aws", { body: { Plaintext: base64("canary-of-another-key-32-bytes--") } }, "does not belong to the data key"],
  ];
  for (const [cloud, answer, says] of told) {
    test(`of ${cloud} when it says ${JSON.stringify(answer).slice(0, 60)}`, async () => {
      answers.unshift((request) => (/kms|vault/.test(request.host) ? answer : null));
      expect(await refusal(made.files[cloud], { keys: inSecret[cloud] })).toContain(says);
      expect(asked("elsewhere")).toEqual([]);
    });
  }

  const hostile: readonly (readonly [Cloud, string, string, string])[] = [
    ["aws", "arn:aws:kms:eu-central-1:", "arn:aws:kms:evil.example/x:", "its ARN is none of a key of KMS"],
    ["aws", "arn:aws:iam::123456789012:role/shop", "arn:aws:iam::1:user/x", "it is no ARN of a role"],
    ["gcp", "cryptoKeys/shop", "cryptoKeys/shop:decrypt?x=", "its name is none of a key of KMS"],
    ["azure", "https://shop.vault.azure.net", "https://shop.vault.azure.net.evil.example", "is none of a key vault"],
    ["azure", "https://shop.vault.azure.net", "http://shop.vault.azure.net", "is none of a key vault"],
    ["azure", "name: shop", "name: ../shop", "its name or version is none"],
  ];
  for (const [cloud, from, to, says] of hostile) {
    test(`of ${cloud}, and nobody is asked, when the file says ${to}`, async () => {
      const changed = made.files[cloud].replace(from, to);
      expect(changed).not.toBe(made.files[cloud]);
      expect(await refusal(changed, { keys: inSecret[cloud] })).toContain(says);
      expect(clouds.requests.filter(({ host }) => /kms|vault|evil|sts/.test(host))).toEqual([]);
    });
  }

  const unusable: readonly (readonly [Cloud, string, string])[] = [
    ["aws", "aws_access_key_id: canary", "it needs aws_access_key_id and aws_secret_access_key"],
    ["aws", "[canary", "it is no YAML object"],
    ["gcp", "canary", "it is no JSON object"],
    ["gcp", '{"type":"external_account"}', "its `type` is not `service_account`"],
    ["azure", "tenantId: canary", "it needs clientId, or tenantId and clientId"],
  ];
  const entries = { aws: "sops.aws-kms", gcp: "sops.gcp-kms", azure: "sops.azure-kv" };
  for (const [cloud, content, says] of unusable) {
    test(`of ${cloud} when the Secret says ${content}`, async () => {
      const message = await refusal(made.files[cloud], { keys: secretOf(entries[cloud], content) });
      expect(message).toContain(`${entries[cloud]} of the decryption Secret: ${says}`);
    });
  }

  test("when no cloud knows who asks, or the service is not there", async () => {
    expect(await refusal(made.files.gcp, {})).toContain("GCP KMS key projects/shop/locations/global/keyRings");
    expect(await refusal(made.files.gcp, {})).toContain("cannot get a token: no cloud is near");
    vi.stubEnv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
    const keys = inSecret.aws;
    expect(await refusal(made.files.aws, { keys })).toContain("it refuses connections (127.0.0.1:1)");
  });
});

import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sopsFixtures, type SopsFixtures } from "#adapters/upstream/sops-bench.ts";
import { type Clouds, type CloudRequest, startClouds } from "../support/clouds.ts";
import { dataOf, type Space, useFluxWorld } from "./flux-world.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const canary = "canary-8e40";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
let isPermitted = true;
let clouds: Clouds;
let made: SopsFixtures<"google" | "amazon">;

// Before the controller starts, which reads its environment once.
beforeAll(async () => {
  clouds = await startClouds(answer);
  for (const name of ["HTTPS_PROXY", "https_proxy"]) vi.stubEnv(name, clouds.proxy);
  for (const name of ["NO_PROXY", "no_proxy"]) vi.stubEnv(name, "127.0.0.1,localhost");
  const wraps = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const text = `apiVersion: v1\nkind: Secret\nmetadata:\n    name: object\nstringData:\n    token: ${canary}\n`;
  const file = { format: "yaml", text, encryptedRegex: "^stringData$" } as const;
  made = await sopsFixtures(
    { google: `gcp ${wraps}`, amazon: `aws ${wraps}` },
    { google: { ...file, groups: [["google"]] }, amazon: { ...file, groups: [["amazon"]] } },
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await clouds?.stop();
});
const world = useFluxWorld();

/** A cloud that lends tokens for service accounts and roles, and unwraps for whoever shows one. */
function answer({ host, body, headers }: CloudRequest) {
  if (host === "sts.googleapis.com") {
    const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
    const token = { access_token: "canary-of-account", token_type: "Bearer", expires_in: 3600 };
    return { body: { ...token, issued_token_type } };
  }
  if (host.startsWith("sts.")) return { body: lentByRole };
  if (!isPermitted) return { status: 403, body: { error: { status: "PERMISSION_DENIED", message: canary } } };
  const { ciphertext, CiphertextBlob } = JSON.parse(body) as Record<string, string>;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const wrapped = Buffer.from(ciphertext ?? CiphertextBlob ?? "", "base64");
  const key = privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, wrapped).toString("base64");
  if (host === "cloudkms.googleapis.com" && headers.authorization === "Bearer canary-of-account") {
    return { body: { plaintext: key } };
  }
  const isRole = headers["x-amz-security-token"] === "canary-of-role";
  return host === "kms.eu-central-1.amazonaws.com" && isRole
    ? { body: { Plaintext: key } }
    : { status: 401, body: { error: { status: "UNAUTHENTICATED" } } };
}

const lentByRole = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>canary-of-role-key</SecretAccessKey>
  <SessionToken>canary-of-role</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>`;

async function tokenOf(space: Space): Promise<string> {
  const live = dataOf(await world().get(space.at("v1", "Secret", "object"))) ?? {};
  return Buffer.from(String(live["token"] ?? ""), "base64").toString();
}

/** Everything that a person may read about a Kustomization. */
async function told(space: Space): Promise<string> {
  const { name } = space;
  const events = await world().events({ kind: "Kustomization", namespace: name, name });
  const { lines, audit } = world().engine;
  return JSON.stringify([await world().get(space.kustomizationRef()), events, lines, audit]);
}

test("a file for Google's KMS is opened as the service account for it, and a refusal is told and passes", async () => {
  const space = await world().space("kms-account");
  const provider = "projects/7/locations/global/workloadIdentityPools/pool/providers/cluster";
  const annotations = { "gcp.auth.fluxcd.io/workload-identity-provider": provider };
  const metadata = { name: "decrypter", namespace: space.name, annotations };
  isPermitted = false;
  const commit = await space.commit({ "app/object.yaml": made.files.google });
  await space.kustomization({ decryption: { provider: "sops", serviceAccountName: "decrypter" } });
  await space.says("ServiceAccount kms-account/decrypter does not exist");
  await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  await space.poke(space.kustomizationRef());
  const failed = await space.says("cloudkms.googleapis.com answers 403 (PERMISSION_DENIED)");
  expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
  isPermitted = true;
  await space.poke(space.kustomizationRef());
  await space.applied(commit);
  expect(await tokenOf(space)).toBe(canary);
  expect(await told(space)).not.toContain("canary");
});

test("a file for AWS KMS is opened with the keys of the Secret, as the role that it names", async () => {
  const space = await world().space("kms-secret");
  const keys = "aws_access_key_id: AKIASHOP\naws_secret_access_key: canary-of-shop\n";
  const metadata = { name: "keys", namespace: space.name };
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { "sops.aws-kms": keys } });
  const commit = await space.commit({ "app/object.yaml": made.files.amazon });
  await space.kustomization({ decryption: { provider: "sops", secretRef: { name: "keys" } } });
  await space.applied(commit);
  expect(await tokenOf(space)).toBe(canary);
  expect(clouds.requests.some(({ body }) => body.includes('"EncryptionContext":{"tenant":"shop"}'))).toBe(true);
  expect(await told(space)).not.toContain("canary");
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient } from "./support/engine.ts";
import { testCertificate } from "./support/test-certificate.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
let home: string;
let client: ConnectedCluster;

beforeAll(async () => {
  home = await temporaryDirectory();
  client = adminClient(plane());
});

afterAll(() => client.close());

/** Makes a Secret; every file that an option names is written first. */
async function create(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ended> {
  const options: string[] = [];
  for (const [option, content] of Object.entries(files)) {
    const path = join(home, option);
    await writeFile(path, content);
    options.push(`--${option}`, path);
  }
  const kubeconfig = plane().kubeconfigPath;
  return runCli({ home, kubeconfig }, ["create", "secret", ...args, ...options], input);
}

/** What a Secret in the cluster holds. */
async function heldBy(name: string, namespace = "flux-system"): Promise<Record<string, string>> {
  const secret = await client.get({ apiVersion: "v1", kind: "Secret", namespace, name }, { signal });
  const data = Object.entries((secret?.["data"] ?? {}) as Record<string, string>);
  const held = data.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
  return { type: String(secret?.["type"]), ...Object.fromEntries(held) };
}

test("a credential comes from a file or standard input, is never shown, and made anew is changed", async () => {
  const made = await create(["git", "repo", "--username", "ada", "--password-file", "-"], {}, "hunter2\n");
  expect(made).toMatchObject({ code: 0, out: "Namespace/flux-system created\nSecret/flux-system/repo created\n" });
  expect(made.err).toContain("spec.secretRef.name: repo");
  expect(await heldBy("repo")).toEqual({ type: "Opaque", username: "ada", password: "hunter2" });
  const changed = await create(["git", "repo", "-n", "flux-system"], { "token-file": "t0ken\n" });
  expect(changed.out).toBe("Secret/flux-system/repo changed\n");
  expect(await heldBy("repo")).toEqual({ type: "Opaque", bearerToken: "t0ken" });
  for (const { out, err } of [made, changed]) expect(out + err).not.toMatch(/hunter2|t0ken|aHVudGVyMg|dDBrZW4/);
});

test("each kind holds the keys that its reader knows", async () => {
  const identity = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";
  const hosts = "git.example.com ssh-ed25519 AAAA\n";
  await create(["git", "ssh"], { "identity-file": identity, "known-hosts-file": hosts, "passphrase-file": "open\n" });
  expect(await heldBy("ssh")).toEqual({ type: "Opaque", identity, known_hosts: hosts, password: "open" });

  await create(["oci", "pull", "-n", "apps", "--registry", "ghcr.io", "--username", "ada"], { "password-file": "pw" });
  const { type, ".dockerconfigjson": config = "" } = await heldBy("pull", "apps");
  expect(type).toBe("kubernetes.io/dockerconfigjson");
  expect(JSON.parse(config)).toEqual({
    auths: { "ghcr.io": { username: "ada", password: "pw", auth: Buffer.from("ada:pw").toString("base64") } },
  });

  const { cert, key } = testCertificate;
  await create(["tls", "ca"], { "ca-file": cert, "cert-file": cert, "key-file": key });
  expect(await heldBy("ca")).toEqual({ type: "Opaque", "ca.crt": cert, "tls.crt": cert, "tls.key": key });

  await create(["proxy", "out", "--address", "http://proxy:3128", "--username", "ada"], { "password-file": "pw" });
  expect(await heldBy("out")).toEqual({
    type: "Opaque",
    address: "http://proxy:3128",
    username: "ada",
    password: "pw",
  });
  await create(["bucket", "s3", "--access-key", "AKIA"], { "secret-key-file": "pw\n" });
  expect(await heldBy("s3")).toEqual({ type: "Opaque", accesskey: "AKIA", secretkey: "pw" });
  await create(["helm", "charts", "--username", "ada"], { "password-file": "pw\n" });
  expect(await heldBy("charts")).toEqual({ type: "Opaque", username: "ada", password: "pw" });
});

test("--export prints a Secret for decryption without asking a cluster", async () => {
  const text = "# created: today\nAGE-SECRET-KEY-1QQQ\n";
  await writeFile(join(home, "age"), text);
  const args = ["create", "secret", "age", "sops", "--identities-file", join(home, "age"), "--export"];
  const printed = await runCli({ home, kubeconfig: "/nowhere" }, args);
  expect(printed).toMatchObject({ code: 0, err: "" });
  expect(printed.out).toContain(`identity.agekey: ${Buffer.from(text).toString("base64")}`);
  const pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n";
  const made = await create(["pgp", "sops", "--export"], { "private-key-file": pgp });
  expect(made.out).toContain("identity.asc: ");
});

test("what nobody could use is refused, with what it lacks and without a value", async () => {
  const refusals: readonly [string, Promise<Ended>][] = [
    ["it holds no key that Git can use", create(["git", "no"])],
    ["`username` and `password` belong together", create(["git", "no", "--username", "ada"])],
    ["no private key", create(["git", "no"], { "identity-file": "ssh-ed25519 hunter2", "known-hosts-file": "x" })],
    ["more than one line", create(["helm", "no", "--username", "ada"], { "password-file": "hunter2\nhunter2" })],
    ["is empty", create(["bucket", "no", "--access-key", "A"], { "secret-key-file": "\n" })],
    ["--registry", create(["oci", "no", "--username", "ada", "--password-file", "-"], {}, "hunter2")],
    ["`ca.crt` is no certificate", create(["tls", "no"], { "ca-file": "hunter2" })],
    ["age identities", create(["age", "no", "--identities-file", "-"], {}, "hunter2")],
    ["only one", create(["git", "no", "--identity-file", "-", "--known-hosts-file", "-"])],
    ["there is no such file", create(["pgp", "no", "--private-key-file", join(home, "nowhere")])],
    ["unknown option", create(["git", "no", "--password", "hunter2"])],
  ];
  for (const [message, refusal] of refusals) {
    const { code, out, err } = await refusal;
    expect([code === 0, out, err]).toEqual([false, "", expect.stringContaining(message)]);
    expect(err).not.toContain("hunter2");
  }
  expect(
    await client.get({ apiVersion: "v1", kind: "Secret", namespace: "flux-system", name: "no" }, { signal }),
  ).toBeNull();
});

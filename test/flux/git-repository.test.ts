import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startGitServer } from "../support/git-server.ts";
import { startHttpProxy } from "../support/http-proxy.ts";
import { signedFile, signedObjects, signerNames, signers, type RawObject } from "../support/signed-objects.ts";
import { testCertificate } from "../support/test-certificate.ts";
import { conditionOf, configMap, type Space, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

async function secret(space: Space, name: string, stringData: Record<string, string>): Promise<void> {
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: space.name }, stringData });
}

async function everythingTold(space: Space): Promise<string> {
  const events = await world().events({ kind: "GitRepository", namespace: space.name, name: space.name });
  return JSON.stringify([await space.status(space.sourceRef()), events, world().engine.lines]);
}

test("a client certificate and a proxy come from Secrets, and are never told", async () => {
  const proxy = await startHttpProxy({ username: "ada", password: "pr0xy-horse" });
  const server = await startGitServer({ tls: { ...testCertificate, clientCa: testCertificate.cert } });
  try {
    const space = await world().space("guided");
    const commit = await server.commit("guided", { "app/a.yaml": configMap("a") });
    await secret(space, "tls", {
      "ca.crt": testCertificate.cert,
      "tls.crt": testCertificate.cert,
      "tls.key": testCertificate.key,
    });
    await secret(space, "proxy", { address: proxy.address, username: "ada", password: "wr0ng-horse" });
    await space.gitRepository({
      url: server.url("guided"),
      secretRef: { name: "tls" },
      proxySecretRef: { name: "proxy" },
    });
    await space.kustomization();
    const refused = await space.says("the proxy does not accept the credentials", { ref: space.sourceRef() });
    expect(refused).toMatchObject({ status: "False", reason: "AuthenticationFailed" });
    await secret(space, "proxy", { address: proxy.address, username: "ada", password: "pr0xy-horse" });
    await space.poke(space.sourceRef());
    await space.applied(commit);
    expect([...new Set(proxy.targets)]).toEqual([new URL(server.address).host]);
    const told = await everythingTold(space);
    expect(told).not.toContain("-horse");
    expect(told).not.toContain(testCertificate.key.split("\n")[1]);
  } finally {
    await server.stop();
    await proxy.stop();
  }
});

test("a sparse checkout shows what the directories hold, and applies the rules that are in there", async () => {
  const space = await world().space("sparse");
  const commit = await space.commit({
    "app/a.yaml": configMap("a"),
    "app/b.yaml": configMap("b"),
    "other/c.yaml": configMap("c"),
    ".sourceignore": "app/a.yaml\n",
  });
  await space.kustomization();
  await space.applied(commit);
  await space.present(space.configMap("b"));
  expect(await world().get(space.configMap("a"))).toBeNull();

  await space.gitRepository({ sparseCheckout: ["./app"] });
  await space.present(space.configMap("a"));
  const status = (await space.status(space.sourceRef())) as Record<string, unknown>;
  expect(status).toMatchObject({ observedSparseCheckout: ["./app"] });
  await space.kustomization({ path: "./other" }, "other");
  await space.says("other", { ref: space.kustomizationRef("other") });

  await space.gitRepository({ sparseCheckout: ["app", "absent"] });
  const failed = await space.says("failed to sparse checkout directories : ", { ref: space.sourceRef() });
  expect(failed).toMatchObject({ status: "False", reason: "GitOperationFailed" });
  expect(failed.message).toContain('"absent"');
  await space.gitRepository();
  await space.gone(space.configMap("a"));
  expect(await space.status(space.sourceRef())).not.toHaveProperty("observedSparseCheckout");
});

test("an include brings files of another repository, and its news reach the apps", async () => {
  const space = await world().space("including");
  const include = [{ repository: { name: "shared" }, fromPath: "./base", toPath: "app/base" }];
  const commit = await world().git.commit("including", { "app/a.yaml": configMap("a") });
  await space.gitRepository({ include });
  await space.kustomization();
  const absent = await space.says("Cannot include shared: there is no such source", { ref: space.sourceRef() });
  expect(absent).toMatchObject({ status: "False", reason: "NotFound" });
  expect(conditionOf(await space.status(space.sourceRef()), "IncludeUnavailable")).toMatchObject({
    status: "True",
    reason: "NotFound",
  });

  const url = world().git.url("shared");
  await space.gitRepository({ url, ref: { branch: "none" } }, "shared");
  await space.says("Cannot include shared: it has no revision yet", { ref: space.sourceRef() });
  const first = await world().git.commit("shared", { "base/b.yaml": configMap("b"), "c.yaml": configMap("c") });
  await space.gitRepository({ url }, "shared");
  await space.applied(commit);
  await space.present(space.configMap("b"));
  expect(await world().get(space.configMap("c"))).toBeNull();
  const status = await space.status(space.sourceRef());
  expect(status).toMatchObject({
    artifact: { revision: `main@sha1:${commit}` },
    observedInclude: include,
    includedArtifacts: [
      { revision: `main@sha1:${first}`, path: `gitrepository/including/shared/${first}.tar.gz`, url },
    ],
  });
  expect(conditionOf(status, "IncludeUnavailable")).toBeUndefined();

  const second = await world().git.commit("shared", { "base/b.yaml": configMap("b", { value: "2" }) });
  await space.poke(space.sourceRef("shared"));
  await space.holds("b", { value: "2" });
  await eventually("the status tells of it", async () => {
    const told = (await space.status(space.sourceRef())) as { includedArtifacts?: { revision: string }[] };
    return told.includedArtifacts?.[0]?.revision === `main@sha1:${second}`;
  });

  await space.gitRepository({ include: [{ repository: { name: "shared" }, toPath: "app" }] });
  const misplaced = await space.says('Cannot include shared: "app" is there already', { ref: space.sourceRef() });
  expect(misplaced.reason).toBe("CopyFailure");
  expect(await world().get(space.configMap("b"))).not.toBeNull();
});

/** Puts a signed object into the repository of that name as it is, and points a reference at it. */
async function place(name: string, object: RawObject, reference: string): Promise<void> {
  for (const value of ["1", "2", "3"]) {
    await world().git.commit(name, signedFile(value), { branch: `value-${value}` });
  }
  const path = join(world().git.directory, `${name}-object`);
  await writeFile(path, object.content);
  await world().git.git(name, "hash-object", "-t", object.type, "-w", path);
  await world().git.git(name, "update-ref", reference, object.hash);
}

test("only commits that a trusted key signed are used, and the last one stays", async () => {
  const { pgp, stranger, ssh } = signedObjects;
  const space = await world().space("signed");
  await place("signed", stranger, "refs/heads/main");
  const verify = { mode: "HEAD", secretRef: { name: "keys" } };
  await space.gitRepository({ verify });
  await space.kustomization();
  const keyless = await space.says("Secret signed/keys does not exist", { ref: space.sourceRef() });
  expect(keyless).toMatchObject({ status: "False", reason: "VerificationError" });
  await secret(space, "keys", { "ada.asc": signers.pgp });
  await space.poke(space.sourceRef());
  const words = `signature verification of commit '${stranger.hash}' failed: `;
  const refused = await space.says(words, { ref: space.sourceRef() });
  expect(refused).toMatchObject({ status: "False", reason: "InvalidCommitSignature" });
  const failed = await space.status(space.sourceRef());
  expect(failed).not.toHaveProperty("artifact");
  expect(conditionOf(failed, "SourceVerified")).toMatchObject({ status: "False", message: refused.message });
  expect(conditionOf(failed, "FetchFailed")).toBeUndefined();

  await place("signed", pgp, "refs/heads/main");
  await space.poke(space.sourceRef());
  await space.applied(pgp.hash);
  const status = await space.status(space.sourceRef());
  expect(conditionOf(status, "SourceVerified")).toMatchObject({
    status: "True",
    reason: "Succeeded",
    message: `verified signature of\n\t- commit '${pgp.hash}' with key '${signerNames.pgp}'`,
  });
  expect(status).toMatchObject({ sourceVerificationMode: "HEAD" });

  const unsigned = await world().git.commit("signed", signedFile("9"));
  await space.poke(space.sourceRef());
  await space.says(`commit '${unsigned}' failed: it is not signed`, { ref: space.sourceRef() });
  await space.holds("a", { value: "1" });
  expect((await space.status(space.sourceRef())).artifact?.revision).toBe(`main@sha1:${pgp.hash}`);

  await place("signed", ssh, "refs/heads/main");
  await space.poke(space.sourceRef());
  await space.says(`commit '${ssh.hash}' failed: `, { ref: space.sourceRef() });
  await secret(space, "keys", { "ada.sshpub": signers.ssh });
  await space.poke(space.sourceRef());
  await space.applied(ssh.hash);
  await space.holds("a", { value: "3" });

  await place("signed", stranger, "refs/heads/main");
  await space.gitRepository();
  await space.applied(stranger.hash);
  const free = await space.status(space.sourceRef());
  expect(conditionOf(free, "SourceVerified")).toBeUndefined();
  expect(free).not.toHaveProperty("sourceVerificationMode");
});

test("a verification that is turned on does not trust what was used before", async () => {
  const { pgp } = signedObjects;
  const space = await world().space("tightened");
  await place("tightened", pgp, "refs/heads/main");
  const unsigned = await world().git.commit("tightened", signedFile("9"));
  await space.gitRepository();
  await space.kustomization();
  await space.applied(unsigned);
  await secret(space, "keys", { "ada.asc": signers.pgp });
  await space.gitRepository({ verify: { secretRef: { name: "keys" } } });
  await space.says(`commit '${unsigned}' failed: it is not signed`, { ref: space.sourceRef() });
  expect(await world().get(space.configMap("a"))).not.toBeNull();
  await place("tightened", pgp, "refs/heads/main");
  await space.poke(space.sourceRef());
  await space.applied(pgp.hash);
  await space.holds("a", { value: "1" });
});

test("tags are verified, alone and with their commits", async () => {
  const { pgp, pgpTag } = signedObjects;
  const space = await world().space("tagged");
  await place("tagged", pgp, "refs/heads/main");
  await secret(space, "keys", { "ada.asc": signers.pgp });
  const verify = (mode: string) => ({ verify: { mode, secretRef: { name: "keys" } } });
  await space.gitRepository(verify("Tag"));
  const stalled = await space.says("a tag reference is not specified", { ref: space.sourceRef(), type: "Stalled" });
  expect(stalled).toMatchObject({ status: "True", reason: "InvalidVerificationMode" });
  await world().git.git("tagged", "tag", "v1.0.0", pgp.hash);
  await space.gitRepository({ ref: { semver: "1.x" }, ...verify("TagAndHEAD") });
  const bare = await space.says("since it is not signed", { ref: space.sourceRef() });
  expect(bare.reason).toBe("InvalidGitObject");
  await place("tagged", pgpTag, "refs/tags/v1.0.0");
  await space.poke(space.sourceRef());
  await space.kustomization();
  await space.applied(pgp.hash);
  const status = await space.status(space.sourceRef());
  const tag = `\n\t- tag 'v1.0.0@${pgpTag.hash}' with key '${signerNames.pgp}'`;
  const commit = `\n\t- commit '${pgp.hash}' with key '${signerNames.pgp}'`;
  expect(conditionOf(status, "SourceVerified")?.message).toBe(`verified signature of${tag}${commit}`);
  expect(conditionOf(status, "Stalled")).toBeUndefined();
  expect(status).toMatchObject({ sourceVerificationMode: "TagAndHEAD" });
});

test("an address of a proxy that was wrong is read again", async () => {
  const proxy = await startHttpProxy();
  try {
    const space = await world().space("detour");
    const commit = await world().git.commit("detour", { "app/a.yaml": configMap("a") });
    await secret(space, "proxy", { address: "http://127.0.0.1:1" });
    await space.gitRepository({ proxySecretRef: { name: "proxy" } });
    await space.says("the server cannot be reached", { ref: space.sourceRef() });
    await secret(space, "proxy", { address: proxy.address });
    await space.poke(space.sourceRef());
    await eventually("the repository is reached", async () => {
      const status = await space.status(space.sourceRef());
      return conditionOf(status, "Ready")?.status === "True" && status.artifact?.revision === `main@sha1:${commit}`;
    });
  } finally {
    await proxy.stop();
  }
});

test("submodules are fetched where they are asked for, and the revision stays that of the repository", async () => {
  const space = await world().space("modular");
  const first = await world().git.commit("modular-lib", { "b.yaml": configMap("b", { value: "1" }) });
  const commit = await world().git.commit("modular", {
    ".gitmodules": '[submodule "lib"]\n\tpath = app/lib\n\turl = ../modular-lib.git\n',
    "app/lib": { submodule: first },
    "app/a.yaml": configMap("a"),
  });
  await space.gitRepository({ recurseSubmodules: true });
  await space.kustomization();
  await space.applied(commit);
  await space.holds("b", { value: "1" });
  const status = await space.status(space.sourceRef());
  expect(status).toMatchObject({
    artifact: { revision: `main@sha1:${commit}` },
    observedRecurseSubmodules: true,
  });

  const second = await world().git.commit("modular-lib", { "b.yaml": configMap("b", { value: "2" }) });
  const next = await world().git.commit("modular", { "app/lib": { submodule: second } });
  await space.poke(space.sourceRef());
  await space.applied(next);
  await space.holds("b", { value: "2" });

  await world().git.commit("modular", {
    ".gitmodules": '[submodule "lib"]\n\tpath = app/lib\n\turl = ../modular-none.git\n',
    "app/lib": { submodule: "1".repeat(40) },
  });
  await space.poke(space.sourceRef());
  const failed = await space.says('Cannot fetch the submodule "app/lib": ', { ref: space.sourceRef() });
  expect(failed).toMatchObject({ status: "False", reason: "GitOperationFailed" });
  await world().delete(space.configMap("b"));
  await space.holds("b", { value: "2" });

  await space.gitRepository();
  await space.gone(space.configMap("b"));
  expect(await space.status(space.sourceRef())).not.toHaveProperty("observedRecurseSubmodules");
});

test("a GitHub App logs in with tokens that it gets, of which nothing is told", async () => {
  const server = await startGitServer();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const asked: string[] = [];
  const api = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    response.writeHead(201).end(JSON.stringify({ token: "canary-of-the-app", expires_at: expires }));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  try {
    const space = await world().space("appy");
    const commit = await server.commit("appy", { "app/a.yaml": configMap("a") });
    server.behaviour.basic = { username: "x-access-token", password: "canary-of-the-app" };
    await space.gitRepository({ url: server.url("appy"), provider: "github" });
    const stalled = await space.says("secretRef with github app data must be specified", {
      ref: space.sourceRef(),
      type: "Stalled",
    });
    expect(stalled).toMatchObject({ status: "True", reason: "InvalidProviderConfiguration" });
    await secret(space, "app", {
      githubAppID: "1",
      githubAppInstallationID: "2",
      githubAppPrivateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      githubAppBaseURL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    });
    await space.gitRepository({ url: server.url("appy"), secretRef: { name: "app" } });
    const mixed = await space.says("has github app data but provider is not set to github", { ref: space.sourceRef() });
    expect(mixed).toMatchObject({ status: "False", reason: "InvalidProviderConfiguration" });
    await space.gitRepository({ url: server.url("appy"), provider: "github", secretRef: { name: "app" } });
    await space.kustomization();
    await space.applied(commit);
    expect(asked).toEqual(["POST /app/installations/2/access_tokens"]);
    expect(await everythingTold(space)).not.toContain("canary");
  } finally {
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
    await server.stop();
  }
});

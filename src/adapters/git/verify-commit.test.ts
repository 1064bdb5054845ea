import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { gitVerify } from "#adapters/upstream/git-verify.ts";
import { HelperPool, defaultPoolOptions } from "#adapters/upstream/helper-pool.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import { signedFile, signedObjects, signerNames, signers } from "#test/support/signed-objects.ts";
import { GitStore } from "./git-store.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));
afterAll(() => pool.close());
let directory: string;
let store: GitStore;
let server: GitServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-verify-"));
  store = new GitStore({ directory, checkSignature: gitVerify(() => pool) });
  server = await startGitServer();
});

afterEach(async () => {
  await store.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Puts an object into the server's repository as it is, and points a reference at it. */
async function place(object: { type: string; content: string }, reference: string): Promise<string> {
  for (const value of ["1", "2", "3"]) await server.commit("apps", signedFile(value), { branch: `value-${value}` });
  const path = join(directory, "object");
  await writeFile(path, object.content);
  const hash = await server.git("apps", "hash-object", "-t", object.type, "-w", path);
  await server.git("apps", "update-ref", reference, hash);
  return hash;
}

function secretOf(keys: Record<string, string>): Resource {
  const data = Object.entries(keys).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, data: Object.fromEntries(data) as object };
}

async function verified(
  ref: GitRef,
  signed: { commit: boolean; tag: boolean },
  keys: Record<string, string>,
): Promise<readonly VerifiedObject[]> {
  const repository = store.open({ url: server.url("apps"), credential: { kind: "none" } });
  const [result] = await repository.sync([ref], { timeoutMs: 20_000 }, signal);
  if (!result || "error" in result) throw result?.error ?? new Error("no result");
  const { commit, refName } = result;
  return await repository.verify({ commit, refName, signed, keys: secretOf(keys) }, signal);
}

const main: GitRef = { kind: "branch", value: "main" };
const head = { commit: true, tag: false };
const tagged = { commit: false, tag: true };

async function problemOf(work: Promise<unknown>): Promise<Pick<SourceError, "failure" | "message">> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof SourceError)) throw new Error(`expected a SourceError, got ${String(error)}`);
  return { failure: error.failure, message: error.message };
}

describe("a commit", () => {
  test.each(["pgp", "ssh", "rsa", "ecdsa"] as const)(
    "signed by %s is verified by that key among others",
    async (kind) => {
      const name = await place(signedObjects[kind], "refs/heads/main");
      expect(name).toBe(signedObjects[kind].hash);
      const keys = {
        "eve.asc": signers.stranger,
        note: "no key",
        "a.asc": signers.pgp,
        "b.sshpub": `${signers.ecdsa}${signers.rsa}${signers.ssh}`,
      };
      expect(await verified(main, head, keys)).toEqual([{ what: "commit", name, key: signerNames[kind] }]);
    },
  );

  test.each([
    { kind: "stranger", keys: { "ada.asc": signers.pgp }, says: "no PGP public key of the Secret made this signature" },
    { kind: "pgp", keys: { "ada.sshpub": signers.ssh }, says: "the Secret holds no PGP public key" },
    { kind: "ssh", keys: { "rsa.sshpub": signers.rsa }, says: "no SSH public key of the Secret made this signature" },
    { kind: "ssh", keys: {}, says: "no SSH public key of the Secret made this signature" },
    {
      kind: "ssh",
      keys: { "old.sshpub": `valid-before="20200101" ${signers.ssh}` },
      says: "no SSH public key of the Secret made this signature",
    },
  ] as const)("by $kind is refused: $says", async ({ kind, keys, says }) => {
    const hash = await place(signedObjects[kind], "refs/heads/main");
    expect(await problemOf(verified(main, head, keys))).toEqual({
      failure: "unverified-commit",
      message: `signature verification of commit '${hash}' failed: ${says}`,
    });
  });

  test.each([
    { kind: "pgp", says: "no PGP public key of the Secret made this signature" },
    { kind: "ssh", says: "its SSH signature is not that of the content" },
  ] as const)("that was changed after $kind signed it is refused", async ({ kind, says }) => {
    const { content, ...rest } = signedObjects[kind];
    await place({ ...rest, content: content.replace("Ä is", "Ö is") }, "refs/heads/main");
    const { message } = await problemOf(verified(main, head, { "a.asc": signers.pgp, "b.sshpub": signers.ssh }));
    expect(message).toMatch(new RegExp(`failed: ${says}$`));
  });

  test("with a second signature is refused, and so is one without any", async () => {
    const { content, ...rest } = signedObjects.ssh;
    const other = /^gpgsig (?:.*\n)(?: .*\n)*/m.exec(signedObjects.pgp.content)![0];
    await place({ ...rest, content: content.replace("gpgsig", `${other}gpgsig`) }, "refs/heads/main");
    const keys = { "a.asc": signers.pgp, "b.sshpub": signers.ssh };
    expect((await problemOf(verified(main, head, keys))).message).toContain("it is not signed");
    await server.commit("apps", { file: "unsigned" });
    expect((await problemOf(verified(main, head, keys))).message).toContain("it is not signed");
  });
});

describe("a tag", () => {
  const v1: GitRef = { kind: "tag", value: "v1.0.0" };
  const both = { commit: true, tag: true };

  test.each([
    { kind: "pgp", tag: "pgpTag", version: "v1.0.0" },
    { kind: "ssh", tag: "sshTag", version: "v2.0.0" },
  ] as const)("signed by $kind is verified, also together with its commit", async ({ kind, tag, version }) => {
    await place(signedObjects[kind], "refs/heads/main");
    await place(signedObjects[tag], `refs/tags/${version}`);
    const keys = { "a.asc": signers.pgp, "b.sshpub": signers.ssh };
    const ofTag = { what: "tag", name: `${version}@${signedObjects[tag].hash}`, key: signerNames[kind] };
    const ofCommit = { what: "commit", name: signedObjects[kind].hash, key: signerNames[kind] };
    expect(await verified({ kind: "tag", value: version }, tagged, keys)).toEqual([ofTag]);
    expect(await verified({ kind: "semver", value: "*" }, both, keys)).toEqual([ofTag, ofCommit]);
    expect((await problemOf(verified({ kind: "tag", value: version }, tagged, {}))).failure).toBe("unverified-tag");
  });

  test("that is none, or carries no signature, is told apart from one that is signed wrongly", async () => {
    const keys = { "a.asc": signers.pgp };
    const commit = await place(signedObjects.pgp, "refs/heads/main");
    expect(await problemOf(verified(main, tagged, keys))).toEqual({
      failure: "no-tag",
      message: "cannot verify tag object's signature if a tag reference is not specified",
    });
    await server.git("apps", "tag", "v1.0.0", commit);
    expect((await problemOf(verified(v1, tagged, keys))).failure).toBe("unsigned-tag");
    const bare = signedObjects.pgpTag.content.replace(/-----BEGIN[^]*/, "");
    await place({ type: "tag", content: bare }, "refs/tags/v1.0.0");
    expect((await problemOf(verified(v1, tagged, keys))).failure).toBe("unsigned-tag");
  });

  test("that was signed under another name is refused", async () => {
    await place(signedObjects.pgp, "refs/heads/main");
    await place(signedObjects.pgpTag, "refs/tags/v9.0.0");
    const { failure, message } = await problemOf(
      verified({ kind: "tag", value: "v9.0.0" }, tagged, { "a.asc": signers.pgp }),
    );
    expect([failure, message]).toEqual(["unverified-tag", expect.stringMatching(/it was signed under another name$/)]);
  });
});

import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GitRef } from "#core/source/git-ref.ts";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import { expiredCertificate, testCertificate } from "#test/support/test-certificate.ts";
import type { GitCredential } from "./git-credential.ts";
import { GitError } from "./git-error.ts";
import { GitStore } from "./git-store.ts";

// Git starts many processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const refs: GitRef[] = [{ kind: "branch", value: "main" }];
const secret = "s3cr3t-pässword/with+signs";
const servers: GitServer[] = [];
let directory: string;
let store: GitStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  await store.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await rm(directory, { recursive: true, force: true });
});

async function serve(options: Parameters<typeof startGitServer>[0] = {}): Promise<GitServer> {
  const server = await startGitServer(options);
  servers.push(server);
  return server;
}

function sync(url: string, credential: GitCredential) {
  return store.open({ url, credential }).sync(refs, { timeoutMs: 20_000 }, signal);
}

async function failureOf(work: Promise<unknown>): Promise<GitError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GitError)) throw new Error(`expected a GitError, got ${String(error)}`);
  return error;
}

/** Everything below the store's directory and in the error's chain that might hold a secret. */
async function leaks(error: unknown, secrets: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) texts.push(at.message, at.stack ?? "", JSON.stringify(at));
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    texts.push(entry.name);
    if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), "latin1"));
  }
  return secrets.filter((text) => texts.some((found) => found.includes(text)));
}

describe("http credentials", () => {
  test("basic and bearer are accepted, and are told apart from other stores of the same address", async () => {
    const server = await serve();
    const commit = await server.commit("apps", { a: "1" });
    server.behaviour.basic = { username: "ada", password: secret };
    const basic: GitCredential = { kind: "basic", username: "ada", password: secret };
    expect(await sync(server.url("apps"), basic)).toMatchObject([{ commit }]);
    expect((await failureOf(sync(server.url("apps"), { kind: "none" }))).code).toBe("authentication");
    delete server.behaviour.basic;
    server.behaviour.bearer = secret.replace("ä", "a");
    expect(await sync(server.url("apps"), { kind: "bearer", token: server.behaviour.bearer })).toMatchObject([
      { commit },
    ]);
    expect(await leaks(undefined, [secret, Buffer.from(`ada:${secret}`).toString("base64")])).toEqual([]);
  });

  test("user information in the address is used as the credential and never shown", async () => {
    const server = await serve();
    const commit = await server.commit("apps", { a: "1" });
    server.behaviour.basic = { username: "ada", password: "pw-in-address" };
    const url = (password: string) => server.url("apps").replace("http://", `http://ada:${password}@`);
    expect(await sync(url("pw-in-address"), { kind: "none" })).toMatchObject([{ commit }]);
    const error = await failureOf(sync(url("wrong-pw"), { kind: "none" }));
    expect(error).toMatchObject({ code: "authentication", failure: "auth" });
    expect(await leaks(error, ["pw-in-address", "wrong-pw"])).toEqual([]);
  });

  test("a wrong credential is a clear failure without the secret", async () => {
    const server = await serve();
    await server.commit("apps", { a: "1" });
    server.behaviour.basic = { username: "ada", password: "right" };
    const error = await failureOf(sync(server.url("apps"), { kind: "basic", username: "ada", password: secret }));
    expect(error.code).toBe("authentication");
    expect(error.message).toMatch(/^Cannot list references: authentication failed/);
    expect(
      await leaks(error, [secret, encodeURIComponent(secret), Buffer.from(`ada:${secret}`).toString("base64")]),
    ).toEqual([]);
  });

  test("a redirect on the same host keeps the credential", async () => {
    const server = await serve();
    const commit = await server.commit("moved/apps", { a: "1" });
    server.behaviour.basic = { username: "ada", password: secret };
    server.behaviour.redirectPath = { from: "/apps.git", to: "/moved/apps.git" };
    const credential: GitCredential = { kind: "basic", username: "ada", password: secret };
    expect(await sync(server.url("apps"), credential)).toMatchObject([{ commit }]);
    expect(await sync(server.url("apps"), credential)).toMatchObject([{ commit }]);
  });

  test("a redirect to another host drops the credential", async () => {
    const [server, other] = [await serve(), await serve()];
    const commit = await other.commit("apps", { a: "1" });
    server.behaviour.basic = { username: "ada", password: secret };
    server.behaviour.redirectTo = other.address;
    const basic: GitCredential = { kind: "basic", username: "ada", password: secret };
    expect(await sync(server.url("apps"), basic)).toMatchObject([{ commit }]);
    delete server.behaviour.basic;
    expect(await sync(server.url("apps"), { kind: "bearer", token: "bearer-token" })).toMatchObject([{ commit }]);
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.filter((request) => request.authorization !== undefined)).toEqual([]);
    other.behaviour.bearer = "needs-one";
    expect((await failureOf(sync(server.url("apps"), { kind: "bearer", token: "another" }))).code).toBe(
      "authentication",
    );
    expect(other.requests.filter((request) => request.authorization !== undefined)).toEqual([]);
  });

  test("endless redirects end", async () => {
    const server = await serve();
    server.behaviour.redirectTo = server.address;
    expect((await failureOf(sync(server.url("apps"), { kind: "none" }))).code).toBe("redirect");
  });

  test("a certificate that is over is told as such", async () => {
    const server = await serve({ tls: expiredCertificate });
    const failure = await failureOf(sync(server.url("apps"), { kind: "tls", caPem: expiredCertificate.cert }));
    expect(failure.message).toMatch(/certificate is not trusted .*: it has expired$/);
  });

  test("a private authority is trusted only where it is given", async () => {
    const server = await serve({ tls: true });
    const commit = await server.commit("apps", { a: "1" });
    const untrusted = await failureOf(sync(server.url("apps"), { kind: "none" }));
    expect([untrusted.code, untrusted.message]).toEqual(["certificate", expect.stringMatching(/: it is self-signed$/)]);
    expect(await sync(server.url("apps"), { kind: "tls", caPem: testCertificate.cert })).toMatchObject([{ commit }]);
    server.behaviour.basic = { username: "ada", password: secret };
    const credential: GitCredential = { kind: "basic", username: "ada", password: secret, caPem: testCertificate.cert };
    expect(await sync(server.url("apps"), credential)).toMatchObject([{ commit }]);
    const plain = await serve();
    server.behaviour.redirectTo = plain.address;
    expect((await failureOf(sync(server.url("apps"), credential))).message).toMatch(/redirects from https: to http:/);
  });

  test("a client certificate is shown to the server that asks for one, and to no other host", async () => {
    const strict = { ...testCertificate, clientCa: testCertificate.cert };
    const server = await serve({ tls: strict });
    const commit = await server.commit("apps", { a: "1" });
    const client = { certPem: testCertificate.cert, keyPem: testCertificate.key };
    const credential: GitCredential = { kind: "tls", caPem: testCertificate.cert, client };
    expect(await sync(server.url("apps"), credential)).toMatchObject([{ commit }]);
    const refused = await failureOf(sync(server.url("apps"), { kind: "tls", caPem: testCertificate.cert }));
    expect(refused.message).toMatch(/the server refused the TLS connection .*: it asks for a client certificate$/);

    server.behaviour.basic = { username: "ada", password: secret };
    const both: GitCredential = { ...credential, kind: "basic", username: "ada", password: secret };
    expect(await sync(server.url("apps"), both)).toMatchObject([{ commit }]);
    const other = await serve({ tls: strict });
    await other.commit("apps", { a: "1" });
    server.behaviour.redirectTo = other.address;
    await failureOf(sync(server.url("apps"), both));
    expect(other.requests).toEqual([]);
    expect(await leaks(refused, [secret, testCertificate.key.split("\n")[1]!])).toEqual([]);
  });

  test("an unknown repository and an unreachable host are told apart", async () => {
    const server = await serve();
    expect((await failureOf(sync(server.url("absent"), { kind: "none" }))).code).toBe("repository-not-found");
    expect((await failureOf(sync("http://127.0.0.1:1/apps.git", { kind: "none" }))).code).toBe("unreachable");
  });
});

describe("ssh credentials", () => {
  const credential = { kind: "ssh", privateKey: "KEY-TEXT", knownHosts: "example.org ssh-ed25519 AAAA" } as const;

  // Stands in for ssh: notes what it was given, then runs the command that the server would.
  async function fakeSsh(script: string): Promise<string> {
    const bin = join(directory, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "ssh"), `#!/bin/sh\n${script}`);
    await chmod(join(bin, "ssh"), 0o755);
    store = new GitStore({ directory, searchPath: `${bin}:${process.env["PATH"]}` });
    return join(directory, "bin", "seen");
  }

  const runCommand = `for word; do last=$word; done; exec sh -c "$last"`;

  test("the key and the pinned hosts are private files that exist only while git runs", async () => {
    const server = await serve();
    const commit = await server.commit("apps", { a: "1" });
    const seen = await fakeSsh(
      `dir=$(dirname "$0"); printf '%s\\n' "$@" > "$dir/seen"; env > "$dir/env"\n` +
        `while [ "$1" != -i ]; do shift; done; cp -p "$2" "$dir/key"; cp -p "$(dirname "$2")/known_hosts" "$dir/hosts"\n${runCommand}`,
    );
    const url = `ssh://git@example.org:2222${server.path("apps")}`;
    expect(await sync(url, credential)).toMatchObject([{ commit }]);
    const args = (await readFile(seen, "utf8")).split("\n");
    for (const option of ["IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes", "BatchMode=yes"]) {
      expect(args).toContain(option);
    }
    expect(args.filter((word) => word.startsWith("UserKnownHostsFile="))).toHaveLength(1);
    expect(args).toEqual(expect.arrayContaining(["-F", "/dev/null", "-p", "2222", "git@example.org"]));
    expect(args.join("\n")).not.toContain("KEY-TEXT");
    expect(await readFile(join(directory, "bin", "key"), "utf8")).toBe("KEY-TEXT\n");
    expect(await readFile(join(directory, "bin", "hosts"), "utf8")).toBe(`${credential.knownHosts}\n`);
    expect(
      execFileSync("stat", ["-c", "%a", join(directory, "bin", "key")])
        .toString()
        .trim(),
    ).toBe("600");
    expect(await readFile(join(directory, "bin", "env"), "utf8")).not.toMatch(/KEY-TEXT|SSH_AUTH_SOCK|SSH_ASKPASS=/);
    expect(await readdir(join(directory, "private"))).toEqual([]);
  });

  test("a passphrase reaches ssh through a program, not through arguments", async () => {
    const server = await serve();
    const commit = await server.commit("apps", { a: "1" });
    const seen = await fakeSsh(
      `{ printf '%s\\n' "$@"; "$SSH_ASKPASS"; echo "$SSH_ASKPASS_REQUIRE"; } > "$(dirname "$0")/seen"\n${runCommand}`,
    );
    const url = `git@example.org:${server.path("apps")}`;
    expect(await sync(url, { ...credential, passphrase: "open sesame" })).toMatchObject([{ commit }]);
    const lines = (await readFile(seen, "utf8")).trim().split("\n");
    expect(lines.slice(-2)).toEqual(["open sesame", "force"]);
    expect(lines.filter((line) => line.includes("sesame"))).toHaveLength(1);
  });

  test.each([
    ["Host key verification failed.", "host-key"],
    ["git@example.org: Permission denied (publickey).", "authentication"],
    ["ssh: Could not resolve hostname example.org: Name or service not known", "unreachable"],
  ])("%s becomes %s", async (message, code) => {
    await fakeSsh(`echo '${message}' >&2; exit 255`);
    expect((await failureOf(sync("git@example.org:apps.git", credential))).code).toBe(code);
  });
});

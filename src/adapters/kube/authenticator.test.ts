import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Authenticator } from "./authenticator.ts";
import type { ClusterSettings, ExecPlugin } from "./connection.ts";

const { signal } = new AbortController();
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-authenticator-"));
});

afterAll(() => rm(directory, { recursive: true }));

function settings(credential: ClusterSettings["credential"]): ClusterSettings {
  return { server: "https://api.test", credential };
}

/** A plugin that notes each run and its KUBERNETES_EXEC_INFO, then runs the given shell line. */
async function plugin(name: string, line: string): Promise<ExecPlugin & { runs: () => Promise<string[]> }> {
  const command = join(directory, name);
  const notes = `${command}.log`;
  await writeFile(notes, "");
  await writeFile(command, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> ${notes}\n${line}\n`);
  await chmod(command, 0o700);
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    args: [],
    env: { TOKEN: "hunter2" },
    installHint: undefined,
    cluster: { server: "https://api.test" },
    runs: async () => (await readFile(notes, "utf8")).split("\n").filter(Boolean),
  };
}

const printed = (status: object) => `printf '%s' '${JSON.stringify({ kind: "ExecCredential", status })}'`;

test("static credentials become headers", async () => {
  const proofs = await Promise.all(
    [
      { kind: "none" } as const,
      { kind: "token", token: "t" } as const,
      { kind: "basic", username: "u", password: "p" } as const,
    ].map((credential) => new Authenticator(settings(credential), signal).proof(signal)),
  );
  expect(proofs.map(({ authorization }) => authorization)).toEqual([undefined, "Bearer t", "Basic dTpw"]);
});

test("a proof that is asked for is got once, and again before it ends or when it is refused, with where it is for", async () => {
  let now = Date.parse("2030-01-01T00:00:00Z");
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return { token: `token-${asked}`, expiresAt: now + 600_000, server: "https://told.test", ca: "PEM" };
  };
  const authenticator = new Authenticator(settings({ kind: "asked", ask }), signal, () => now);
  const [first] = await Promise.all([authenticator.proof(signal), authenticator.proof(signal)]);
  expect(first).toMatchObject({ authorization: "Bearer token-1", place: { server: "https://told.test", ca: "PEM" } });
  now += 470_000;
  expect(await authenticator.proof(signal)).toBe(first);
  now += 20_000;
  const second = await authenticator.proof(signal);
  expect(second).toMatchObject({ authorization: "Bearer token-2", place: first?.place });
  expect(authenticator.renew(second)).toBe(true);
  expect((await authenticator.proof(signal)).authorization).toBe("Bearer token-3");
});

test("a plugin runs once for all who wait, and again only when its credential ends or is refused", async () => {
  let now = Date.parse("2030-01-01T00:00:00Z");
  const used = await plugin("token", printed({ token: "one", expirationTimestamp: "2030-01-01T01:00:00Z" }));
  const authenticator = new Authenticator(settings({ kind: "exec", plugin: used }), signal, () => now);
  const proofs = await Promise.all([1, 2, 3].map(() => authenticator.proof(signal)));
  expect(new Set(proofs.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer one"]));
  expect(await used.runs()).toHaveLength(1);
  await authenticator.proof(signal);
  expect(await used.runs()).toHaveLength(1);
  now += 3_600_000;
  const [proof] = [await authenticator.proof(signal)];
  expect(await used.runs()).toHaveLength(2);
  now -= 3_600_000;
  expect(authenticator.renew(proof)).toBe(true);
  await authenticator.proof(signal);
  expect(await used.runs()).toHaveLength(3);
  expect(JSON.parse((await used.runs())[0] ?? "")).toEqual({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false, cluster: { server: "https://api.test" } },
  });
});

test("a plugin may give a client certificate", async () => {
  const used = await plugin("certificate", printed({ clientCertificateData: "CERT", clientKeyData: "KEY" }));
  expect(await new Authenticator(settings({ kind: "exec", plugin: used }), signal).proof(signal)).toMatchObject({
    authorization: undefined,
    certificate: { certificate: "CERT", key: "KEY" },
  });
});

test.each([
  ["fails", "echo secret-output; echo please log in >&2; exit 3", "it ended with 3: please log in"],
  ["prints nothing useful", "echo secret-output", "it printed no ExecCredential"],
])("a plugin that %s is an error that quotes no output", async (name, line, message) => {
  const used = await plugin(name.replaceAll(" ", "-"), line);
  const asked = new Authenticator(settings({ kind: "exec", plugin: used }), signal).proof(signal);
  await expect(asked).rejects.toThrow(message);
  await expect(asked).rejects.not.toThrow("secret-output");
});

test("a plugin that is missing is named with its hint", async () => {
  const missing = {
    ...(await plugin("x", "")),
    command: "holdfast-no-such-program",
    installHint: "Install it from there.",
  };
  await expect(new Authenticator(settings({ kind: "exec", plugin: missing }), signal).proof(signal)).rejects.toThrow(
    "Cannot run holdfast-no-such-program: it is not installed. Install it from there.",
  );
});

test("one caller's abort does not end the plugin for the others, closing does", async () => {
  const used = await plugin("slow", `sleep 0.2; ${printed({ token: "t" })}`);
  const lifetime = new AbortController();
  const authenticator = new Authenticator(settings({ kind: "exec", plugin: used }), lifetime.signal);
  const leaver = new AbortController();
  const left = authenticator.proof(leaver.signal);
  const stayed = authenticator.proof(signal);
  leaver.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect(await stayed).toMatchObject({ authorization: "Bearer t" });
  authenticator.renew(await stayed);
  const late = authenticator.proof(signal);
  lifetime.abort(new Error("closed"));
  await expect(late).rejects.toThrow("closed");
});

test("a token file is read again as it ages and when its token is refused", async () => {
  let now = 0;
  const path = join(directory, "rotating");
  await writeFile(path, "first\n");
  const authenticator = new Authenticator(settings({ kind: "token-file", path }), signal, () => now);
  expect((await authenticator.proof(signal)).authorization).toBe("Bearer first");
  await writeFile(path, "second\n");
  expect((await authenticator.proof(signal)).authorization).toBe("Bearer first");
  now += 61_000;
  expect((await authenticator.proof(signal)).authorization).toBe("Bearer second");
  await writeFile(path, "third\n");
  authenticator.renew(await authenticator.proof(signal));
  expect((await authenticator.proof(signal)).authorization).toBe("Bearer third");
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Decryption } from "#core/app/render-spec.ts";
import { dataKeysOf, fullPool, sopsFixtures } from "./sops-bench.ts";
import type { PlainFile, SopsFixtures } from "./sops-bench.ts";
import { sopsDecrypt } from "./sops-decrypt.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const pool = fullPool();
afterAll(() => pool.close());
const { signal } = new AbortController();

const canary = "canary-7f3a";
const yaml = `# a comment\nuser: me\npassword: ${canary}\nlist:\n    - 1\n    - true\n    - two\nempty: ""\n`;
const to = (key: string, more: Partial<PlainFile> = {}): PlainFile => ({
  format: "yaml",
  text: yaml,
  groups: [[key]],
  ...more,
});
const plain = {
  age: to("alice"),
  pq: to("quantum"),
  pgp: to("gnu"),
  locked: to("locked"),
  vault: to("remote"),
  several: to("alice", { groups: [["remote", "bob", "alice"]] }),
  shared: to("alice", { groups: [["alice"], ["gnu"], ["bob"]], threshold: 2 }),
  partial: to("alice", { encryptedRegex: "^password$" }),
  onlyEncrypted: to("alice", { encryptedRegex: "^password$", macOnlyEncrypted: true }),
  json: to("alice", { format: "json", text: `{\n\t"a": {\n\t\t"b": "${canary}",\n\t\t"n": 1\n\t}\n}` }),
  dotenv: to("alice", { format: "dotenv", text: `A=${canary}\nB=2\n` }),
  ini: to("alice", { format: "ini", text: `[part]\na = ${canary}\n` }),
  binary: to("alice", { format: "binary", text: `${canary}\nno structure: [\n` }),
  documents: to("alice", { text: `a: ${canary}\n---\nb: 2\n` }),
} as const;
const kinds = (vault: string) =>
  ({
    alice: "age",
    bob: "age",
    quantum: "age-pq",
    gnu: "pgp",
    locked: "pgp-locked",
    remote: `vault ${vault}` as const,
  }) as const;

/** Behaves as the transit engine does; the fixtures only pretend to wrap the data key. */
const vault = createServer((request, response) => {
  const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
  if (request.method !== "PUT" || request.url !== "/v1/transit/decrypt/shop") return void answer(404, {});
  if (request.headers["x-vault-token"] !== "t0ken") return void answer(403, { errors: ["permission denied"] });
  const body: Buffer[] = [];
  request.on("data", (chunk: Buffer) => body.push(chunk));
  request.on("end", () => {
    const { ciphertext } = JSON.parse(Buffer.concat(body).toString()) as { ciphertext: string };
    answer(200, { data: { plaintext: ciphertext.slice("vault:v1:".length) } });
  });
});
const vaultAddress = () => `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
const withToken = (token: string) => ({ "sops.vault-token": Buffer.from(`${token}\n`).toString("base64") });

let made: SopsFixtures<keyof typeof plain>;
beforeAll(async () => {
  vault.listen(0, "127.0.0.1");
  await once(vault, "listening");
  made = await sopsFixtures(kinds(vaultAddress()), plain);
});
afterAll(() => {
  vault.close();
});

const dataKeys = dataKeysOf();
const by = (keys: Decryption["keys"]) => ({ decryption: { provider: "sops", keys } as const, dataKeys });

async function decrypted(name: keyof typeof plain, keys: readonly string[], content = made.files[name]) {
  const file = { content: Buffer.from(content), format: plain[name].format, ...by(made.keys(...keys)) };
  return Buffer.from(await sopsDecrypt(pool, file, signal)).toString();
}

describe("sopsDecrypt() opens", () => {
  const cases: [keyof typeof plain, readonly string[]][] = [
    ["age", ["bob", "alice"]],
    ["pq", ["quantum"]],
    ["pgp", ["gnu"]],
    ["several", ["alice"]],
    ["shared", ["alice", "gnu"]],
    ["shared", ["bob", "gnu"]],
    ["partial", ["alice"]],
    ["onlyEncrypted", ["alice"]],
    ["json", ["alice"]],
    ["dotenv", ["alice"]],
    ["ini", ["alice"]],
    ["binary", ["alice"]],
    ["documents", ["alice"]],
  ];
  for (const [name, keys] of cases) {
    test(`${name} by ${keys.join(" and ")}`, async () => {
      expect(made.files[name]).not.toContain(canary);
      expect((await decrypted(name, keys)).trim()).toBe(plain[name].text.trim());
    });
  }
});

describe("sopsDecrypt() asks Vault", () => {
  const open = (keys: Record<string, string>, content = made.files.vault) =>
    sopsDecrypt(pool, { content: Buffer.from(content), format: "yaml", ...by(keys) }, signal);

  test("for a data key, with the token of the Secret", async () => {
    expect(Buffer.from(await open(withToken("t0ken"))).toString()).toBe(plain.vault.text);
  });

  test("and goes on with another key when it cannot have that", async () => {
    const keys = { ...withToken("wrong"), ...made.keys("alice") };
    expect(Buffer.from(await open(keys, made.files.several)).toString()).toBe(plain.several.text);
  });

  for (const [what, address, message] of [
    ["a token that is not permitted", "", "Vault does not permit it with this token"],
    ["an unknown path", "", "Vault answers with status 404"],
    ["a server that is not there", "http://127.0.0.1:1", "Vault cannot be reached: ECONNREFUSED"],
    ["an address that is none", "ftp://vault.example", "its address is no URL of Vault"],
  ] as const) {
    test(`and tells ${what}`, async () => {
      const content = made.files.vault
        .replace(vaultAddress(), address || vaultAddress())
        .replace("key_name: shop", what.includes("path") ? "key_name: other" : "key_name: shop");
      const error: unknown = await open(withToken("s3cret"), content).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "decryption", message: expect.stringContaining(message) });
      expect(String(error)).not.toContain("s3cret");
    });
  }
});

describe("sopsDecrypt() refuses", () => {
  const missing: [keyof typeof plain, readonly string[], RegExp][] = [
    ["age", ["bob"], /^cannot get sops data key: age recipient age1\w+: none of the age identities opens it$/],
    ["age", [], /age1\w+: the decryption Secret holds no age identity$/],
    ["pgp", ["alice"], /PGP key [0-9A-F]{40}: the decryption Secret holds no PGP private key$/],
    ["locked", ["locked"], /private key with a passphrase cannot be used$/],
    ["shared", ["alice"], /2 of 3 key groups are needed; .*PGP key .*; age recipient/],
    [
      "vault",
      ["alice"],
      /^cannot get sops data key: Vault key http\S+\/v1\/transit\/keys\/shop: .* holds no sops\.vault-token$/,
    ],
  ];
  for (const [name, keys, message] of missing) {
    test(`${name} with ${keys.join() || "no key"}`, async () => {
      await expect(decrypted(name, keys)).rejects.toMatchObject({
        code: "decryption",
        message: expect.stringMatching(message),
      });
    });
  }

  const changes: [string, keyof typeof plain, (text: string) => string, RegExp][] = [
    ["a changed plain value", "partial", (text) => text.replace("user: me", "user: root"), /MAC does not match/],
    ["a removed value", "partial", (text) => text.replace("user: me\n", ""), /MAC does not match/],
    ["a moved value", "age", (text) => text.replace("password:", "passwort:"), /changed or moved/],
    [
      "a plain value among encrypted ones",
      "age",
      (text) => text.replace(/user: .*/, `user: ${canary}`),
      /not encrypted/,
    ],
    ["a MAC that is none", "partial", (text) => text.replace(/mac: .*/, "mac: ENC[]"), /MAC does not match/],
    ["no metadata", "age", () => `a: ${canary}\n`, /no sops metadata/],
    ["what cannot be parsed", "age", () => `a: [${canary}\n`, /malformed/],
  ];
  for (const [what, name, change, message] of changes) {
    test(what, async () => {
      const changed = change(made.files[name]);
      expect(changed).not.toBe(made.files[name]);
      const error: unknown = await decrypted(name, ["alice"], changed).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "decryption", message: expect.stringMatching(message) });
      expect(String(error)).not.toContain(canary);
    });
  }

  test("values that were changed outside, when only encrypted ones are covered, not at all", async () => {
    const changed = made.files.onlyEncrypted.replace("user: me", "user: root");
    expect(await decrypted("onlyEncrypted", ["alice"], changed)).toContain("user: root");
  });

  test("or opens unharmed, whatever was changed, and never repeats a value", async () => {
    const names = Object.keys(plain) as (keyof typeof plain)[];
    const anyEdit = fc.record({
      name: fc.constantFrom(...names),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(40),
      text: fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom("", "\n", "ENC[", "sops:\n", "0", "{", "- ", "A", "\0"),
      ),
    });
    const allKeys = made.keys("alice", "quantum", "gnu");
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(anyEdit, async ({ name, at, length, text }) => {
        const content = made.files[name];
        const start = Math.floor(at * content.length);
        const changed = content.slice(0, start) + text + content.slice(start + length);
        const file = { content: Buffer.from(changed), format: plain[name].format, ...by(allKeys) };
        const result = await sopsDecrypt(pool, file, signal).catch((error: unknown) => error);
        if (result instanceof Uint8Array) {
          opened++;
          expect(Buffer.from(result).toString()).toContain(canary);
        } else {
          expect(["decryption", "alias-bomb"]).toContain((result as { code?: string }).code);
          expect(String(result)).not.toContain(canary);
        }
      }),
      { numRuns: 400 },
    );
    expect(opened).toBeGreaterThan(0);
    expect(pool.pids).toHaveLength(1);
  });

  for (const [name, value] of [
    ["x.agekey", "AGE-PLUGIN-YUBIKEY-1ABC"],
    ["x.agekey", canary],
    ["x.asc", canary],
  ] as const) {
    test(`${name} that holds ${value}`, async () => {
      const keys = { [name]: Buffer.from(value).toString("base64") };
      const refused = sopsDecrypt(pool, { content: Buffer.from(made.files.age), format: "yaml", ...by(keys) }, signal);
      const error: unknown = await refused.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "decryption", message: expect.stringMatching(/^failed to import 'x\./) });
      expect(String(error)).not.toContain(canary);
    });
  }
});

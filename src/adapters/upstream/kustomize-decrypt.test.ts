import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Substitution } from "#core/app/render-spec.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { Resource } from "#core/resource/resource.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { KustomizeResult } from "./kustomize-build.ts";
import { KustomizeBench } from "./kustomize-bench.ts";
import type { Wanted } from "./kustomize-bench.ts";
import { fullPool, sopsFixtures } from "./sops-bench.ts";
import type { PlainFile, SopsFixtures } from "./sops-bench.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const pool = fullPool();
const small = new KustomizeBench();
afterAll(() => Promise.all([pool.close(), small.pool.close()]));
const { signal } = new AbortController();

const canary = "canary-91c4";
const secret = (name: string, rest: string) => `apiVersion: v1\nkind: Secret\nmetadata:\n    name: ${name}\n${rest}`;
const to = (key: string, format: PlainFile["format"], text: string, encryptedRegex?: string): PlainFile => ({
  format,
  text,
  groups: [[key]],
  ...(encryptedRegex === undefined ? {} : { encryptedRegex }),
});
const inData = "^(data|stringData)$";
const plain = {
  token: to("mine", "yaml", secret("token", `stringData:\n    token: ${canary}\n`), inData),
  other: to("mine", "yaml", secret("other", `stringData:\n    token: ${canary}-2\n`), inData),
  theirs: to("theirs", "yaml", secret("theirs", `stringData:\n    token: ${canary}\n`), inData),
  pair: to(
    "mine",
    "yaml",
    `${secret("one", `stringData:\n    a: ${canary}\n`)}---\n${secret("two", `stringData:\n    b: ${canary}\n`)}`,
    inData,
  ),
  optedOut: to(
    "mine",
    "yaml",
    secret("kept", `    annotations:\n        kustomize.toolkit.fluxcd.io/decrypt: Disabled\nstringData:\n    a: b\n`),
    inData,
  ),
  variable: to("mine", "yaml", secret("variable", "stringData:\n    url: https://${HOST}/\n"), inData),
  env: to("mine", "dotenv", `TOKEN=${canary}\nUSER=me\n`),
  values: to("mine", "yaml", `token: ${canary}\n`),
  json: to("mine", "json", `{"token":"${canary}"}`),
  stray: to("mine", "yaml", secret(canary, "stringData:\n    a: b\n")),
  bytes: to("mine", "binary", `${canary}\n`),
  patch: to(
    "mine",
    "yaml",
    `apiVersion: v1\nkind: Secret\nmetadata:\n    name: base\nstringData:\n    added: ${canary}\n`,
  ),
} as const;

let made: SopsFixtures<keyof typeof plain>;
beforeAll(async () => (made = await sopsFixtures({ mine: "age", theirs: "age" }, plain)));

const resources = (...names: string[]) => `resources: [${names.join(", ")}]\n`;
const generated = "generatorOptions: {disableNameSuffixHash: true}\n";

function build(
  files: Record<string, string>,
  { keys = ["mine"], ...wanted }: Partial<Wanted> & { keys?: string[] } = {},
) {
  const tree = memoryTree(Object.fromEntries(Object.entries(files).map(([name, text]) => [`app/${name}`, text])));
  const decryption = { provider: "sops", keys: made.keys(...keys) } as const;
  return kustomizeBuild(pool, { tree, path: "app", decryption, ...wanted }, signal);
}

/** Names and what they hold, in plain text. */
function contents({ resources: built }: KustomizeResult): Record<string, unknown> {
  const decoded = (one: Resource) =>
    one["stringData"] ??
    (one.kind === "Secret"
      ? Object.fromEntries(
          Object.entries((one["data"] ?? {}) as Record<string, string>).map(([key, value]) => [
            key,
            Buffer.from(value, "base64").toString(),
          ]),
        )
      : one["data"]);
  return Object.fromEntries(built.map((one) => [one.metadata.name, decoded(one)]));
}

describe("kustomizeBuild() with decryption", () => {
  test("decrypts objects after the build, which may change what the MAC covers", async () => {
    const files = { "kustomization.yaml": resources("token.yaml"), "token.yaml": made.files.token };
    const overrides = { namespace: "shop", namePrefix: "p-", labels: { pairs: { team: "a" } } };
    const { resources: built } = await build(files, { overrides });
    expect(built).toEqual([
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "p-token", namespace: "shop", labels: { team: "a" } },
        stringData: { token: canary },
      },
    ]);
  });

  test("decrypts objects of one file, encrypted together or each alone, and of a folder without kustomization", async () => {
    const files = { "pair.yaml": made.files.pair, "each.yaml": `${made.files.token}---\n${made.files.other}` };
    expect(contents(await build(files, { generateIfMissing: true }))).toEqual({
      one: { a: canary },
      two: { b: canary },
      token: { token: canary },
      other: { token: `${canary}-2` },
    });
  });

  test("decrypts what secret generators read, in every format", async () => {
    const files = {
      "kustomization.yaml": `${generated}secretGenerator:\n- name: g\n  envs: [enc.env]\n  files: [values.yaml=values.enc, config.json, raw=bytes.txt, plain.txt]\n- {name: old, env: enc.env}\n`,
      "enc.env": made.files.env,
      "values.enc": made.files.values,
      "config.json": made.files.json,
      "bytes.txt": made.files.bytes,
      "plain.txt": "as it is",
    };
    const all = contents(await build(files)) as { g: Record<string, string>; old: object };
    expect(all.g).toEqual({
      TOKEN: canary,
      USER: "me",
      "values.yaml": `token: ${canary}\n`,
      "config.json": expect.any(String) as string,
      raw: `${canary}\n`,
      "plain.txt": "as it is",
    });
    expect(JSON.parse(all.g["config.json"] ?? "")).toEqual({ token: canary });
    expect(all.old).toEqual({ TOKEN: canary, USER: "me" });
  });

  test("decrypts patches", async () => {
    const files = {
      "kustomization.yaml": `${resources("base.yaml")}patches: [{path: patch.yaml}]\n`,
      "base.yaml": secret("base", "stringData: {kept: x}\n"),
      "patch.yaml": made.files.patch,
    };
    expect(contents(await build(files))).toEqual({ base: { kept: "x", added: canary } });
  });

  test("decrypts entries of Secrets that are whole encrypted files", async () => {
    const entry = (text: string) => Buffer.from(text).toString("base64");
    const data = { "values.yaml": made.files.values, "a.env": made.files.env, raw: made.files.bytes, plain: "x" };
    const lines = Object.entries(data).map(([key, text]) => `    ${key}: ${entry(text)}\n`);
    const files = { "a.yaml": secret("a", `data:\n${lines.join("")}`) };
    expect(contents(await build(files, { generateIfMissing: true }))).toEqual({
      a: { "values.yaml": `token: ${canary}\n`, "a.env": `TOKEN=${canary}\nUSER=me\n`, raw: `${canary}\n`, plain: "x" },
    });
  });

  test("leaves ConfigMaps and objects that opt out encrypted", async () => {
    const files = {
      "kustomization.yaml": `${generated}configMapGenerator: [{name: c, files: [values.yaml]}]\n${resources("kept.yaml")}`,
      "values.yaml": made.files.values,
      "kept.yaml": made.files.optedOut,
    };
    const built = await build(files);
    expect(contents(built)["c"]).toEqual({ "values.yaml": made.files.values });
    expect(built.resources.find(({ metadata }) => metadata.name === "kept")).toHaveProperty("sops.mac");
  });

  test("fills in variables after decrypting, and names no file for one that was encrypted", async () => {
    const files = { "kustomization.yaml": resources("v.yaml"), "v.yaml": made.files.variable };
    const substitute = (vars: Record<string, string>): Substitution => ({ vars, strategy: "always", strict: true });
    const built = await build(files, { substitute: substitute({ HOST: "shop.example" }) });
    expect(contents(built)).toEqual({ variable: { url: "https://shop.example/" } });
    await expect(build(files, { substitute: substitute({}) })).rejects.toMatchObject({
      message: expect.stringMatching(/^post build failed .*"HOST" \(field stringData\.url\)$/) as string,
    });
  });

  test("records the encrypted files and nothing plain", async () => {
    const files = {
      "kustomization.yaml": `${generated}secretGenerator: [{name: g, envs: [enc.env]}]\n`,
      "enc.env": made.files.env,
    };
    const { readSet } = await build(files);
    const recorded = readSet.find(({ path }) => path === "app/enc.env");
    expect(recorded?.digest).toBe(memoryTree({ f: made.files.env }).entry("f")?.digest);
    expect(JSON.stringify(readSet)).not.toContain(canary);
  });
});

describe("kustomizeBuild() with decryption refuses", () => {
  const refusal = async (files: Record<string, string>, keys: string[]) => {
    const error: unknown = await build(files, { keys }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "decryption" });
    expect(String(error)).not.toContain(canary);
    return error as { message: string; file?: string };
  };

  test("an object whose file was changed, by file and object", async () => {
    const changed = made.files.token.replace("name: token", "name: taken");
    const { message } = await refusal({ "kustomization.yaml": resources("t.yaml"), "t.yaml": changed }, ["mine"]);
    expect(message).toBe(
      "app/t.yaml: decryption failed for 'Secret.v1.[noGrp]/taken': failed to verify sops data integrity: " +
        "the MAC does not match the content",
    );
  });

  test("a value that was moved between two files with one MAC", async () => {
    const stolen = made.files.token.replace("name: token", "name: copy");
    const files = { "kustomization.yaml": resources("t.yaml", "u.yaml"), "t.yaml": made.files.token, "u.yaml": stolen };
    expect((await refusal(files, ["mine"])).file).toBe("app/u.yaml");
  });

  test("an object whose metadata is in no file as it was encrypted", async () => {
    const inline = made.files.token.replace("name: token", "name: t").replaceAll(/^/gm, "    ");
    const files = {
      "kustomization.yaml": `${resources("t.yaml")}patches:\n- patch: |-\n${inline}\n`,
      "t.yaml": secret("t", ""),
    };
    expect((await refusal(files, ["mine"])).message).toMatch(/no file holds its sops metadata/);
  });

  test("another tenant's file and a missing key, by the key that is needed", async () => {
    const files = { "kustomization.yaml": resources("t.yaml"), "t.yaml": made.files.theirs };
    expect((await refusal(files, ["mine"])).message).toMatch(
      /^app\/t\.yaml: decryption failed for 'Secret\.v1\.\[noGrp\]\/theirs': cannot get sops data key: age recipient age1\w+: none/,
    );
    expect((await refusal(files, [])).message).toMatch(/holds no age identity$/);
  });

  test("a generator's file, by file", async () => {
    const files = {
      "kustomization.yaml": "secretGenerator: [{name: g, envs: [enc.env]}]\n",
      "enc.env": made.files.env,
    };
    const error = await refusal(files, ["theirs"]);
    expect(error).toMatchObject({ file: "app/enc.env" });
    expect(error.message).toMatch(/^app\/enc\.env: error decrypting sources: cannot get sops data key: age/);
  });

  test("a patch that fits nothing, without repeating words that were decrypted", async () => {
    const files = {
      "kustomization.yaml": `${resources("base.yaml")}patches: [{path: stray.yaml}]\n`,
      "base.yaml": secret("base", ""),
      "stray.yaml": made.files.stray,
    };
    await expect(build(files)).rejects.toMatchObject({
      message: "app/stray.yaml: the build fails on what was decrypted, and its message would quote that",
    });
  });

  test("an entry of a Secret, by object and entry", async () => {
    const changed = Buffer.from(made.files.values.replace("token:", "taken:")).toString("base64");
    const files = {
      "kustomization.yaml": resources("a.yaml"),
      "a.yaml": secret("a", `data:\n    v.yaml: ${changed}\n`),
    };
    expect((await refusal(files, ["mine"])).message).toMatch(
      /'Secret\.v1\.\[noGrp\]\/a': .* field 'v\.yaml': error decrypting/,
    );
  });

  test("without the libraries for it", async () => {
    const files = { "app/kustomization.yaml": "" };
    const refused = await small.refusal(files, { path: "app", decryption: { provider: "sops", keys: {} } });
    expect(refused.message).toBe("this program cannot decrypt");
  });
});

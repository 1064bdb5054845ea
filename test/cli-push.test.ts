import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ociFetcher } from "#adapters/oci/oci-fetcher.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory } from "./support/control-plane.ts";
import { type OciRegistry, startOciRegistry } from "./support/oci-registry.ts";

const { signal } = new AbortController();
const login = { username: "ada", password: "hunter2" };
let registry: OciRegistry;
let home: string;

beforeAll(async () => {
  registry = await startOciRegistry({ basic: login });
  home = await temporaryDirectory();
  await mkdir(join(home, "app"));
  await writeFile(join(home, "app/web.yaml"), "kind: ConfigMap\n");
  await writeFile(join(home, "app/secret.env"), "hunter3\n");
  await writeFile(join(home, "app/.sourceignore"), "*.env\n");
  await symlink("web.yaml", join(home, "app/link.yaml"));
});

afterAll(() => registry.stop());

function push(address: string, args: readonly string[] = [], input = ""): Promise<Ended> {
  const told = ["--source", "https://git.example.com/shop", "--revision", "main@sha1:1234", "--insecure"];
  const all = ["push", "artifact", address, "--path", join(home, "app"), ...told, ...args];
  return runCli({ home, kubeconfig: "/nowhere" }, all, input);
}

test("push artifact sends a directory less what it ignores; a source reads it with where it comes from", async () => {
  const url = registry.url("apps/shop");
  const pushed = await push(`${url}:v1`, ["--username", "ada", "--password-file", "-"], "hunter2\n");
  expect(pushed.code).toBe(0);
  expect(pushed.out).toMatch(new RegExp(`^${url}@sha256:[0-9a-f]{64}\n$`));
  expect(pushed.err).toContain("link.yaml is a link");
  const fetcher = ociFetcher({ directory: await temporaryDirectory() });
  try {
    const data = Object.fromEntries(
      Object.entries(login).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const credential = { apiVersion: "v1", kind: "Secret", metadata: { name: "login" }, data };
    const layer = { mediaType: "", operation: "extract" } as const;
    const repository = fetcher.open({ url, remote: { kind: "oci", insecure: true, layer } }, { credential });
    const [result] = await repository.sync([{ kind: "tag", value: "v1" }], { timeoutMs: 20_000 }, signal);
    const commit = result && "commit" in result ? result.commit : "";
    expect(pushed.out).toContain(commit);
    const tree = await repository.tree(commit, signal);
    expect(tree.children("")).toEqual([".sourceignore", "web.yaml"]);
  } finally {
    await fetcher.close();
  }
});

test("docker's configuration tells the user; who is not known there is refused", async () => {
  const anonymous = await push(`${registry.url("apps/two")}:v1`);
  expect([anonymous.code, anonymous.err]).toEqual([1, expect.stringContaining("no credentials for")]);
  await mkdir(join(home, ".docker"));
  const auth = Buffer.from("ada:hunter2").toString("base64");
  await writeFile(join(home, ".docker/config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const pushed = await push(`${registry.url("apps/two")}:v1`, ["-o", "json", "--annotation", "a=b"]);
  expect(JSON.parse(pushed.out)).toMatchObject({ tag: "v1", files: 2, left: ["link.yaml"] });
  expect(pushed.err).not.toContain("hunter2");
});

test("an address without a tag and a directory that is not there are refused", async () => {
  expect((await push(registry.url("apps/shop"))).code).toBe(2);
  expect((await push(`${registry.url("apps/shop")}:v1`, ["--path", join(home, "nowhere")])).code).toBe(4);
  expect((await push(`${registry.url("apps/shop")}:v1`, ["--username", "ada"])).code).toBe(2);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import { everythingTold, formsOf } from "./everything-told.ts";
import { configMap, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const world = useFluxWorld();
let git: GitServer;
let registry: OciRegistry;

/** One for each way in which something secret comes to the controller. */
const canaries = {
  gitPassword: "canary-git-8d1f",
  wrongGitPassword: "canary-wrong-git-77ab",
  registryPassword: "canary-registry-3e90",
  wrongRegistryPassword: "canary-wrong-registry-c2d4",
  variable: "canary-variable-51b7",
  breakingVariable: "canary-breaking-9f02: {",
  manifest: "canary-manifest-6a6a",
  rejected: "canary-rejected-e1d3",
} as const;

beforeAll(async () => {
  git = await startGitServer();
  git.behaviour.basic = { username: "ada", password: canaries.gitPassword };
  registry = await startOciRegistry({ basic: { username: "ada", password: canaries.registryPassword } });
});
afterAll(() => Promise.all([git?.stop(), registry?.stop()]));

function secret(space: Space, name: string, stringData: Record<string, string>) {
  return world().apply({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: space.name }, stringData });
}

async function source(space: Space, kind: string, spec: Record<string, unknown>): Promise<void> {
  const metadata = { name: `${kind.toLowerCase()}-${String((spec["secretRef"] as { name: string }).name)}` };
  await world().apply({
    apiVersion: SOURCE,
    kind,
    metadata: { ...metadata, namespace: space.name },
    spec: { interval: "1s", ...spec },
  });
}

test("nothing secret is in a status, an event, an inventory, the log or the history, whatever goes wrong", async () => {
  const space = await world().space("secrecy");
  await git.commit("private", {
    "good/a.yaml": configMap("a", { value: "${TOKEN}" }),
    "good/s.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: ${canaries.manifest}}\n`,
    "broken/a.yaml": configMap("b", {}).replace("data: {}", "data:\n  value: ${BREAKS}"),
    "rejected/s.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: r}\ntype: [${canaries.rejected}]\n`,
  });
  await registry.push("private", "latest", { files: { "c.yaml": configMap("c") } });
  await secret(space, "git", { username: "ada", password: canaries.gitPassword });
  await secret(space, "wrong-git", { username: "ada", password: canaries.wrongGitPassword });
  await secret(space, "registry", { username: "ada", password: canaries.registryPassword });
  await secret(space, "wrong-registry", { username: "ada", password: canaries.wrongRegistryPassword });
  await secret(space, "vars", { TOKEN: canaries.variable, BREAKS: canaries.breakingVariable });
  const url = git.url("private");
  const main = { branch: "main" };
  await source(space, "GitRepository", { url, ref: main, secretRef: { name: "git" } });
  await source(space, "GitRepository", { url, ref: main, secretRef: { name: "wrong-git" } });
  const oci = { url: registry.url("private"), insecure: true };
  await source(space, "OCIRepository", { ...oci, secretRef: { name: "registry" } });
  await source(space, "OCIRepository", { ...oci, secretRef: { name: "wrong-registry" } });
  const sourceRef = { kind: "GitRepository", name: "gitrepository-git" };
  const postBuild = { substituteFrom: [{ kind: "Secret", name: "vars" }] };
  for (const path of ["good", "broken", "rejected"]) {
    await space.kustomization({ path: `./${path}`, sourceRef, postBuild }, path);
  }
  await eventually("what can be applied is applied", async () => (await world().get(space.configMap("a"))) !== null);
  let last: readonly string[] = [];
  const allFailed = async () => {
    const status = async (ref: { kind: string; name: string; apiVersion: string }) =>
      (await world().get({ ...ref, namespace: space.name }))?.["status"];
    const failing = [
      { ...space.kustomizationRef("broken"), kind: "Kustomization" },
      { ...space.kustomizationRef("rejected"), kind: "Kustomization" },
      { apiVersion: SOURCE, kind: "GitRepository", name: "gitrepository-wrong-git" },
      { apiVersion: SOURCE, kind: "OCIRepository", name: "ocirepository-wrong-registry" },
    ];
    last = await Promise.all(failing.map(async (ref) => JSON.stringify((await status(ref)) ?? {})));
    return last.every((text) => text.includes('"type":"Ready"') && text.includes('"status":"False"'));
  };
  await eventually("everything else has failed", allFailed).catch((error: unknown) => {
    throw new Error(`not all have failed: ${last.join("\n")}`, { cause: error });
  });
  await world().patch(space.at("v1", "Secret", "s"), { stringData: { key: "by-hand" } });
  await eventually("the Secret is healed", async () => {
    const data = (await world().get(space.at("v1", "Secret", "s")))?.["data"] as { key?: string } | undefined;
    return Buffer.from(data?.key ?? "", "base64").toString() === canaries.manifest;
  });
  const told = await everythingTold(world(), space);
  expect(told.length).toBeGreaterThan(5_000);
  for (const [name, canary] of Object.entries(canaries)) {
    const found = formsOf(canary).filter((form) => told.includes(form));
    expect([name, found]).toEqual([name, []]);
  }
});

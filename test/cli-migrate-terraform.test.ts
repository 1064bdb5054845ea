import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { MigrationView } from "#contract/migration-view.ts";
import { ChartServer } from "./support/chart-server.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";
import { startOciRegistry } from "./support/oci-registry.ts";
import { officialTool } from "./support/official-tool.ts";
import { buildGo } from "../tools/build-go.ts";

const plane = useControlPlane({ withNodes: false, users: [{ name: "holdfast", groups: ["system:masters"] }] });
const { signal } = new AbortController();
const runbook = new URL("../docs/migrate-from-terraform.md", import.meta.url);
const password = "canary-of-the-repository";
const secretColor = "canary-of-the-values";
let home: string;
let client: ConnectedCluster;
let engine: TestEngine;
let charts: ChartServer;

beforeAll(async () => {
  await buildGo("upstream", signal);
  home = await temporaryDirectory();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  charts = await new ChartServer().start();
  charts.login = { username: "ada", password };
  charts.publish("web", "1.0.0", { files: chart });
  await makeTools();
  engine = await startEngine(settingsOf(plane(), "holdfast"));
}, 600_000);

afterAll(async () => {
  await engine.stop();
  await charts.stop();
  await client.close();
});

const chart = {
  "values.yaml": "color: blue\nsecret: none\nports: []\n",
  "templates/a.yaml":
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-a"}\ndata: {color: "{{ .Values.color }}", secret: "{{ .Values.secret }}"}\n',
};

/** The programs of the runbook, by the names that it calls them. */
async function makeTools(): Promise<void> {
  const bin = join(home, "bin");
  await mkdir(bin);
  for (const name of ["helm", "kubectl"] as const) await symlink(await officialTool(name), join(bin, name));
  const program = new URL("../src/main/cli.ts", import.meta.url).pathname;
  await writeFile(join(bin, "holdfast"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(join(bin, "holdfast"), 0o755);
}

/** Runs a line as a person types it, in the home folder. */
function shell(line: string): Promise<Ended> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
  const env = {
    PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
    HOME: home,
    XDG_CACHE_HOME: cache,
    KUBECONFIG: plane().kubeconfigPath,
  };
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-ec", line], { env, cwd: home, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

async function succeeds(line: string): Promise<string> {
  const { code, out, err } = await shell(line);
  expect([line, code, err]).toEqual([line, 0, expect.anything()]);
  return out;
}

/** Installs a release with the official program as the provider does with the library. */
async function install(name: string, namespace: string): Promise<void> {
  await writeFile(join(home, "values.yaml"), "ports: [80]\n");
  const login = `--username ada --password ${password}`;
  const chartOptions = `--repo ${charts.url} --version 1.0.0 ${login}`;
  const values = `-f values.yaml --set color=red --set-string nested.count=5 --set secret=${secretColor}`;
  await succeeds(`helm install ${name} web --namespace ${namespace} --create-namespace ${chartOptions} ${values}`);
}

/** A plan that describes such a release, and changes nothing. */
function plan(name: string, namespace: string, changed: object = {}): object {
  const values = {
    name,
    namespace,
    chart: "web",
    repository: charts.url,
    repository_username: "ada",
    repository_password: password,
    version: "1.0.0",
    values: ["ports: [80]\n"],
    set: [
      { name: "color", value: "red", type: "" },
      { name: "nested.count", value: "5", type: "string" },
    ],
    set_sensitive: [{ name: "secret", value: secretColor, type: "" }],
    wait: true,
    timeout: 300,
    max_history: 0,
    metadata: { name, namespace, chart: "web", version: "1.0.0", revision: 1 },
    ...changed,
  };
  const release = {
    address: `module.apps["eu"].helm_release.${name}`,
    mode: "managed",
    type: "helm_release",
    name,
    provider_name: "registry.terraform.io/hashicorp/helm",
    schema_version: 2,
    values,
    sensitive_values: { repository_password: true, set_sensitive: [{ value: true }] },
  };
  const child = { address: 'module.apps["eu"]', resources: [release] };
  return { format_version: "1.2", planned_values: { root_module: { child_modules: [child] } } };
}

async function recordsOf(name: string, namespace: string): Promise<string> {
  const columns = "custom-columns=NAME:.metadata.name,VERSION:.metadata.resourceVersion";
  return succeeds(`kubectl get secrets -n ${namespace} -l owner=helm,name=${name} --no-headers -o ${columns}`);
}

describe("holdfast migrate terraform", () => {
  test("the runbook's commands hand a release over at the revision that it has", async () => {
    await install("shop", "shop");
    await writeFile(join(home, "plan.json"), JSON.stringify(plan("shop", "shop")));
    const before = await recordsOf("shop", "shop");
    const outputs: Ended[] = [];
    const commands = await runbookCommands();
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) {
      if (command.startsWith("holdfast get")) await ready("shop", "shop");
      const ended = await shell(command);
      expect([command, ended.code, ended.err]).toEqual([command, 0, expect.anything()]);
      outputs.push(ended);
    }
    const [first] = outputs;
    expect(first?.out).toMatch(/module\.apps\["eu"\]\.helm_release\.shop +shop\/shop +web@1\.0\.0 +upgrades nothing\n/);
    expect(outputs.some(({ out, err }) => `${out}${err}`.includes("canary"))).toBe(false);
    const written = await succeeds("cat migration/manifests/shop/*.yaml migration/terraform/removed.tf");
    expect(written).not.toContain("canary");
    expect(written).toContain("from = module.apps.helm_release.shop\n");
    // The last commands gave it back: the release stays, and nothing of it was touched.
    const ref = { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", namespace: "shop", name: "shop" };
    expect(await client.get(ref, { signal })).toBeNull();
    expect(await recordsOf("shop", "shop")).toBe(before);
    const map = await client.get(
      { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "shop-a" },
      { signal },
    );
    expect(map?.["data"]).toEqual({ color: "red", secret: secretColor });
  });

  test("objects in another namespace find the release, its records and its Secrets", async () => {
    await install("cart", "cart");
    await writeFile(join(home, "cart.json"), JSON.stringify(plan("cart", "cart")));
    const before = await recordsOf("cart", "cart");
    await succeeds("holdfast migrate terraform cart.json --output cart --namespace flux-system --with-secrets");
    await succeeds("kubectl apply --server-side -R -f cart/secrets");
    await succeeds("kubectl apply --server-side -R -f cart/manifests");
    await ready("cart", "flux-system");
    expect(await recordsOf("cart", "cart")).toBe(before);
    expect(await recordsOf("cart", "flux-system")).toBe("");
  });

  test("a release of a chart in a registry keeps its revision too", async () => {
    const registry = await startOciRegistry();
    onTestFinished(() => registry.stop());
    await writeFile(join(home, "web-1.0.0.tgz"), charts.publish("other", "1.0.0", { holds: "web", files: chart }));
    const repository = registry.url("charts");
    await succeeds(`helm push web-1.0.0.tgz ${repository} --plain-http`);
    await succeeds(`helm install boxed ${repository}/web --version 1.0.0 --plain-http -n boxed --create-namespace`);
    const simple = { repository, repository_username: null, repository_password: null };
    const changed = { ...simple, values: null, set: null, set_sensitive: null };
    await writeFile(join(home, "boxed.json"), JSON.stringify(plan("boxed", "boxed", changed)));
    const checked = await succeeds("holdfast migrate terraform boxed.json --output boxed --check");
    expect(checked).toContain("upgrades nothing");
    const before = await recordsOf("boxed", "boxed");
    // The provider has no argument for registries without TLS, as the test's is.
    await succeeds(
      "sed -i 's/^  type: oci$/  type: oci\\n  insecure: true/' boxed/manifests/boxed/helmrepository-*.yaml",
    );
    await succeeds("kubectl apply --server-side -R -f boxed/manifests");
    await ready("boxed", "boxed");
    expect(await recordsOf("boxed", "boxed")).toBe(before);
  });

  test("--check tells what differs, by path and never by value", async () => {
    await install("site", "site");
    const changed = { set_sensitive: [{ name: "secret", value: "canary-of-another", type: "" }], max_history: 3 };
    await writeFile(join(home, "site.json"), JSON.stringify(plan("site", "site", changed)));
    const { kubeconfigPath: kubeconfig } = plane();
    const order = [
      "migrate",
      "terraform",
      join(home, "site.json"),
      "--output",
      join(home, "site"),
      "--check",
      "--json",
    ];
    const { code, out } = await runCli({ home, kubeconfig }, order);
    const { releases } = JSON.parse(out) as MigrationView;
    expect([code, releases[0]?.adoption]).toEqual([0, { verdict: "upgrade", differences: ["other values at secret"] }]);
    expect(out).not.toContain("canary");
    await writeFile(join(home, "gone.json"), JSON.stringify(plan("gone", "site")));
    const gone = await shell("holdfast migrate terraform gone.json --output gone --check");
    expect(gone.out).toContain("installs it: namespace site holds no record of a release gone");
  });
});

/** All commands of the runbook but those of programs that are not here. */
async function runbookCommands(): Promise<readonly string[]> {
  const blocks = [...(await readFile(runbook, "utf8")).matchAll(/^```sh\n(.*?)^```/gms)];
  const lines = blocks.flatMap(([, block = ""]) => block.trimEnd().split("\n"));
  return lines.filter((line) => !/^(?:terraform|sops) /.test(line));
}

async function ready(name: string, namespace: string): Promise<void> {
  const ref = { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", namespace, name };
  let last: unknown;
  const probe = async () => {
    last = (await client.get(ref, { signal }))?.["status"];
    const { conditions = [] } = (last ?? {}) as { conditions?: readonly { type: string; status: string }[] };
    return conditions.some(({ type, status }) => type === "Ready" && status === "True");
  };
  await eventually(`${name} is ready`, probe).catch((error: unknown) => {
    throw new Error(`${name} is not ready: ${JSON.stringify(last)}`, { cause: error });
  });
}

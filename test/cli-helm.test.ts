import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DiffView } from "#contract/diff-view.ts";
import type { TraceView } from "#contract/trace-view.ts";
import type { WhyView } from "#contract/why-view.ts";
import { textAt } from "#core/health/condition.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { conditionOf, useFluxWorld } from "./flux/flux-world.ts";
import { configTemplate, HelmSpace, jobTemplate, stateOf } from "./flux/helm-space.ts";
import { ChartServer } from "./support/chart-server.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory } from "./support/control-plane.ts";
import { eventually } from "./support/eventually.ts";

const world = useFluxWorld({ withNodes: true });
let server: ChartServer;
let home: string;

const secretTemplate = [
  "apiVersion: v1",
  "kind: Secret",
  'metadata: {name: "{{ .Release.Name }}-s"}',
  'stringData: {password: "{{ .Values.password }}"}\n',
].join("\n");
const claimTemplate = [
  "apiVersion: v1",
  "kind: PersistentVolumeClaim",
  'metadata: {name: "{{ .Release.Name }}-data"}',
  "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
].join("\n");
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.cli.example}
spec:
  group: cli.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;
const web = {
  "values.yaml": "color: blue\npassword: hunter2\n",
  "templates/a.yaml": configTemplate("a"),
  "templates/s.yaml": secretTemplate,
};

beforeAll(async () => {
  home = await temporaryDirectory();
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", { files: { ...web, "templates/old.yaml": configTemplate("old") } });
  server.publish("web", "2.0.0", {
    files: {
      ...web,
      "crds/widget.yaml": definition,
      "templates/new.yaml": configTemplate("new"),
      "templates/j.yaml": jobTemplate("j", { "helm.sh/hook": "pre-upgrade", "helm.sh/hook-weight": "-5" }),
      "templates/t.yaml": jobTemplate("t", { "helm.sh/hook": "test" }),
    },
  });
  server.publish("crashing", "1.0.0", { files: web });
  server.publish("crashing", "2.0.0", {
    files: { ...web, "templates/j.yaml": jobTemplate("j", { "helm.sh/hook": "pre-upgrade" }, "crash") },
  });
  server.publish("growing", "1.0.0", { files: web });
  server.publish("keeping", "1.0.0", { files: { ...web, "templates/data.yaml": claimTemplate } });
  server.publish("keeping", "2.0.0", { files: web });
});
afterAll(() => server.stop());

const helmSpace = async (name: string) => new HelmSpace(world(), await world().space(name), server.url);
const holdfast = (...args: string[]): Promise<Ended> => runCli({ home, kubeconfig: world().kubeconfigPath }, args);

async function json<T>(...args: string[]): Promise<T> {
  const { out, err } = await holdfast(...args, "-o", "json");
  if (out === "") throw new Error(err);
  return JSON.parse(out) as T;
}

async function written(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const stalled = (helm: HelmSpace) => helm.status("stalled", (status) => stateOf(status, "Stalled") === "True");

// One after another: each command is a process that wants a processor of its own.
describe("commands and HelmReleases", () => {
  test("get lists releases and charts with versions; tree, trace and history find them again", async () => {
    const helm = await helmSpace("cli-helm");
    await helm.release("web", "1.0.0");
    await helm.ready(1);
    const hr = "hr/cli-helm/cli-helm";
    const [app] = await json<object[]>("get", "hr", "cli-helm");
    const source = { url: server.url, ref: "chart web 1.0.0", path: "" };
    expect(app).toMatchObject({ key: hr, kind: "HelmRelease", state: "Ready", revision: "1.0.0", source });
    const all = await holdfast("get", "all", "-n", "cli-helm");
    expect(all.out).toMatch(/^helmrepo\/cli-helm\/cli-helm +Ready +sha256:\w{8} +\w+ +http:\S+$/m);
    expect(all.out).toMatch(/^hc\/cli-helm\/cli-helm-cli-helm +Ready +1\.0\.0 +\w+ +http:\S+ chart web 1\.0\.0$/m);
    expect(all.out).toMatch(/^hr\/cli-helm\/cli-helm +Ready +- +1\.0\.0 +\w+ +Helm install succeeded for release/m);
    expect((await holdfast("get", "all", "cli-helm")).code).toBe(2);
    const { out: tree } = await holdfast("tree", hr);
    expect(tree).toMatch(/^hr\/cli-helm\/cli-helm is Ready at 1\.0\.0\n├── ConfigMap\/cli-helm\/cli-helm-a Current\n/);

    for (const object of ["cm/cli-helm-a", "secret/sh.helm.release.v1.cli-helm.v1", "hc/cli-helm-cli-helm"]) {
      const { apps } = await json<TraceView>("trace", object, "-n", "cli-helm");
      const origin = { source: "HelmRepository/cli-helm/cli-helm" };
      const made = { source: "HelmChart/cli-helm/cli-helm-cli-helm", origin, ref: "chart web 1.0.0" };
      expect(apps).toMatchObject([{ app: hr, ...made, url: server.url, revision: "1.0.0", commit: null }]);
    }
    const past = await json<object[]>("history", hr);
    expect(past).toMatchObject([{ revision: "web@1.0.0", succeeded: true, message: "revision 1 deployed" }]);
    expect(await holdfast("why", hr)).toMatchObject({ code: 0, out: `${hr} is Ready\nIt waits for nothing.\n` });
    const back = await holdfast("rollback", hr);
    expect(back).toMatchObject({ code: 5, err: expect.stringContaining(`holdfast history ${hr}`) as string });
  });

  test("diff shows what an upgrade would do before anybody lets it: objects, definitions, hooks, the record", async () => {
    const helm = await helmSpace("cli-diff");
    const hr = "hr/cli-diff/cli-diff";
    await helm.release("web", "1.0.0");
    await helm.ready(1);
    expect(await holdfast("diff", hr)).toMatchObject({ code: 0 });
    await holdfast("suspend", hr);
    await helm.release("web", "2.0.0", { values: { color: "red", password: "tr0ub4dor" }, test: { enable: true } });
    expect(await holdfast("sync", hr)).toMatchObject({ code: 5 });
    const { objects } = await json<DiffView>("diff", hr);
    expect(objects.map(({ change, id }) => [change, id])).toEqual([
      ["create", "apiextensions.k8s.io/CustomResourceDefinition//widgets.cli.example"],
      ["create", "/Secret/cli-diff/sh.helm.release.v1.cli-diff.v2"],
      ["run", "batch/Job/cli-diff/cli-diff-j"],
      ["update", "/ConfigMap/cli-diff/cli-diff-a"],
      ["create", "/ConfigMap/cli-diff/cli-diff-new"],
      ["delete", "/ConfigMap/cli-diff/cli-diff-old"],
      ["update", "/Secret/cli-diff/cli-diff-s"],
      ["run", "batch/Job/cli-diff/cli-diff-t"],
    ]);
    const shown = await holdfast("diff", hr);
    expect(shown.code).toBe(3);
    expect(shown.out).toContain("would run batch/Job/cli-diff/cli-diff-j\n+ pre-upgrade hook, weight -5\n");
    expect(shown.out).toContain("+ revision 2 of the release cli-diff, upgrade: chart changed\n");
    expect(shown.out).toContain("+  color: red\n");
    for (const secret of ["hunter2", "tr0ub4dor"]) {
      expect(shown.out).not.toContain(secret);
      expect(shown.out).not.toContain(Buffer.from(secret).toString("base64"));
    }
    const rendered = await holdfast("render", hr);
    expect(rendered.out).toMatch(/kind: CustomResourceDefinition\n[^]*name: cli-diff-new\n[^]*helm.sh\/hook: test\n/);
    expect(rendered.out).not.toContain("tr0ub4dor");
    expect((await holdfast("render", hr, "--show-secrets")).out).toContain("password: tr0ub4dor");
    expect((await holdfast("diff", hr, "--revision", "1.0.0")).code).toBe(2);
    await holdfast("resume", hr);
    await helm.ready(2);
    expect(await holdfast("diff", hr)).toMatchObject({ code: 0 });
    // Hooks that stayed are nobody's and yet no strays.
    const orphans = await json<{ objects: object[] }>("orphans", "-n", "cli-diff");
    expect(orphans.objects).toEqual([]);
  });

  test("reconcile asks repository, chart and release by one token, and forces an upgrade as flux does", async () => {
    const helm = await helmSpace("cli-asks");
    await helm.release("growing", ">=1.0.0");
    await helm.ready(1);
    server.publish("growing", "1.1.0", { files: web });
    const asked = await holdfast("reconcile", "hr", "cli-asks", "-n", "cli-asks", "--with-source", "--wait");
    expect(asked).toMatchObject({ code: 0, out: "hr/cli-asks/cli-asks is Ready at 1.1.0\n" });
    const source = "source.toolkit.fluxcd.io/v1";
    const refs = [
      helm.space.at(source, "HelmRepository", "cli-asks"),
      helm.space.at(source, "HelmChart", "cli-asks-cli-asks"),
      helm.ref,
    ];
    const found = await Promise.all(refs.map((ref) => world().get(ref)));
    const tokens = found.map((object) => annotationsOf(object as Resource)["reconcile.fluxcd.io/requestedAt"]);
    expect(new Set(tokens).size).toBe(1);
    const handled = found.map((object) => textAt(object, ["status", "lastHandledReconcileAt"]));
    expect(handled).toEqual(tokens);

    const forced = await holdfast("sync", "hr/cli-asks/cli-asks", "--force", "--wait");
    expect(forced.code).toBe(0);
    const status = await helm.ready(3);
    const annotations = annotationsOf((await world().get(helm.ref)) as Resource);
    expect(annotations["reconcile.fluxcd.io/forceAt"]).toBe(annotations["reconcile.fluxcd.io/requestedAt"]);
    // `flux get hr` shows the newest entry of the history as the revision, and Ready with its message.
    expect(status.history?.[0]).toMatchObject({ chartVersion: "1.1.0", status: "deployed" });
    expect(conditionOf(status, "Ready")).toMatchObject({ status: "True", reason: "UpgradeSucceeded" });

    await helm.space.kustomization({ suspend: false });
    const wrong = await holdfast("sync", "ks/cli-asks/cli-asks", "--force");
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("it is no HelmRelease") as string });
  });

  test("why says how a release that is tried no more goes on, and diff what it still wants", async () => {
    const helm = await helmSpace("cli-stalls");
    const hr = "hr/cli-stalls/cli-stalls";
    await helm.release("crashing", "1.0.0");
    await helm.ready(1);
    await helm.release("crashing", "2.0.0");
    await stalled(helm);
    const { reasons } = await json<WhyView>("why", hr);
    const advice = expect.stringContaining(`holdfast reconcile ${hr} --reset`) as string;
    expect(reasons).toContainEqual(expect.objectContaining({ rule: "retries", blocks: true, advice }));
    expect(reasons).toContainEqual(expect.objectContaining({ rule: "UpgradeFailed" }));
    const { objects } = await json<DiffView>("diff", hr);
    expect(objects.map(({ change, id }) => [change, id])).toEqual([
      ["create", "/Secret/cli-stalls/sh.helm.release.v1.cli-stalls.v3"],
      ["run", "batch/Job/cli-stalls/cli-stalls-j"],
    ]);
    const again = await holdfast("reconcile", hr, "--reset", "--wait");
    expect([again.code, again.err]).toEqual([6, expect.stringContaining("BackoffLimitExceeded")]);
    const past = await json<object[]>("history", hr);
    expect(past).toMatchObject([
      { message: "revision 3 failed", succeeded: false },
      { succeeded: false },
      { revision: "crashing@1.0.0" },
    ]);
  });

  test("data that leaves a chart stays until somebody approves that it goes", async () => {
    const helm = await helmSpace("cli-holds");
    const hr = "hr/cli-holds/cli-holds";
    const claim = helm.space.at("v1", "PersistentVolumeClaim", "cli-holds-data");
    await helm.release("keeping", "1.0.0", { install: { disableWait: true } });
    await helm.ready(1);
    await helm.release("keeping", "2.0.0");
    await helm.ready(2);
    expect((await holdfast("get", hr)).out).toContain(`deletions are held: holdfast why ${hr}`);
    const { objects } = await json<DiffView>("diff", hr);
    expect(objects.map(({ change, id }) => [change, id])).toEqual([
      ["delete", "/PersistentVolumeClaim/cli-holds/cli-holds-data"],
    ]);
    expect(await world().get(claim)).not.toBeNull();
    expect(await holdfast("approve", hr)).toMatchObject({ code: 0 });
    await helm.space.gone(claim);
    await eventually("nothing is held", async () => (await holdfast("approve", hr)).code === 5);
  });

  test("why tells of another's unfinished action, of drift that is only told, and of a chart that is not there", async () => {
    const helm = await helmSpace("cli-why");
    const hr = "hr/cli-why/cli-why";
    await helm.release("web", "1.0.0", { driftDetection: { mode: "warn" } });
    await helm.ready(1);
    await world().patch(helm.space.configMap("cli-why-a"), { data: { color: "green" } });
    await helm.status("drifted", (status) => stateOf(status, "Drifted") === "True");
    const drift = (await json<WhyView>("why", hr)).reasons;
    expect(drift).toMatchObject([
      { rule: "drift", blocks: false, advice: expect.stringContaining("--force") as string },
    ]);

    const first = await world().get(helm.space.at("v1", "Secret", "sh.helm.release.v1.cli-why.v1"));
    const labels = { name: "cli-why", owner: "helm", status: "pending-upgrade", version: "2" };
    const metadata = { name: "sh.helm.release.v1.cli-why.v2", namespace: "cli-why", labels };
    const { type, data } = first as Resource & { type: string; data: object };
    await world().apply({ apiVersion: "v1", kind: "Secret", metadata, type, data }, "helm");
    const locked = await eventually("it waits for somebody else", async () => {
      const { reasons } = await json<WhyView>("why", hr);
      return reasons.find(({ rule }) => rule === "release-locked") ?? false;
    });
    expect(locked.message).toBe("revision 2 is in status pending-upgrade, by somebody else's hand");
    expect(locked.advice).toContain("helm history cli-why -n cli-why");

    const other = await helmSpace("cli-nochart");
    await other.release("nosuch", "1.0.0");
    await other.status("waits", (status) => conditionOf(status, "Ready")?.reason === "SourceNotReady");
    const lost = await json<WhyView>("why", "hr/cli-nochart/cli-nochart");
    expect(lost.state).toBe("Waiting");
    const message = expect.stringContaining("no 'nosuch' chart") as string;
    expect(lost.reasons[0]).toMatchObject({ rule: "source", blocks: true, message, advice: "" });
  });

  test("diff compares with the cluster that a kubeconfig names, and says where that cannot be", async () => {
    const helm = await helmSpace("cli-remote");
    const hr = "hr/cli-remote/cli-remote";
    await helm.release("web", "1.0.0", { suspend: true, kubeConfig: { secretRef: { name: "far" } } });
    const lost = await holdfast("diff", hr);
    expect([lost.code, lost.err]).toEqual([8, expect.stringContaining("Secret cli-remote/far does not exist")]);
    const metadata = { name: "far", namespace: "cli-remote" };
    const config = (await readFile(world().kubeconfigPath, "utf8")).replace(
      /https:\/\/[0-9.:]+/,
      "https://127.0.0.1:9",
    );
    await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { value: config } });
    const far = await holdfast("diff", hr);
    expect([far.code, far.err]).toEqual([8, expect.stringContaining("127.0.0.1:9")]);
  });

  test("render needs no cluster: the release, its source and its values come from files", async () => {
    const release = (spec: string) =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\nspec: {interval: 1h, ${spec}}\n`;
    const chart = (name: string, kind: string) =>
      `chart: {spec: {chart: ${name}, sourceRef: {kind: ${kind}, name: all}}}`;
    const valuesFrom = "valuesFrom: [{kind: Secret, name: colors}]";
    const file = await written("hr.yaml", release(`${chart("web", "HelmRepository")}, ${valuesFrom}`));
    const others = await written(
      "others.yaml",
      [
        `apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: all}\nspec: {url: "${server.url}"}\n`,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: colors}\nstringData: {values.yaml: 'color: green'}\n",
      ].join("---\n"),
    );
    const nowhere = (...args: string[]) => runCli({ home, kubeconfig: join(home, "nowhere") }, args);
    const shown = await nowhere("render", file, "--with", others);
    expect(shown).toMatchObject({ code: 0, err: "" });
    expect(shown.out).toContain("color: green");
    expect(shown.out).toContain("name: shop-new");
    expect(shown.out).not.toContain("hunter2");
    const lost = await nowhere("render", file);
    expect([lost.code, lost.err]).toEqual([5, expect.stringContaining("--with")]);

    await written("checkout/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    await written("checkout/charts/web/templates/a.yaml", configTemplate("own", "{{ .Chart.Version }}"));
    const repository =
      "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: all}\nspec: {url: https://git.example.com/all, interval: 1h}\n";
    const own = await written("own.yaml", `${release(chart("./charts/web", "GitRepository"))}---\n${repository}`);
    for (const folder of ["checkout", "checkout/charts/web"]) {
      const local = await nowhere("render", own, "--source", join(home, folder));
      expect([folder, local.err, local.code]).toEqual([folder, "", 0]);
      expect(local.out).toMatch(/color: "?0\.1\.0"?\n[^]*name: shop-own\n/);
    }
    const none = await nowhere("render", file, "--with", others, "--source", home);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("holds no Chart.yaml")]);
    expect((await nowhere("render", others)).code).toBe(2);
  });
});

import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { configMap, type DialectName, type FaultApp } from "./faults/fault-app.ts";
import { useFaultWorld } from "./faults/fault-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useFaultWorld();
const widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
const list = (...names: string[]) => `resources: [${names.join(", ")}]\n`;

interface BadFiles {
  readonly name: string;
  readonly files: Record<string, string | null>;
  /** What the app's condition must say. */
  readonly says: Readonly<Record<DialectName, RegExp>>;
}

const both = (says: RegExp) => ({ flux: says, argocd: says });
const cases: BadFiles[] = [
  {
    name: "YAML that does not parse",
    files: { "app/x.yaml": "apiVersion: v1\nkind: ConfigMap\n  metadata: {name: x}\n" },
    says: both(/app\/x\.yaml:\d+: .*mapping values are not allowed/),
  },
  {
    name: "an object without a kind",
    files: { "app/x.yaml": `${configMap("x", "1")}---\napiVersion: v1\nmetadata: {name: y}\n` },
    says: { flux: /app\/x\.yaml: .*missing kind/, argocd: /app\/x\.yaml:\d+: the object has no apiVersion or kind/ },
  },
  {
    name: "an object without an API version",
    files: { "app/x.yaml": "kind: ConfigMap\nmetadata: {name: x}\n" },
    says: { flux: /ConfigMap x has no apiVersion/, argocd: /app\/x\.yaml:1: the object has no apiVersion or kind/ },
  },
  {
    name: "a kustomization that does not parse",
    files: { "app/kustomization.yaml": "resources:\n- [\n" },
    says: both(/app\/kustomization\.yaml:\d: /),
  },
  {
    name: "a kustomization that names a file which is not there",
    files: { "app/kustomization.yaml": list("gone.yaml") },
    says: both(/app\/gone\.yaml: file does not exist/),
  },
  {
    name: "a patch that has no target",
    files: {
      "app/kustomization.yaml": `${list("o0.yaml")}patches: [{path: patch.yaml}]\n`,
      "app/patch.yaml": configMap("nobody", "1"),
    },
    says: both(/nobody/),
  },
  {
    name: "a file outside the repository",
    files: { "app/kustomization.yaml": list("../../../etc/passwd") },
    says: both(/etc\/passwd" leaves the repository/),
  },
];

describe.each(["flux", "argocd"] as const)("%s: the last good state stays, and other apps go on, after", (dialect) => {
  let app: FaultApp;
  let other: FaultApp;

  beforeEach(async () => {
    app = await world().appOf(dialect, { objects: 3 });
    other = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    await other.converged();
  });

  async function says(pattern: RegExp): Promise<void> {
    try {
      await eventually("the status says why", async () => pattern.test(await app.messages()));
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${await app.messages()}`, { cause: error });
    }
  }

  /** The app holds what it had, another one follows its source, and the app goes on when the source is mended. */
  async function holds(before: Record<string, string | undefined>, mend: () => Promise<void>): Promise<void> {
    await app.edit("o0", "by hand");
    await app.healed("o0");
    await other.commit({ o0: "2" });
    await other.converged();
    expect(await app.uids()).toEqual(before);
    await mend();
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
    await other.checkInvariants();
  }

  test.each(cases)("$name", async ({ files, says: expected }) => {
    const before = await app.uids();
    await app.push(files);
    await says(expected[dialect]);
    await holds(before, () => app.push(Object.fromEntries(Object.keys(files).map((path) => [path, null]))));
  });

  test("a kind that the cluster does not know", async () => {
    const before = await app.uids();
    await app.push({ "app/x.yaml": widget, "app/o0.yaml": configMap("o0", "2") });
    await says(/Widget/);
    await says(/example\.com\/v1/);
    await other.commit({ o0: "2" });
    await other.converged();
    expect(await app.content()).toMatchObject({ o0: "1" });
    await app.push({ "app/x.yaml": null, "app/o0.yaml": configMap("o0", "1") });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  test("a path that is not there", async () => {
    const before = await app.uids();
    const files = app.files();
    await app.push({ ...Object.fromEntries(Object.keys(files).map((path) => [path, null])), "other/x.yaml": "" });
    await says(/app.*(not found|does not exist)/);
    await holds(before, () => app.push(files));
  });

  test("a link that leaves the repository", async () => {
    const before = await app.uids();
    await world().git.commit(app.repository, { "app/x.yaml": { link: "../../x.yaml" } });
    await app.poke();
    await says(/app\/x\.yaml" leaves the repository/);
    await holds(before, () => app.push({ "app/x.yaml": null }));
  });

  test("a path that has no manifests any more", async () => {
    const before = await app.uids();
    const files = app.files();
    await app.push({ ...Object.fromEntries(Object.keys(files).map((path) => [path, null])), "app/.keep": "" });
    await says(/Deletions are held: .*every object.*holdfast approve/s);
    await pause(300);
    expect(await app.uids()).toEqual(before);
    await app.push(files);
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  test("a repository that has no files any more", async () => {
    const before = await app.uids();
    const files = app.files();
    await app.push(Object.fromEntries(Object.keys(files).map((path) => [path, null])));
    await says(/app.*(not found|does not exist)/);
    await holds(before, () => app.push(files));
  });
});

describe("one object declared twice", () => {
  test("in one kustomization is refused, naming both places", async () => {
    const app = await world().appOf("flux", { objects: 2 });
    await world().startController();
    await app.converged();
    await app.push({ "app/twice.yaml": configMap("o0", "twice") });
    const names = async () => /o0.*\(in app\/o0\.yaml:\d+ and app\/twice\.yaml:\d+\)/.test(await app.messages());
    await eventually("both places are named", names);
    expect((await app.content())["o0"]).toBe("1");
  });

  test("in one directory is told, and the last one holds", async () => {
    const app = await world().appOf("argocd", { objects: 2 });
    await world().startController();
    await app.converged();
    await app.push({ "app/twice.yaml": configMap("o0", "twice") });
    const tells = async () =>
      /RepeatedResourceWarning: Resource \/ConfigMap\/.*\/o0 appeared 2 times among application resources\. \(app\/o0\.yaml:\d+, app\/twice\.yaml:\d+\)/.test(
        await app.messages(),
      );
    await eventually("the condition names the object and both places", tells);
    await eventually("the last declaration holds", async () => (await app.content())["o0"] === "twice");
  });

  test.each(["flux", "argocd"] as const)("by two apps is told by both (%s)", async (dialect) => {
    const app = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    const uid = (await app.live("o0"))?.metadata.uid;
    const other = await app.sibling("other", { o0: "1", x: "1" });
    await eventually("the other app has its own object", async () => (await other.live("x")) !== null);
    await eventually("the other app names the first", async () =>
      (await other.messages()).includes(app.dialect.app.name),
    );
    await app.commit({ o0: null });
    app.mayDelete.clear();
    other.head = app.head;
    await other.poke();
    await other.converged();
    expect((await other.live("o0"))?.metadata.uid).toBe(uid);
    await app.checkInvariants();
    await other.checkInvariants();
  });
});

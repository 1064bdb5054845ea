import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";
import { setsIn } from "./set-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();

const { apply, apps, names, refTo, setNow, templateOf, untilNames, untilSet } = setsIn(world);

describe.concurrent("an ApplicationSet", () => {
  test("makes an Application of each folder, follows commits, and tells what became of them", async () => {
    const url = world.git.url("folders");
    await world.git.commit("folders", {
      "apps/one/a.yaml": configMap("folders-one"),
      "apps/two/a.yaml": configMap("folders-two"),
      "apps/skipped/a.yaml": configMap("folders-skipped"),
      "other/a.yaml": configMap("folders-other"),
    });
    const set = await apply("folders", {
      goTemplate: true,
      generators: [
        {
          git: {
            repoURL: url,
            revision: "main",
            requeueAfterSeconds: 2,
            directories: [{ path: "apps/*" }, { path: "apps/skipped", exclude: true }],
          },
        },
      ],
      template: {
        metadata: { name: "folders-{{.path.basename}}", labels: { folder: "{{ index .path.segments 1 | upper }}" } },
        spec: templateOf(url, "{{.path.path}}"),
      },
    });
    const done = await untilSet("folders", "both are synced", ({ rows }) => {
      return rows.join() === "folders-one Synced Healthy,folders-two Synced Healthy";
    });
    expect(done.conditions).toEqual([
      "ErrorOccurred=False ApplicationSetUpToDate: Successfully generated parameters for all Applications",
      "ParametersGenerated=True ParametersGenerated: Successfully generated parameters for all Applications",
      "ResourcesUpToDate=True ApplicationSetUpToDate: ApplicationSet up to date",
    ]);
    const [one] = await apps("folders");
    expect(one?.metadata).toMatchObject({
      labels: { folder: "ONE" },
      finalizers: ["resources-finalizer.argocd.argoproj.io"],
      ownerReferences: [{ kind: "ApplicationSet", uid: set.metadata.uid, controller: true }],
    });
    expect(one?.["spec"]).toMatchObject({ source: { path: "apps/one" } });

    await world.git.commit("folders", { "apps/three/a.yaml": configMap("folders-three"), "apps/one/a.yaml": null });
    await untilNames("folders", ["folders-three", "folders-two"]);
    await eventually("what the first had is gone", async () => {
      return (
        (await world.client.get(
          { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "folders-one" },
          { signal },
        )) === null
      );
    });
  });

  test("keeps its Applications when a generator or a template fails, and goes on once it does not", async () => {
    const url = world.git.url("failing");
    await world.git.commit("failing", { "envs/a.json": '{"env": "a"}', "envs/b.json": '{"env": "b"}' });
    const generators = [
      { git: { repoURL: url, revision: "main", requeueAfterSeconds: 2, files: [{ path: "envs/*.json" }] } },
    ];
    const template = (name: string) => ({ metadata: { name }, spec: templateOf(url, "none") });
    const spec = {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators,
      template: template("failing-{{.env}}"),
    };
    await apply("failing", spec);
    await untilNames("failing", ["failing-a", "failing-b"]);

    await world.git.commit("failing", { "envs/a.json": "[1]" });
    const broken = await untilSet(
      "failing",
      "it fails",
      ({ conditions }) => conditions[0]?.startsWith("ErrorOccurred=True") ?? false,
    );
    expect(broken.conditions[0]).toContain(
      "ApplicationGenerationFromParamsError: error generating params from git: unable to process file 'envs/a.json'",
    );
    expect(broken.conditions[1]).toContain("ParametersGenerated=False ErrorOccurred: ");
    expect(broken.rows).toHaveLength(2);

    await world.git.commit("failing", { "envs/a.json": '{"env": "a"}', "envs/c.json": '{"other": 1}' });
    await untilSet(
      "failing",
      "its template fails",
      ({ conditions }) => conditions[0]?.includes("RenderTemplateParamsError") ?? false,
    );
    expect(await names("failing")).toEqual(["failing-a", "failing-b"]);

    await world.git.commit("failing", { "envs/c.json": '{"env": "c"}' });
    await untilNames("failing", ["failing-a", "failing-b", "failing-c"]);
    await untilSet(
      "failing",
      "it is well",
      ({ conditions }) => conditions[0]?.startsWith("ErrorOccurred=False") ?? false,
    );
  });

  test("holds deletions that would leave nothing, until a person approves exactly these", async () => {
    const spec = (elements: object[]) => ({
      generators: [{ list: { elements } }],
      template: { metadata: { name: "{{name}}" }, spec: templateOf(world.git.url("held"), "none") },
    });
    await apply("held", spec([{ name: "held-a" }, { name: "held-b" }]));
    await untilNames("held", ["held-a", "held-b"]);
    await apply("held", spec([]));
    const held = await untilSet(
      "held",
      "deletions are held",
      ({ conditions }) => conditions[2]?.includes("DeletionsHeld") ?? false,
    );
    expect(held.conditions[2]).toContain(
      "Deletions are held back (held-a, held-b): the change would delete every application (2 of 2)",
    );
    expect(held.conditions[0]).toContain("ErrorOccurred=False");
    const digest = /\(plan ([0-9a-f]+)\)/.exec(held.conditions[2] ?? "")?.[1] ?? "";
    const annotate = (value: string) =>
      world.client.patch(
        refTo("held"),
        { metadata: { annotations: { "holdfast.dev/approve": value } } },
        { type: "merge", manager: "test", signal },
      );
    await annotate("0123456789abcdef");
    await apply("held", spec([]), { labels: { touched: "yes" } });
    await untilSet("held", "it was looked at again", ({ object }) => object.metadata.labels?.["touched"] === "yes");
    expect(await names("held")).toEqual(["held-a", "held-b"]);
    await annotate(digest);
    await untilNames("held", []);
  });

  test("undoes changes by hand, but for what others keep, and touches only what a change of its template changes", async () => {
    const spec = (path: string) => ({
      generators: [
        {
          list: {
            elements: [
              { name: "edited-a", path: "a" },
              { name: "edited-b", path },
            ],
          },
        },
      ],
      preservedFields: { annotations: ["kept"], labels: ["kept"] },
      ignoreApplicationDifferences: [
        { jsonPointers: ["/spec/source/targetRevision"] },
        { name: "edited-b", jsonPointers: ["/spec/info"] },
      ],
      template: {
        metadata: { name: "{{name}}", annotations: { own: "1" } },
        spec: templateOf(world.git.url("edited"), "{{path}}"),
      },
    });
    await apply("edited", spec("b"));
    await untilNames("edited", ["edited-a", "edited-b"]);
    const edit = (name: string, body: unknown) =>
      world.client.patch(refTo(name, "Application"), body, { type: "merge", manager: "hand", signal });
    await edit("edited-a", {
      metadata: {
        annotations: { own: "2", kept: "x", "notified.notifications.argoproj.io": "{}", other: "y" },
        labels: { kept: "x", other: "y" },
        finalizers: [],
      },
      spec: { project: "other", source: { targetRevision: "next" }, info: [{ name: "a", value: "b" }] },
    });
    await edit("edited-b", { spec: { info: [{ name: "a", value: "b" }] } });
    const now = async (name: string) => (await world.client.get(refTo(name, "Application"), { signal })) as Resource;
    await eventually(
      "the changes are undone",
      async () => (await now("edited-a")).metadata.annotations?.["own"] === "1",
    );
    const { metadata, ...rest } = await now("edited-a");
    expect(metadata.annotations).toEqual({ own: "1", kept: "x", "notified.notifications.argoproj.io": "{}" });
    expect(metadata.labels).toEqual({ kept: "x" });
    expect(metadata.finalizers).toEqual(["resources-finalizer.argocd.argoproj.io"]);
    expect(rest["spec"]).toMatchObject({ project: "default", source: { targetRevision: "next" } });
    expect(rest["spec"]).not.toHaveProperty("info");
    expect((await now("edited-b"))["spec"]).toHaveProperty("info");

    const writes = () =>
      world.engine.audit.filter(({ app, verb }) => app === "appset/argocd/edited" && verb === "update");
    const before = writes().length;
    await apply("edited", spec("elsewhere"));
    await eventually("the second follows", async () => JSON.stringify(await now("edited-b")).includes('"elsewhere"'));
    expect(
      writes()
        .slice(before)
        .map(({ object }) => object),
    ).toEqual(["Application/argocd/edited-b"]);
  });

  test("leaves to others what jq expressions name, and keeps all while one cannot be used", async () => {
    const info = (owner: string, note: string) => [
      { name: "owner", value: owner },
      { name: "note", value: note },
    ];
    const spec = (expression: string) => ({
      generators: [{ list: { elements: [{ name: "queried-a" }] } }],
      ignoreApplicationDifferences: [{ jqPathExpressions: [expression] }],
      template: {
        metadata: { name: "{{name}}" },
        spec: { ...templateOf(world.git.url("queried"), "none"), info: info("us", "ours") },
      },
    });
    const ref = refTo("queried-a", "Application");
    const now = async () => JSON.stringify((await world.client.get(ref, { signal }))?.["spec"] ?? {});
    await apply("queried", spec('.spec.info[] | select(.name == "note").value'));
    await untilNames("queried", ["queried-a"]);
    const edit = { spec: { info: info("them", "theirs") } };
    await world.client.patch(ref, edit, { type: "merge", manager: "hand", signal });
    await eventually("the owner is undone, and the note stays", async () =>
      (await now()).includes(JSON.stringify(info("us", "theirs"))),
    );
    await apply("queried", spec(".spec.info["));
    await untilSet(
      "queried",
      "the expression is told",
      ({ conditions }) => conditions[0]?.includes("Cannot compare by jqPathExpressions: .spec.info[: ") ?? false,
    );
    expect(await now()).toContain(JSON.stringify(info("us", "theirs")));
  });

  test("makes an Application again that somebody deleted", async () => {
    await apply("again", {
      generators: [{ list: { elements: [{ name: "again-a" }] } }],
      template: { metadata: { name: "{{name}}" }, spec: templateOf(world.git.url("again"), "none") },
    });
    await untilNames("again", ["again-a"]);
    const before = (await apps("again"))[0]?.metadata.uid ?? "";
    await world.client.delete(refTo("again-a", "Application"), { uid: before, signal });
    await eventually("there is another", async () => {
      const [now] = await apps("again");
      return now !== undefined && now.metadata.uid !== before;
    });
  });

  test("creates, changes and deletes only what its policy lets it", async () => {
    const spec = (applicationsSync: string, elements: object[]) => ({
      generators: [{ list: { elements } }],
      syncPolicy: { applicationsSync, preserveResourcesOnDeletion: true },
      template: { metadata: { name: "{{name}}" }, spec: templateOf(world.git.url("policy"), "{{path}}") },
    });
    const [a, b, c] = ["a", "b", "c"].map((name) => ({ name: `policy-${name}`, path: "one" }));
    const finalizers = ["resources-finalizer.argocd.argoproj.io"];
    await apply("policy", spec("create-only", [a, b] as object[]), { finalizers });
    await untilNames("policy", ["policy-a", "policy-b"]);
    expect((await apps("policy"))[0]?.metadata.finalizers).toBeUndefined();
    await apply("policy", spec("create-only", [{ ...a, path: "two" }, c] as object[]), { finalizers });
    await untilNames("policy", ["policy-a", "policy-b", "policy-c"]);
    expect((await apps("policy"))[0]?.["spec"]).toMatchObject({ source: { path: "one" } });
    await apply("policy", spec("create-update", [{ ...a, path: "two" }, c] as object[]), { finalizers });
    await eventually("the change is made", async () => JSON.stringify((await apps("policy"))[0]).includes('"two"'));
    expect(await names("policy")).toEqual(["policy-a", "policy-b", "policy-c"]);
    const { uid = "" } = (await setNow("policy")).object.metadata;
    await world.client.delete(refTo("policy"), { uid, signal });
    await eventually("the set is gone", async () => (await world.client.get(refTo("policy"), { signal })) === null);
    for (const name of ["policy-a", "policy-b", "policy-c"]) {
      const left = await world.client.get(refTo(name, "Application"), { signal });
      expect(left?.metadata.ownerReferences ?? []).toEqual([]);
      expect(left?.metadata.deletionTimestamp).toBeUndefined();
    }
  });

  test("follows the Secrets of clusters, and a request for a fresh look", async () => {
    const secret = (name: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "cluster", fleet: "yes" } },
      stringData: { name, server: `https://${name}.example`, config: "{}" },
    });
    await apply("clusters", {
      goTemplate: true,
      generators: [
        {
          clusters: {
            selector: { matchLabels: { fleet: "yes" } },
            values: { full: "{{.name}}.{{.metadata.labels.fleet}}" },
          },
        },
      ],
      template: {
        metadata: { name: "on-{{.nameNormalized}}", labels: { full: "{{.values.full}}" } },
        spec: templateOf(world.git.url("clusters"), "none"),
      },
    });
    await untilSet("clusters", "it makes nothing", ({ conditions }) => conditions.length === 3);
    await world.client.apply(secret("east"), { manager: "test", signal });
    await untilNames("clusters", ["on-east"]);
    expect((await apps("clusters"))[0]?.metadata.labels).toEqual({ full: "east.yes" });

    const url = world.git.url("asked");
    await world.git.commit("asked", { "apps/one/a.yaml": "" });
    await apply("asked", {
      generators: [{ git: { repoURL: url, revision: "main", directories: [{ path: "apps/*" }] } }],
      template: { metadata: { name: "asked-{{path.basename}}" }, spec: templateOf(url, "none") },
    });
    await untilNames("asked", ["asked-one"]);
    await world.git.commit("asked", { "apps/two/a.yaml": "" });
    const annotations = { "argocd.argoproj.io/application-set-refresh": "true" };
    await world.client.patch(refTo("asked"), { metadata: { annotations } }, { type: "merge", manager: "test", signal });
    await untilNames("asked", ["asked-one", "asked-two"]);
    await untilSet(
      "asked",
      "the request is taken off",
      ({ object }) => Object.keys(object.metadata.annotations ?? {}).length === 0,
    );
  });

  test("leaves out what cannot be used and makes the rest, and refuses what it does not know", async () => {
    const elements = [{ name: "mixed-a" }, { name: "mixed-b" }, { name: "mixed-b" }, { name: "Mixed C" }];
    const spec = {
      generators: [{ list: { elements } }],
      template: { metadata: { name: "{{name}}" }, spec: templateOf(world.git.url("mixed"), "none") },
    };
    await apply("mixed", spec);
    await untilNames("mixed", ["mixed-a"]);
    const { conditions } = await untilSet(
      "mixed",
      "it tells of the others",
      (set) => set.conditions[0]?.startsWith("ErrorOccurred=True") ?? false,
    );
    expect(conditions[0]).toBe(
      "ErrorOccurred=True ApplicationValidationError: ApplicationSet mixed contains applications with duplicate name: mixed-b (and 1 more)",
    );
    expect(conditions[1]).toContain("ParametersGenerated=True");
    await apply("mixed", {
      ...spec,
      goTemplate: true,
      template: { ...spec.template, metadata: { name: '{{ env "HOME" }}' } },
    });
    const refused = await untilSet(
      "mixed",
      "its template is refused",
      (set) => set.conditions[0]?.includes("RenderTemplateParamsError") ?? false,
    );
    expect(refused.conditions[0]).toContain('function "env" not defined');
    expect(await names("mixed")).toEqual(["mixed-a"]);
  });
});

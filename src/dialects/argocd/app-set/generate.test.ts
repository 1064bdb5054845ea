import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { GeneratedSet, SetQuestion } from "#core/app/app-set.ts";
import { usualSettings } from "#core/app/settings.ts";
import { base64OfText } from "#core/resource/base64.ts";
import type { Resource } from "#core/resource/resource.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { usualArgoSettings } from "../settings.ts";
import { generate } from "./generate.ts";
import { parseSet } from "./parse-set.ts";

const installation = { ...usualSettings("argocd"), argo: usualArgoSettings };
const server = "https://kubernetes.default.svc";

interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly objects?: readonly Resource[];
}

/** A set whose template shows parameters in the name and in the path. */
function setOf(spec: Record<string, unknown>, name = "{{name}}", path = "x"): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "fleet", namespace: "argocd", uid: "u1" },
    spec: {
      template: {
        metadata: { name },
        spec: { project: "default", source: { repoURL: "https://git.example/a", path }, destination: { server } },
      },
      ...spec,
    },
  };
}

async function generated(object: Resource, { files = {}, objects = [] }: World = {}): Promise<GeneratedSet> {
  const parsed = parseSet(object, usualArgoSettings.sets, "argocd");
  if (!parsed.ok) throw new Error(parsed.error.map(({ message }) => message).join("; "));
  const one = (kind: string, namespace: string, name: string) =>
    objects.find(
      (each) => each.kind === kind && each.metadata.namespace === namespace && each.metadata.name === name,
    ) ?? null;
  const all = (kind: string) => objects.filter((each) => each.kind === kind);
  const work = generate(parsed.value, Object.assign(one, { all }), installation);
  let step = work.next();
  while (!step.done) step = work.next(await answer(step.value, files));
  return step.value;
}

test("a set is served where the installation has sets, and may go from anywhere", () => {
  const judged = (namespace: string, more: Partial<Resource["metadata"]> = {}) => {
    const object = setOf({ generators: [{ list: {} }] });
    const settings = { ...usualArgoSettings.sets, namespaces: ["team-*"] };
    const parsed = parseSet({ ...object, metadata: { ...object.metadata, namespace, ...more } }, settings, "argocd");
    return parsed.ok ? [] : parsed.error.map(({ path }) => path);
  };
  expect(judged("argocd")).toEqual([]);
  expect(judged("team-a")).toEqual([]);
  expect(judged("shop")).toEqual(["metadata.namespace"]);
  expect(judged("shop", { deletionTimestamp: "2026-01-01T00:00:00Z" })).toEqual([]);
});

async function answer(question: SetQuestion, files: Readonly<Record<string, string>>): Promise<unknown> {
  switch (question.ask) {
    case "tree":
      return memoryTree(files);
    case "read":
      return question.tree.read(question.paths, new AbortController().signal);
    case "decode":
      return question.texts.map((text) => ({ value: load(text) ?? null }));
    // What Go would answer is tested with Go: here each job is answered with what it was asked with.
    case "template":
      return question.jobs.map(({ tree, params }) => ({ value: echoed(question.trees[tree], params) }));
    default:
      throw new Error("Nobody is asked here");
  }
}

/** A tree whose texts `<a.b>` are replaced by the parameter of that name, as JSON unless it is a text. */
function echoed(tree: unknown, params: unknown): unknown {
  if (typeof tree === "string") {
    return tree.replace(/<([^<>]+)>/g, (_all, path: string) => {
      const found = path
        .split(".")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], params);
      return typeof found === "string" ? found : JSON.stringify(found);
    });
  }
  if (Array.isArray(tree)) return tree.map((member) => echoed(member, params));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, member]) => [key, echoed(member, params)]));
}

const namesOf = ({ apps }: GeneratedSet) => apps.map(({ metadata }) => metadata.name);
const pathsOf = ({ apps }: GeneratedSet) =>
  apps.map((app) => (app["spec"] as { source: { path: string } }).source.path);

function cluster(name: string, labels: Record<string, string> = {}): Resource {
  const data = { name, server: `https://${name}.example`, project: "team" };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `cluster-${name}`,
      namespace: "argocd",
      labels: { "argocd.argoproj.io/secret-type": "cluster", ...labels },
      annotations: { owner: "ada" },
    },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64OfText(value)])),
  };
}

describe("the list generator", () => {
  test("makes an Application of each element, in the set's namespace and with the finalizer", async () => {
    const elements = [
      { name: "a", values: { where: "east" } },
      { name: "b", values: { where: "west" } },
    ];
    const made = await generated(
      setOf({ generators: [{ list: { elements } }] }, "{{name}}-{{ values.where }}", "{{unknown}}"),
    );
    expect(namesOf(made)).toEqual(["a-east", "b-west"]);
    expect(made.apps[0]).toEqual({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: {
        name: "a-east",
        namespace: "argocd",
        finalizers: ["resources-finalizer.argocd.argoproj.io"],
      },
      spec: {
        project: "default",
        source: { repoURL: "https://git.example/a", path: "{{unknown}}" },
        destination: { server },
      },
    });
  });

  test("takes elements of YAML besides", async () => {
    const list = { elements: [{ name: "a" }], elementsYaml: "- name: b\n- name: c\n" };
    expect(namesOf(await generated(setOf({ generators: [{ list }] })))).toEqual(["a", "b", "c"]);
  });

  test("refuses values that are no texts, unless templates are Go's", async () => {
    const generators = [{ list: { elements: [{ name: 1 }] } }];
    await expect(generated(setOf({ generators }))).rejects.toThrow("error parsing value as string");
    expect(namesOf(await generated(setOf({ goTemplate: true, generators }, "n<name>")))).toEqual(["n1"]);
  });

  test("leaves out what its selector does not select", async () => {
    const list = { elements: [{ name: "a", tier: "web" }, { name: "b", tier: "db" }, { name: "c" }] };
    const selector = { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["db"] }] };
    expect(namesOf(await generated(setOf({ generators: [{ list, selector }] })))).toEqual(["a", "c"]);
    const matrix = { generators: [{ list, selector }, { list: { elements: [{ kind: "x" }] } }] };
    expect(namesOf(await generated(setOf({ generators: [{ matrix }] })))).toEqual(["a", "c"]);
  });
});

describe("the cluster generator", () => {
  const objects = [cluster("west", { tier: "prod" }), cluster("east")];

  test("makes an Application of each cluster and of this one", async () => {
    const clusters = { values: { full: "{{name}}.{{project}}.{{metadata.annotations.owner}}" } };
    const made = await generated(setOf({ generators: [{ clusters }] }, "{{nameNormalized}}", "{{values.full}}"), {
      objects,
    });
    expect(namesOf(made)).toEqual(["in-cluster", "east", "west"]);
    expect(pathsOf(made)).toEqual(["in-cluster..{{metadata.annotations.owner}}", "east.team.ada", "west.team.ada"]);
  });

  test("a selector leaves this one out", async () => {
    const clusters = { selector: { matchLabels: { tier: "prod" } } };
    expect(namesOf(await generated(setOf({ generators: [{ clusters }] }), { objects }))).toEqual(["west"]);
  });

  test("a Secret for this cluster takes its place", async () => {
    const own = { ...cluster("home"), data: { name: base64OfText("home"), server: base64OfText(server) } };
    expect(namesOf(await generated(setOf({ generators: [{ clusters: {} }] }), { objects: [own] }))).toEqual(["home"]);
  });

  test("may give all clusters as one parameter", async () => {
    const set = setOf({ goTemplate: true, generators: [{ clusters: { flatList: true } }] }, "all", "<clusters>");
    const [path = ""] = pathsOf(await generated(set, { objects }));
    expect(JSON.parse(path)).toMatchObject([{ name: "in-cluster" }, { name: "east" }, { name: "west" }]);
  });
});

describe("the git generator", () => {
  const files = {
    "apps/Web_1/config.json": '{"name": "web", "size": {"cpu": 2}, "ports": [80, 443]}',
    "apps/db/config.yaml": "- name: db-a\n- name: db-b\n",
    "apps/db/deep/config.yaml": "name: deep\n",
    "apps/.hidden/a.yaml": "",
    "top.yaml": "",
  };
  const git = { repoURL: "https://git.example/a", revision: "HEAD" };

  test("makes parameters of folders, those that begin with a dot left out", async () => {
    const directories = [{ path: "apps/*" }, { path: "apps/d*", exclude: true }];
    const name = "{{path.basenameNormalized}}-{{path[0]}}";
    const made = await generated(
      setOf({ generators: [{ git: { ...git, directories } }] }, name, "{{path}} {{path.basename}}"),
      { files },
    );
    expect(namesOf(made)).toEqual(["web-1-apps"]);
    expect(pathsOf(made)).toEqual(["apps/Web_1 Web_1"]);
  });

  test("makes parameters of files and what they hold, of lists several", async () => {
    const set = setOf({
      generators: [{ git: { ...git, files: [{ path: "apps/*.json" }, { path: "apps/*/config.yaml" }] } }],
    });
    expect(namesOf(await generated(set, { files }))).toEqual(["web", "db-a", "db-b", "deep"]);
  });

  test("an exclusion wins over every inclusion", async () => {
    const places = [{ path: "apps/db/deep", exclude: true }, { path: "apps/**/config.yaml" }];
    const set = setOf({ generators: [{ git: { ...git, files: places } }] });
    expect(namesOf(await generated(set, { files }))).toEqual(["db-a", "db-b"]);
  });

  test("flattens what a file holds, and names it with a prefix where asked to", async () => {
    const place = {
      ...git,
      files: [{ path: "apps/*.json" }],
      pathParamPrefix: "own",
      values: { all: "{{name}}.{{size.cpu}}.{{ports.1}}" },
    };
    const path = "{{own.path}} {{own.path.filename}} {{own.path.filenameNormalized}} {{own.path[1]}} {{values.all}}";
    const made = await generated(setOf({ generators: [{ git: place }] }, "{{name}}", path), { files });
    expect(pathsOf(made)).toEqual(["apps/Web_1 config.json config.json Web_1 web.2.443"]);
  });

  test("gives Go's templates the path in parts", async () => {
    const place = { ...git, files: [{ path: "apps/*.json" }] };
    const made = await generated(setOf({ goTemplate: true, generators: [{ git: place }] }, "<name>", "<path>"), {
      files,
    });
    expect(JSON.parse(pathsOf(made)[0] ?? "")).toEqual({
      path: "apps/Web_1",
      basename: "Web_1",
      filename: "config.json",
      basenameNormalized: "web-1",
      filenameNormalized: "config.json",
      segments: ["apps", "Web_1"],
    });
  });

  test("names the file that cannot be used", async () => {
    const set = setOf({ generators: [{ git: { ...git, files: [{ path: "bad.json" }] } }] });
    await expect(generated(set, { files: { "bad.json": "[1]" } })).rejects.toThrow("unable to process file 'bad.json'");
  });
});

describe("combinations", () => {
  const list = (...elements: object[]) => ({ list: { elements } });

  test("matrix makes every pair, the second filled in with the first", async () => {
    const generators = [list({ env: "dev" }, { env: "prod" }), list({ name: "web-{{env}}" }, { name: "db-{{env}}" })];
    const set = setOf({ generators: [{ matrix: { generators } }] });
    expect(namesOf(await generated(set))).toEqual(["web-dev", "db-dev", "web-prod", "db-prod"]);
  });

  test("matrix refuses a key with two values, and with Go's templates lets the first win", async () => {
    const generators = [list({ name: "a" }), list({ name: "b", size: "1" })];
    const spec = { generators: [{ matrix: { generators } }] };
    await expect(generated(setOf(spec))).rejects.toThrow("found duplicate key name with different value, a: a ,b: b");
    expect(namesOf(await generated(setOf({ ...spec, goTemplate: true }, "<name>-<size>")))).toEqual(["a-1"]);
  });

  test("merge keeps the first child's rows, with what others say of the same keys", async () => {
    const base = list({ name: "b", size: "1" }, { name: "a", size: "1" });
    const generators = [base, list({ name: "a", size: "2" }, { name: "z", size: "9" })];
    const set = setOf({ generators: [{ merge: { mergeKeys: ["name"], generators } }] }, "{{name}}-{{size}}");
    expect(namesOf(await generated(set))).toEqual(["a-2", "b-1"]);
  });

  test("merge refuses keys that are not unique", async () => {
    const generators = [list({ name: "a" }), list({ name: "a" }, { name: "a" })];
    const set = setOf({ generators: [{ merge: { mergeKeys: ["name"], generators } }] });
    await expect(generated(set)).rejects.toThrow(/were not unique by the given mergeKeys.*Duplicate key was/);
  });

  test("are nested two levels deep and no more", async () => {
    const pair = (inner: object) => ({ matrix: { generators: [inner, list({ b: "2" })] } });
    const two = setOf({ generators: [pair(pair(list({ name: "a" })))] });
    expect(namesOf(await generated(two))).toEqual(["a"]);
    const three = setOf({ generators: [pair(pair(pair(list({ name: "a" }))))] });
    await expect(generated(three)).rejects.toThrow("matrix is nested more than two levels deep");
  });

  test("a matrix has its second generator filled in with many of the first at once, in their order", () => {
    const outers = Array.from({ length: 1_000 }, (_, index) => ({ n: String(index) }));
    const second = { list: { elements: [{ m: "{{.n}}" }] } };
    const matrix = { generators: [{ list: { elements: outers } }, second] };
    const parsed = parseSet(setOf({ goTemplate: true, generators: [{ matrix }] }), usualArgoSettings.sets, "argocd");
    if (!parsed.ok) throw new Error("it is refused");
    const asked: Extract<SetQuestion, { ask: "template" }>[] = [];
    const work = generate(
      parsed.value,
      Object.assign(() => null, { all: () => [] }),
      installation,
    );
    for (let step = work.next(); !step.done;) {
      const question = step.value as (typeof asked)[number];
      asked.push(question);
      step = work.next(question.jobs.map(({ params }) => ({ value: { list: { elements: [{ m: params["n"] }] } } })));
    }
    expect(asked.map(({ jobs }) => jobs.length)).toEqual([500, 500, 500, 500]);
    expect(asked.at(-1)?.jobs.at(-1)?.params).toEqual({ n: "999", m: "999" });
  });

  test("stop before they make more than anybody can use", async () => {
    const many = {
      list: { elements: Array.from({ length: 1000 }, (_, index) => ({ [`k${index % 2}`]: String(index) })) },
    };
    const set = setOf({
      generators: [{ matrix: { generators: [many, { list: { elementsYaml: "[{name: a}]".repeat(1) } }] } }],
    });
    expect((await generated(set)).problems[0]).toContain("duplicate name: a");
    const square = setOf({ goTemplate: true, generators: [{ matrix: { generators: [many, many] } }] });
    await expect(generated(square)).rejects.toThrow("more than the allowed 20000");
  });
});

describe("templates", () => {
  const generators = [{ list: { elements: [{ name: "a" }] } }];

  test("a generator's own counts before the set's", async () => {
    const own = { metadata: { labels: { from: "{{name}}" } }, spec: { source: { path: "own" } } };
    const [app] = (await generated(setOf({ generators: [{ list: { elements: [{ name: "a" }], template: own } }] })))
      .apps;
    expect(app?.metadata).toMatchObject({ name: "a", labels: { from: "a" } });
    expect(app?.["spec"]).toMatchObject({ source: { repoURL: "https://git.example/a", path: "own" } });
  });

  test("a patch is merged in, null deletes, and the project stays", async () => {
    const templatePatch = `
metadata: {annotations: {by: "{{name}}"}}
spec:
  project: other
  source: {path: null, chart: "{{name}}"}
  syncPolicy: {automated: {prune: true}}`;
    const [app] = (await generated(setOf({ generators, templatePatch }))).apps;
    expect(app?.metadata.annotations).toEqual({ by: "a" });
    expect(app?.["spec"]).toEqual({
      project: "default",
      source: { repoURL: "https://git.example/a", chart: "a" },
      destination: { server },
      syncPolicy: { automated: { prune: true } },
    });
  });

  test("resources that are to be preserved get no finalizer", async () => {
    const syncPolicy = { preserveResourcesOnDeletion: true };
    const [app] = (await generated(setOf({ generators, syncPolicy }))).apps;
    expect(app?.metadata.finalizers).toBeUndefined();
  });

  test("one without an end is refused", async () => {
    await expect(generated(setOf({ generators }, "{{name}}-{{"))).rejects.toThrow('Cannot find end tag="}}"');
  });
});

describe("what is made", () => {
  const elements = [{ name: "a" }, { name: "twice" }, { name: "twice" }, { name: "Not a name" }];

  test("names that are there twice, or are none, are left out, and the rest is made", async () => {
    const made = await generated(setOf({ generators: [{ list: { elements } }] }));
    expect(namesOf(made)).toEqual(["a"]);
    expect([...made.names]).toEqual(["a", "twice", "Not a name"]);
    expect(made.problems).toEqual([
      "ApplicationSet fleet contains applications with duplicate name: twice",
      'ApplicationSet fleet contains an application with an invalid name: "Not a name"',
    ]);
  });

  test("projects and clusters that do not exist are told of", async () => {
    const set = setOf({ generators: [{ list: { elements: [{ name: "a", project: "moon" }] } }] });
    const patched = {
      ...set,
      spec: { ...(set["spec"] as object), templatePatch: "spec: {destination: {server: https://moon.example}}" },
    };
    expect((await generated(patched)).problems[0]).toContain("application destination spec is invalid: ");
    const { template } = set["spec"] as { template: { metadata: object; spec: object } };
    const other = { ...template, spec: { ...template.spec, project: "{{project}}" } };
    const made = await generated({ ...set, spec: { ...(set["spec"] as object), template: other } });
    expect(made.problems).toEqual(["application references project moon which does not exist"]);
  });
});

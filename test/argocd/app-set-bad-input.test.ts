import { beforeEach, describe, expect, test } from "vitest";
import { useFaultWorld } from "../faults/fault-world.ts";
import { eventually } from "../support/eventually.ts";
import { useOf } from "../support/process-use.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const API = "argoproj.io/v1alpha1";
const MAY_TAKE_S = 5;
/** More than before: the program of the helper is large by itself. */
const MAY_USE_MIB = 256;
const TOLD_WITHIN_MS = 90_000;
const rows = (count: number, row: (index: number) => object) => Array.from({ length: count }, (_, index) => row(index));
let controller = 0;

/** Nothing that tests load counts, so that the controller has a process of its own. */
beforeEach(async () => {
  controller = (await world().startProcess()).pid;
});

interface TooMuch {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly generator: (url: string) => object;
  readonly app?: string;
  readonly says: RegExp;
}

const files = (url: string) => ({ git: { repoURL: url, revision: "main", files: [{ path: "all.json" }] } });
const cases: readonly TooMuch[] = [
  {
    name: "a file of a million parameters",
    files: { "all.json": JSON.stringify(rows(1_000_000, () => ({ n: 1 }))) },
    generator: files,
    says: /all\.json.*larger than the allowed 2 MiB/,
  },
  {
    name: "many files of a million parameters",
    files: Object.fromEntries(
      rows(10, (index) => ({ [`all-${index}.json`]: JSON.stringify(rows(100_000, () => ({ n: 1 }))) })).flatMap(
        Object.entries,
      ),
    ) as Record<string, string>,
    generator: (url) => ({ git: { repoURL: url, revision: "main", files: [{ path: "all-*.json" }] } }),
    says: /more than the allowed 20000/,
  },
  {
    name: "a matrix of a million parameters",
    generator: () => {
      const list = (name: string) => ({ list: { elements: rows(1_000, (index) => ({ [name]: String(index) })) } });
      return { matrix: { generators: [list("a"), list("b")] } };
    },
    says: /more than the allowed 20000/,
  },
  {
    name: "a million times nothing",
    files: { "all.json": JSON.stringify(rows(15_000, (index) => ({ n: index }))) },
    generator: (url) => ({ matrix: { generators: [files(url), { list: { elementsYaml: "[]" } }] } }),
    says: /Deletions are held back/,
  },
  {
    name: "ten thousand times the same name",
    files: { "all.json": JSON.stringify(rows(10_000, (index) => ({ n: index }))) },
    generator: files,
    app: "same",
    says: /contains applications with duplicate name: same/,
  },
  {
    name: "ten thousand names that are none",
    files: { "all.json": JSON.stringify(rows(10_000, (index) => ({ n: index }))) },
    generator: files,
    app: "{{.n}} / {{.n}}",
    says: /invalid name: .* \(and 9999 more\)/,
  },
  {
    name: "a template that computes without end",
    generator: () => ({ list: { elements: [{ n: 1 }] } }),
    app: "{{ range until 100000000 }}{{ . }}{{ end }}",
    says: /the templates take longer|memory|too large|larger/,
  },
];

describe("an ApplicationSet is told what is too much, soon and with little memory, and loses nothing:", () => {
  test.each(cases)("$name", async ({ name, files: contents = { "all.json": "[]" }, generator, app, says }) => {
    const key = name.replaceAll(/[^a-z]+/g, "-");
    const url = world().git.url(key);
    await world().git.commit(key, contents);
    const child = `${key}-a`;
    await world().client.apply(setOf(key, { list: { elements: [{ n: "a" }] } }, `${key}-{{.n}}`, url), {
      manager: "test",
      signal,
    });
    const ref = { apiVersion: API, kind: "Application", namespace: "argocd", name: child };
    await eventually("it has a child", async () => (await world().client.get(ref, { signal })) !== null);
    const { uid } = (await world().client.get(ref, { signal }))?.metadata ?? {};
    const bad = setOf(key, generator(url), app ?? `${key}-{{.n}}`, url);
    const { workedS, peakMib, grownMib } = await useOf(controller, async () => {
      await world().client.apply(bad, { manager: "test", signal });
      await eventually("it is told", async () => says.test(await toldBy(key)), TOLD_WITHIN_MS).catch(
        async (error: Error) => {
          throw new Error(`${error.message}: ${await toldBy(key)}`, { cause: error });
        },
      );
    });
    if (process.env["HOLDFAST_TEST_LOG"]) console.log(name, workedS, "s", peakMib, grownMib, "MiB");
    expect(workedS).toBeLessThan(MAY_TAKE_S);
    expect(peakMib).toBeGreaterThan(30);
    expect(grownMib).toBeLessThan(MAY_USE_MIB);
    const live = await world().client.get(ref, { signal });
    expect(live?.metadata).toMatchObject({ uid });
    expect(live?.metadata.deletionTimestamp).toBeUndefined();
    const set = { ...ref, kind: "ApplicationSet", name: key };
    const found = await world().client.get(set, { signal });
    await world().client.delete(set, { uid: found?.metadata.uid ?? "", propagation: "Background", signal });
  });
});

function setOf(name: string, generator: object, app: string, url: string) {
  const source = { repoURL: url, path: "none", targetRevision: "main" };
  const destination = { server: "https://kubernetes.default.svc", namespace: "default" };
  const template = { metadata: { name: app }, spec: { project: "default", source, destination } };
  const spec = { goTemplate: true, generators: [generator], template };
  return { apiVersion: API, kind: "ApplicationSet", metadata: { name, namespace: "argocd" }, spec };
}

async function toldBy(name: string): Promise<string> {
  const ref = { apiVersion: API, kind: "ApplicationSet", namespace: "argocd", name };
  const { conditions = [] } = ((await world().client.get(ref, { signal }))?.["status"] ?? {}) as {
    conditions?: { message?: string }[];
  };
  return conditions.map(({ message }) => message).join("\n");
}

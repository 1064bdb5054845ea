import { afterEach, describe, expect, test } from "vitest";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { SourceKey } from "#core/source/source.ts";
import { ArtifactPublisher } from "./artifact-publisher.ts";
import type { ArtifactContent, ArtifactStore, ServedArtifact } from "./artifact-store.ts";

const source = "Repo/apps/shop" as SourceKey;
const log = { info: () => {}, warn: () => {}, error: () => {} };
let stop = new AbortController();

afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

/** A store that makes what a test lets it make. */
class FakeStore implements ArtifactStore {
  readonly removed: string[] = [];
  retained: ReadonlySet<string> | null = null;
  readonly waiting: { content: ArtifactContent; make: (outcome?: Error) => void }[] = [];

  put(content: ArtifactContent): Promise<ServedArtifact> {
    return new Promise((resolve, reject) => {
      const { path } = content;
      const made = { path, url: `http://x/${path}`, digest: `sha256:${content.tree.entry("")?.digest}`, size: 1 };
      this.waiting.push({ content, make: (error) => (error ? reject(error) : resolve(made)) });
    });
  }

  remove(object: string): Promise<void> {
    this.removed.push(object);
    return Promise.resolve();
  }

  retain(objects: ReadonlySet<string>): Promise<void> {
    this.retained = objects;
    return Promise.resolve();
  }
}

function content(text: string): ArtifactContent {
  return { path: `repo/apps/shop/${text}.tar.gz`, tree: memoryTree({ "a.yaml": text }), file: null };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function rig() {
  const store = new FakeStore();
  const told: SourceKey[] = [];
  const publisher = new ArtifactPublisher({ store, random: () => 0.5, onDone: (key) => told.push(key), log });
  const running = publisher.run(new Set(["repo/apps/shop"]), stop.signal);
  running.catch(() => {});
  await settled();
  return { store, told, publisher };
}

describe("ArtifactPublisher", () => {
  test("what is asked for is made once, told of, and known from then on", async () => {
    const { store, told, publisher } = await rig();
    expect(store.retained).toEqual(new Set(["repo/apps/shop"]));
    const one = content("1");
    expect([publisher.artifact(source, one), publisher.artifact(source, one)]).toEqual([null, null]);
    await settled();
    expect(store.waiting).toHaveLength(1);
    store.waiting[0]?.make();
    await settled();
    expect(told).toEqual([source]);
    expect(publisher.artifact(source, one)).toMatchObject({ path: one.path, size: 1 });
  });

  test("what is not wanted any more when it is made is not told of", async () => {
    const { store, told, publisher } = await rig();
    publisher.artifact(source, content("1"));
    await settled();
    const two = content("2");
    publisher.artifact(source, two);
    store.waiting[0]?.make();
    await settled();
    expect(told).toEqual([]);
    store.waiting[1]?.make();
    await settled();
    expect([told, publisher.artifact(source, two)]).toMatchObject([[source], { path: two.path }]);
  });

  test("a failure is told of, and stays until the content can be made", async () => {
    const { store, told, publisher } = await rig();
    const one = content("1");
    publisher.artifact(source, one);
    await settled();
    store.waiting[0]?.make(new Error("the disk is full"));
    await settled();
    expect(told).toEqual([source]);
    expect(publisher.artifact(source, one)).toMatchObject({ message: "the disk is full" });
  });

  test("the files of an object that is forgotten are removed", async () => {
    const { store, publisher } = await rig();
    publisher.artifact(source, content("1"));
    await settled();
    publisher.forget("repo/apps/shop");
    store.waiting[0]?.make();
    await settled();
    expect(store.removed).toEqual(["repo/apps/shop"]);
  });
});

import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { KnownObjects } from "./known-objects.ts";

const { signal } = new AbortController();

function object(name: string, resourceVersion: string, uid = `uid-${name}`): Resource {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, uid, resourceVersion }, spec: { big: true } };
}

function recorded() {
  const log: string[] = [];
  const gone: Resource[] = [];
  const known = new KnownObjects({
    upsert: ({ metadata }) => log.push(`upsert ${metadata.name}@${metadata.resourceVersion}`),
    gone: (last) => {
      log.push(`gone ${last.metadata.name}`);
      gone.push(last);
    },
  });
  return { log, gone, known };
}

test("a list reports what it lacks, what is new and what has changed, and nothing else", async () => {
  const { log, gone, known } = recorded();
  await known.replace([object("a", "1"), object("b", "2"), object("c", "3")], signal);
  log.length = 0;
  await known.replace([object("a", "1"), object("b", "9"), object("d", "8")], signal);
  expect(log).toEqual(["gone c", "upsert b@9", "upsert d@8"]);
  expect(gone[0]?.metadata).toEqual({ name: "c", uid: "uid-c", resourceVersion: "3" });
  expect(known.size).toBe(3);
});

test("an object that was deleted and created again is gone first, in a list and in an event", async () => {
  const { log, known } = recorded();
  await known.replace([object("a", "1", "first")], signal);
  await known.replace([object("a", "5", "second")], signal);
  known.upsert(object("a", "9", "third"));
  expect(log).toEqual(["upsert a@1", "gone a", "upsert a@5", "gone a", "upsert a@9"]);
});

test("repeated and late events change nothing", async () => {
  const { log, known } = recorded();
  await known.replace([object("a", "10")], signal);
  known.upsert(object("a", "12"));
  known.upsert(object("a", "12"));
  known.upsert(object("a", "9"));
  known.remove(object("a", "11"));
  known.remove(object("a", "100"));
  known.remove(object("a", "100"));
  known.upsert(object("a", "12"));
  expect(log).toEqual(["upsert a@10", "upsert a@12", "gone a"]);
});

test("a list is believed over what events said before", async () => {
  const { log, known } = recorded();
  known.upsert(object("a", "500"));
  known.remove(object("a", "501"));
  await known.replace([object("a", "20", "restored")], signal);
  expect(log).toEqual(["upsert a@500", "gone a", "upsert a@20"]);
});

test("names in different namespaces are different objects", async () => {
  const { known } = recorded();
  const inSpace = (namespace: string): Resource => ({
    ...object("a", "1"),
    metadata: { ...object("a", "1").metadata, namespace },
  });
  await known.replace([inSpace("x"), inSpace("y")], signal);
  expect(known.size).toBe(2);
});

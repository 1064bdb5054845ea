import { expect, test } from "vitest";
import type { EventNote } from "#core/app/app-report.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { CallOptions, ClusterClient, ObjectRef } from "#engine/ports.ts";
import { createEventSink } from "./event-sink.ts";
import type { EventOutcome } from "./event-sink.ts";

type EventWrites = Pick<ClusterClient, "create" | "patch">;

/** A cluster that keeps events, with a clock that tests move. */
function world(changes: Partial<EventWrites> = {}) {
  const events = new Map<string, Resource>();
  const writes: EventWrites = {
    create: (object) => {
      events.set(object.metadata.name, object);
      return Promise.resolve(object);
    },
    patch: (ref: ObjectRef, body: unknown) => {
      const old = events.get(ref.name);
      if (!old) return Promise.reject(new ApiError({ code: 404, reason: "NotFound", message: "gone" }));
      const patched = { ...old, ...(body as object) };
      events.set(ref.name, patched);
      return Promise.resolve(patched);
    },
    ...changes,
  };
  const outcomes: EventOutcome[] = [];
  const warnings: string[] = [];
  const time = { ms: 0 };
  const sink = createEventSink({
    client: writes as ClusterClient,
    clock: { now: () => Date.parse("2026-03-01T10:00:00Z") + time.ms, monotonic: () => time.ms },
    log: { info: () => {}, warn: (_fields, message) => warnings.push(message), error: () => {} },
    onOutcome: (outcome) => outcomes.push(outcome),
    drainMs: 100,
  });
  return { sink, events, outcomes, warnings, time };
}

/** Writes everything that waits. */
async function drain(sink: ReturnType<typeof createEventSink>): Promise<void> {
  await sink.run(AbortSignal.abort());
}

function target(name: string): Resource {
  const metadata = { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: "7" };
  return { apiVersion: "apps.example.com/v1", kind: "Thing", metadata };
}

function note(message: string, changes: Partial<EventNote> = {}): EventNote {
  return { type: "Normal", reason: "Synced", message, annotations: {}, ...changes };
}

test("an event names its object, source, reason and annotations", async () => {
  const { sink, events, outcomes } = world();
  sink.push(target("web"), "thing-controller", [
    note("applied", { type: "Warning", annotations: { "example.com/revision": "1" } }),
  ]);
  await drain(sink);
  const [event] = events.values();
  expect(event).toEqual({
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: expect.stringMatching(/^web\.[0-9a-f]+$/) as string,
      namespace: "shop",
      annotations: { "example.com/revision": "1" },
    },
    involvedObject: {
      apiVersion: "apps.example.com/v1",
      kind: "Thing",
      name: "web",
      namespace: "shop",
      uid: "uid-web",
      resourceVersion: "7",
    },
    type: "Warning",
    reason: "Synced",
    message: "applied",
    source: { component: "thing-controller" },
    reportingComponent: "thing-controller",
    reportingInstance: "",
    count: 1,
    firstTimestamp: "2026-03-01T10:00:00Z",
    lastTimestamp: "2026-03-01T10:00:00Z",
  });
  expect(outcomes).toEqual(["written"]);
});

test("the same words within five minutes are one event; afterwards its count tells how often", async () => {
  const { sink, events, outcomes, time } = world();
  for (let minute = 0; minute < 5; minute += 1) {
    time.ms = minute * 60_000;
    sink.push(target("web"), "thing-controller", [note("failed")]);
    await drain(sink);
  }
  expect([...events.values()].map((event) => event["count"])).toEqual([1]);
  time.ms = 5 * 60_000;
  sink.push(target("web"), "thing-controller", [note("failed")]);
  await drain(sink);
  expect([...events.values()]).toEqual([
    expect.objectContaining({
      count: 6,
      firstTimestamp: "2026-03-01T10:00:00Z",
      lastTimestamp: "2026-03-01T10:05:00Z",
    }),
  ]);
  expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(2);
  expect(outcomes.filter((outcome) => outcome === "repeated")).toHaveLength(4);
});

test("a forgotten event is written anew", async () => {
  const { sink, events, time } = world();
  sink.push(target("web"), "thing-controller", [note("failed")]);
  await drain(sink);
  events.clear();
  time.ms = 3_600_000;
  sink.push(target("web"), "thing-controller", [note("failed")]);
  await drain(sink);
  expect([...events.values()]).toEqual([expect.objectContaining({ count: 1, firstTimestamp: "2026-03-01T11:00:00Z" })]);
});

test("a flapping object gets five events at once and then one in ten seconds; others are not affected", async () => {
  const { sink, events, outcomes, time } = world();
  const flap = (from: number, count: number) => {
    for (let index = from; index < from + count; index += 1) {
      sink.push(target("web"), "thing-controller", [note(`attempt ${index}`)]);
    }
  };
  flap(0, 1_000);
  sink.push(target("db"), "thing-controller", [note("applied")]);
  time.ms = 25_000;
  flap(1_000, 1_000);
  await drain(sink);
  const names = [...events.values()].map((event) => (event["involvedObject"] as { name: string }).name);
  expect(names.filter((name) => name === "web")).toHaveLength(5 + 2);
  expect(names.filter((name) => name === "db")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === "limited")).toHaveLength(2_000 - 7);
});

test("a refused event is logged and counted, and those behind it are still written", async () => {
  const refusing = (object: Resource) =>
    object["message"] === "first"
      ? Promise.reject(new ApiError({ code: 403, reason: "Forbidden", message: "no" }))
      : Promise.resolve(object);
  const { sink, outcomes, warnings } = world({ create: refusing });
  sink.push(target("web"), "thing-controller", [note("first"), note("second")]);
  await drain(sink);
  expect(outcomes).toEqual(["failed", "written"]);
  expect(warnings).toEqual(["event could not be written"]);
});

test("events are written while it runs, without being asked again", async () => {
  const { sink, events } = world();
  const stop = new AbortController();
  const running = sink.run(stop.signal);
  sink.push(target("web"), "thing-controller", [note("one")]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(events.size).toBe(1);
  sink.push(target("web"), "thing-controller", [note("two")]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(events.size).toBe(2);
  stop.abort();
  await running;
});

test("a stop ends within its deadline although the server does not answer, and says what is left", async () => {
  const hanging = (_object: Resource, options: CallOptions) =>
    new Promise<Resource>((_resolve, reject) =>
      options.signal.addEventListener("abort", () => reject(options.signal.reason as Error), { once: true }),
    );
  const { sink, warnings } = world({ create: hanging });
  sink.push(target("web"), "thing-controller", [note("one"), note("two"), note("three")]);
  const started = performance.now();
  await drain(sink);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(warnings.at(-1)).toBe("stopped before all events were written");
});

test("very long words are cut to what the API server takes", async () => {
  const { sink, events } = world();
  sink.push({ ...target("web"), metadata: { name: "n".repeat(253) } }, "thing-controller", [
    note("m".repeat(5_000), { reason: "R".repeat(500) }),
  ]);
  await drain(sink);
  const [event] = events.values();
  expect(event?.metadata.name.length).toBeLessThan(253);
  expect(event?.metadata.namespace).toBe("default");
  expect(String(event?.["message"])).toHaveLength(1_024);
  expect(String(event?.["reason"])).toHaveLength(128);
});

import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baselineOf } from "#core/diff/baseline.ts";
import { LAST_APPLIED } from "#core/diff/declared-part.ts";
import { type Drift, driftOf } from "#core/diff/drift.ts";
import { normaliseDesired } from "#core/diff/normalise-desired.ts";
import { takeOverPatch } from "#core/diff/take-over.ts";
import { entriesOf, fieldSetOf } from "#core/resource/field-set-of.ts";
import { fieldsV1Of } from "#core/resource/field-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "#test/support/eventually.ts";
import { useControlPlane } from "#test/support/control-plane.ts";
import { OracleApi } from "./drift/oracle-api.ts";
import { COMMON_EDITS, type Edit, TAKEN_OVER } from "./drift/edits.ts";
import { type Subject, SUBJECTS, WIDGETS } from "./drift/subjects.ts";

const MANAGER = "holdfast-oracle";
const RUNS = process.env["DRIFT_RUNS"] ? { numRuns: Number(process.env["DRIFT_RUNS"]) } : { numRuns: 10, seed: 1 };
const cluster = useControlPlane({ withNodes: false });
const scope = new AbortController();
let api: OracleApi;
let serial = 0;

beforeAll(async () => {
  const { server, adminToken, caPem } = cluster();
  api = new OracleApi({ server, token: adminToken, caPem });
  const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${WIDGETS.metadata.name}`;
  await api.apply(crd, { body: WIDGETS, manager: "setup" }, scope.signal);
  const widgets = "/apis/drift.example/v1/widgets";
  await eventually("widgets are served", async () => (await api.get(widgets, scope.signal)).status === 200);
});

afterAll(async () => {
  scope.abort(new Error("The tests have ended"));
  await api.close();
});

for (const subject of SUBJECTS) {
  const edits = [...COMMON_EDITS, ...subject.edits, ...applierEdits(subject)];
  describe(`driftOf() a ${subject.name} says what the server's dry run says`, () => {
    test("without an edit", async () => {
      expect((await verdictsAfter(subject, [])).known).toEqual({ kind: "same" });
    });
    for (const edit of edits) {
      test(`after ${edit.name}`, async () => {
        const { known } = await verdictsAfter(subject, [edit]);
        if (edit.drifts !== undefined) expect(known.kind).toBe(edit.drifts ? "drifted" : "same");
      });
    }
    test("after several edits", async () => {
      const several = fc.array(fc.constantFrom(...edits), { minLength: 2, maxLength: 4 });
      const property = fc.asyncProperty(several, async (list) => void (await verdictsAfter(subject, list)));
      await fc.assert(property, RUNS);
    });
  });
}

describe("takeOverPatch()", () => {
  const [deployment] = SUBJECTS as [Subject];
  const takeOver = ["kubectl*"];

  for (const edit of TAKEN_OVER) {
    test(`lets the next apply remove ${edit.name} of a writer that is taken over`, async () => {
      const { path, desired } = await applied(deployment);
      const before = await changeOf(path, edit);
      const drift = driftOf({ ...verdictInput(before, desired), takeOver });
      expect(drift).toEqual({ kind: "drifted", paths: [edit.path], by: [edit.manager] });
      const after = await takenOver(path, desired, { takeOver });
      expect(driftOf({ ...verdictInput(after, desired), takeOver })).toEqual({ kind: "same" });
      expect(JSON.stringify(after)).not.toContain("taken");
    });
  }

  test("lets the next apply remove what a client-side apply declared, not what was injected beside it", async () => {
    // The server drops a map of annotations, foreign ones included, with the last one that was ours: so one stays declared.
    const desired = withAnnotations(named(deployment), { stays: "yes" });
    const labels = { ...desired.metadata.labels, declared: "once" };
    const declared = { ...desired, metadata: { ...desired.metadata, labels } };
    const remembered = { [LAST_APPLIED]: JSON.stringify(declared) };
    const body = withAnnotations(declared, { stays: "yes", injected: "kept", ...remembered });
    expect((await api.create(deployment.path, { body, manager: MANAGER }, scope.signal)).status).toBe(201);
    const path = `${deployment.path}/${desired.metadata.name}`;
    const migrate = [{ manager: MANAGER, operation: "Update" }] as const;
    const after = await takenOver(path, desired, { migrate });
    expect(after.metadata.labels).toEqual(desired.metadata.labels);
    expect(after.metadata.annotations).toMatchObject({ stays: "yes", injected: "kept" });
    expect(after.metadata.annotations).not.toHaveProperty([LAST_APPLIED]);
    expect(driftOf(verdictInput(after, desired))).toEqual({ kind: "same" });
    const ours = entriesOf(after).filter((entry) => entry.manager === MANAGER);
    expect(ours.map((entry) => entry.operation)).toEqual(["Apply"]);
  });
});

test("driftOf() leaves an object that is read at another version than it was applied at to the server", async () => {
  const widget = SUBJECTS.find((subject) => subject.name === "Widget") as Subject;
  const { path, desired, stored } = await applied(widget);
  const live = await liveAt(path.replace("/v1/", "/v2/"));
  const baseline = baselineOf(stored, MANAGER)?.digest ?? "";
  expect(driftOf({ ...verdictInput(live, desired), baseline }).kind).toBe("undecided");
});

/** More appliers: what they declare is ours too, or it is not. */
function applierEdits({ desired }: Subject): Edit[] {
  const { apiVersion, kind } = desired;
  const labelled = (tier: string) => ({ apiVersion, kind, metadata: { labels: { tier } } });
  const edit = { type: "apply", manager: "second" } as const;
  return [
    { ...edit, name: "a second owner of one value", body: labelled("front"), drifts: false },
    // The server takes quantities and defaults in a declared form for changes of the stored form: it ends our part in them.
    { ...edit, name: "a second owner of everything", body: desired },
    { ...edit, name: "another applier's value", body: labelled("forced"), drifts: true },
  ];
}

/** The verdict with a baseline, which must be the server's; without one it may only be that or, for some kinds, open. */
async function verdictsAfter(subject: Subject, edits: readonly Edit[]): Promise<{ known: Drift }> {
  const { path, desired, stored } = await applied(subject);
  for (const edit of edits) {
    const { status, object } = await api.edit(path, completed(edit, desired), scope.signal);
    // An edit may not fit what an earlier one left, such as removing what is gone.
    expect(edits.length > 1 ? [200, 422] : [200], JSON.stringify(object)).toContain(status);
  }
  const { live, dry } = await settled(path, desired);
  const expected = isDeepStrictEqual(seenByUs(live), seenByUs(dry)) ? "same" : "drifted";
  const input = verdictInput(live, desired);
  const known = driftOf({ ...input, baseline: baselineOf(stored, MANAGER)?.digest ?? "" });
  const unknown = driftOf(input);
  const seen = JSON.stringify({ known, unknown, live, desired }, null, 1);
  expect(known.kind, seen).toBe(expected);
  expect(subject.needsServer && unknown.kind === "undecided" ? expected : unknown.kind, seen).toBe(expected);
  return { known };
}

async function applied(subject: Subject): Promise<{ path: string; desired: Resource; stored: Resource }> {
  const desired = named(subject);
  const path = `${subject.path}/${desired.metadata.name}`;
  const { status, object } = await api.apply(path, { body: desired, manager: MANAGER }, scope.signal);
  expect(status, JSON.stringify(object)).toBe(201);
  return { path, desired, stored: object };
}

/** The live object and the dry run on that very state: controllers write too. */
async function settled(path: string, desired: Resource): Promise<{ live: Resource; dry: Resource }> {
  return eventually("no controller writes in between", async () => {
    const live = await liveAt(path);
    const dry = await api.apply(path, { body: desired, manager: MANAGER, dryRun: true }, scope.signal);
    expect(dry.status, JSON.stringify(dry.object)).toBe(200);
    const after = await liveAt(path);
    return after.metadata.resourceVersion === live.metadata.resourceVersion && { live, dry: dry.object };
  });
}

type Managers = Partial<Pick<Parameters<typeof takeOverPatch>[0], "takeOver" | "migrate">>;

/** Takes over and applies, as a sync does; gives the live object afterwards. */
async function takenOver(path: string, desired: Resource, managers: Managers): Promise<Resource> {
  await eventually("no controller writes in between", async () => {
    const body = takeOverPatch({ live: await liveAt(path), manager: MANAGER, takeOver: [], migrate: [], ...managers });
    const patch = { name: "take over", type: "json", manager: MANAGER, body } as const;
    return (await api.edit(path, patch, scope.signal)).status === 200;
  });
  expect((await api.apply(path, { body: desired, manager: MANAGER }, scope.signal)).status).toBe(200);
  return liveAt(path);
}

async function changeOf(path: string, edit: Edit): Promise<Resource> {
  const { status, object } = await api.edit(path, edit, scope.signal);
  expect(status, JSON.stringify(object)).toBe(200);
  return liveAt(path);
}

async function liveAt(path: string): Promise<Resource> {
  const { status, object } = await api.get(path, scope.signal);
  expect(status, JSON.stringify(object)).toBe(200);
  return object;
}

/** Everything that applying could change: the object, and which fields are ours. */
function seenByUs(object: Resource): unknown {
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...metadata } = object.metadata;
  const ours = fieldSetOf(object, MANAGER);
  return { ...object, metadata, ours: ours && fieldsV1Of(ours) };
}

function verdictInput(live: Resource, desired: Resource): Parameters<typeof driftOf>[0] {
  return { live, manager: MANAGER, baseline: null, desired, takeOver: [], ignoredPaths: [] };
}

function named({ desired }: Subject): Resource {
  serial += 1;
  return normaliseDesired({ ...desired, metadata: { ...desired.metadata, name: `s${serial}`, namespace: "default" } });
}

function withAnnotations(resource: Resource, annotations: Record<string, string>): Resource {
  return { ...resource, metadata: { ...resource.metadata, annotations } };
}

/** An applier's declaration needs the name of the object. */
function completed(edit: Edit, { metadata }: Resource): Edit {
  if (edit.type !== "apply") return edit;
  const body = edit.body as Resource;
  const own = { ...body.metadata, name: metadata.name, namespace: "default" };
  return { ...edit, body: { ...body, metadata: own } };
}

import { expect, test } from "vitest";
import type { ObjectWrite } from "#core/app/app-report.ts";
import { withUserMetadata } from "./user-metadata.ts";

const note = { type: "Normal", reason: "Succeeded", message: "done", annotations: { revision: "1" } } as const;
const write: ObjectWrite = { status: {}, patch: null, events: [note] };
const object = (annotations: Record<string, string>) => ({
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  metadata: { name: "shop", annotations },
});

test("events carry what people wrote on the object for them, and nothing else of it", () => {
  const told = withUserMetadata(object({ "event.toolkit.fluxcd.io/team": "shop", other: "x" }), write);
  expect(told.events).toEqual([{ ...note, annotations: { "event.toolkit.fluxcd.io/team": "shop", revision: "1" } }]);
});

test("a report without events, or of an object without such words, is the same", () => {
  expect(withUserMetadata(object({ other: "x" }), write)).toBe(write);
  const silent = { ...write, events: [] };
  expect(withUserMetadata(object({ "event.toolkit.fluxcd.io/team": "shop" }), silent)).toBe(silent);
});

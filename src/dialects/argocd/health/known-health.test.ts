import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { knownHealth, knownKinds } from "./known-health.ts";

const file = new URL("../testdata/known-health.yaml", import.meta.url);
const cases = load(readFileSync(file, "utf8")) as Record<string, Record<string, string>>;

for (const [kind, shows] of Object.entries(cases)) {
  for (const [status, text] of Object.entries(shows)) {
    test(`${kind} is ${status} where it shows ${text || "nothing"}`, () => {
      expect(knownHealth(objectOf(kind, text), 0)?.status).toBe(status);
    });
  }
}

test("a status of an older generation keeps an object from being healthy", () => {
  const route = objectOf("gateway.networking.k8s.io/HTTPRoute", "");
  const parents = (observedGeneration: number) => [
    { conditions: [{ type: "Accepted", status: "True", observedGeneration }] },
  ];
  const behind = { ...route, metadata: { name: "x", generation: 2 }, status: { parents: parents(1) } };
  expect(knownHealth(behind, 0)?.status).toBe("Progressing");
  expect(knownHealth({ ...behind, status: { parents: parents(2) } }, 0)?.status).toBe("Healthy");
});

test("a verdict says what the operator says", () => {
  const object = objectOf("cert-manager.io/Certificate", "Ready=False:Expired");
  expect(knownHealth(object, 0)?.message).toBe("Expired");
  expect(knownHealth(objectOf("velero.io/Backup", ".phase=Failed .failureReason=quota"), 0)?.message).toBe("quota");
  expect(knownHealth(objectOf("argoproj.io/Sensor", ""), 0)?.message).toBe("waiting for Sensor to report its state");
});

test("a kind that nobody knows is not judged", () => {
  expect(knownHealth(objectOf("example.com/Widget", "Ready=False"), 0)).toBeNull();
  expect(knownHealth(objectOf("notcrossplane.io/Widget", "Ready=False"), 0)).toBeNull();
  expect(Object.keys(knownKinds).length).toBeGreaterThan(300);
});

/** An object of a kind from the short notation of the test data. */
function objectOf(key: string, text: string): Resource {
  const at = key.lastIndexOf("/");
  const root: Record<string, unknown> = { apiVersion: `${key.slice(0, at)}/v1`, kind: key.slice(at + 1) };
  put(root, ["metadata", "name"], "x");
  const conditions: object[] = [];
  for (const token of text.split(" ").filter((one) => one !== "")) {
    const [name = "", value = ""] = token.split("=", 2);
    if (/^[.@]/.test(name)) put(root, pathOf(name), valueOf(value));
    else conditions.push(conditionOf(name, value));
  }
  if (conditions.length > 0) put(root, ["status", "conditions"], conditions);
  return root as unknown as Resource;
}

function pathOf(name: string): readonly string[] {
  const names = name.slice(1).split(".");
  return (name.startsWith("@") ? names : ["status", ...names]).map((one) => one.replaceAll("~1", "."));
}

/** `Status/Severity:Reason` */
function conditionOf(type: string, value: string): object {
  const [, status = "", severity, reason] = /^([^/:]*)(?:\/([^:]*))?(?::(.*))?$/.exec(value) ?? [];
  return { type, status, ...(severity && { severity }), ...(reason && { reason }) };
}

function valueOf(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^\d+$/.test(text) ? Number(text) : text.replaceAll("~", " ");
}

function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) root[name] = value;
  else put((root[name] ??= {}) as Record<string, unknown>, rest, value);
}

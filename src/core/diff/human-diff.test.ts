import fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { diffText } from "./diff-text.ts";
import { humanDiff, type HumanDiffInput } from "./human-diff.ts";
import { unifiedDiff } from "./line-diff.ts";
import { maskSecrets } from "./mask-secrets.ts";
import { yamlText } from "./yaml-text.ts";

const LIVE = yaml(`
apiVersion: e.example/v1
kind: Thing
metadata:
  name: x
  uid: u
  labels: { team: old, foreign: kept }
  managedFields:
    - manager: us
      operation: Apply
      apiVersion: e.example/v1
      fieldsV1:
        f:metadata: { f:labels: { f:team: {} } }
        f:spec:
          f:gone: {}
          f:limits: { f:cpu: {} }
          f:steps:
            'k:{"name":"a"}': { .: {}, f:name: {}, f:run: {} }
            'k:{"name":"b"}': { .: {}, f:name: {} }
    - { manager: kubectl-edit, operation: Update, apiVersion: e.example/v1, fieldsV1: { f:spec: { f:added: {} } } }
spec:
  added: 1
  defaulted: x
  gone: y
  limits: { cpu: "1" }
  steps: [{ name: foreign }, { name: b }, { name: a, run: old }]
status: { phase: Ready }
`);
const DESIRED = yaml(`
apiVersion: e.example/v1
kind: Thing
metadata: { name: x, labels: { team: new } }
spec:
  limits: { cpu: 1000m }
  steps: [{ name: a, run: new }, { name: c, run: later }]
`);

test("humanDiff() lists what applying changes, and nothing that it leaves alone", () => {
  expect(humanDiff(input({ takeOver: ["kubectl*"] }))).toEqual([
    { path: "/metadata/labels/team", kind: "changed", before: "old", after: "new" },
    { path: "/spec/added", kind: "removed", before: 1, after: undefined },
    { path: "/spec/gone", kind: "removed", before: "y", after: undefined },
    { path: "/spec/steps/1", kind: "added", before: undefined, after: { name: "c", run: "later" } },
    { path: "/spec/steps/1", kind: "removed", before: { name: "b" }, after: undefined },
    { path: "/spec/steps/2/run", kind: "changed", before: "old", after: "new" },
  ]);
});

test("humanDiff() leaves out ignored paths", () => {
  const ignoredPaths = ["/metadata", "/spec/steps", "/spec/gone"];
  expect(humanDiff(input({ ignoredPaths }))).toEqual([]);
});

test("humanDiff() compares values when nobody's entry is ours, and takes list items by name", () => {
  const live = { ...LIVE, metadata: { name: "x" } };
  expect(humanDiff(input({ live })).map(({ path, kind }) => [path, kind])).toEqual([
    ["/metadata/labels", "added"],
    ["/spec/steps/1", "added"],
    ["/spec/steps/2/run", "changed"],
  ]);
});

test("humanDiff() shows a new and a deleted object whole", () => {
  expect(humanDiff(input({ live: null }))).toEqual([{ path: "", kind: "added", before: undefined, after: DESIRED }]);
  expect(humanDiff(input({ desired: null }))).toEqual([{ path: "", kind: "removed", before: LIVE, after: undefined }]);
  expect(humanDiff(input({ live: null, desired: null }))).toEqual([]);
});

describe("of a Secret", () => {
  const entry =
    "{ manager: us, operation: Apply, apiVersion: v1, fieldsV1: { f:data: { f:a: {}, f:b: {}, f:c: {} } } }";
  const live = yaml(`
apiVersion: v1
kind: Secret
metadata:
  name: x
  annotations: { kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"canary"}}' }
  managedFields: [${entry}]
data: { a: canary-one, b: canary-same, c: canary-gone }
`);
  const desired = yaml("{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: canary-two, b: canary-same}}");

  test("humanDiff() tells changed from unchanged without telling values or lengths", () => {
    expect(humanDiff(input({ live, desired }))).toEqual([
      { path: "/data/a", kind: "changed", before: "++++++++", after: "++++++++++++" },
      { path: "/data/c", kind: "removed", before: "++++++++", after: undefined },
    ]);
  });

  test("no form of a diff holds a value", () => {
    for (const states of [{}, { live: null }, { desired: null }]) {
      const shown = input({ live, desired, ...states });
      expect(JSON.stringify(humanDiff(shown)) + diffText(shown)).not.toContain("canary");
    }
    expect(JSON.stringify(maskSecrets(live))).not.toContain("canary");
    const odd = { ...live, data: "canary", stringData: { a: { b: "canary" } } };
    expect(JSON.stringify(maskSecrets(odd))).not.toContain("canary");
  });

  test("maskSecrets() leaves other kinds alone", () => {
    expect(maskSecrets(LIVE)).toBe(LIVE);
  });
});

test("diffText() shows the changes in their surroundings", () => {
  expect(diffText(input({ takeOver: ["kubectl*"] }))).toBe(`@@ -3,16 +3,15 @@
 metadata:
   labels:
     foreign: kept
-    team: old
+    team: new
   name: x
 spec:
-  added: 1
   defaulted: x
-  gone: "y"
   limits:
     cpu: "1"
   steps:
   - name: foreign
-  - name: b
   - name: a
-    run: old
+    run: new
+  - name: c
+    run: later
`);
});

test("diffText() is empty when nothing changes", () => {
  expect(diffText(input({ desired: { ...DESIRED, spec: {} }, ignoredPaths: ["/spec", "/metadata"] }))).toBe("");
});

test("diffText() shows a new object as added lines", () => {
  const live = null;
  const text = diffText(input({ live, desired: yaml("{apiVersion: v1, kind: A, metadata: {name: x}}") }));
  expect(text).toBe("@@ -0,0 +1,4 @@\n+apiVersion: v1\n+kind: A\n+metadata:\n+  name: x\n");
});

test("yamlText() is YAML of the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(load(yamlText(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 150 },
  );
  const texts = [
    "a\nb\n",
    "a\n\n  b",
    "\n",
    "yes",
    "1e3",
    "a: b",
    "- x",
    "#",
    "0x1",
    "2026-01-01",
    "a\n ",
    "a:b",
    "=",
    "<<",
  ];
  for (const text of texts) expect(load(yamlText({ text, [text]: [[text]] }))).toEqual({ text, [text]: [[text]] });
});

test("unifiedDiff() leads from one text to the other", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      expect(patched(before, unifiedDiff(textOf(before), textOf(after)))).toEqual(after);
    }),
    { numRuns: 500 },
  );
});

test("unifiedDiff() finds the smallest change", () => {
  const before = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
  expect(unifiedDiff(before, before.replace("b\n", "").replace("i\n", "i\nj\n"))).toBe(
    "@@ -1,5 +1,4 @@\n a\n-b\n c\n d\n e\n@@ -7,3 +6,4 @@\n g\n h\n i\n+j\n",
  );
});

test("unifiedDiff() replaces what differs in too many lines, and quickly", () => {
  const [before, after] = ["a", "b"].map((mark) =>
    Array.from({ length: 5_000 }, (_none, at) => `${mark}${at}\n`).join(""),
  );
  const started = performance.now();
  expect(unifiedDiff(before ?? "", after ?? "").split("\n")).toHaveLength(10_002);
  expect(performance.now() - started).toBeLessThan(2_000);
});

function input(changed: Partial<HumanDiffInput>): HumanDiffInput {
  return { live: LIVE, desired: DESIRED, manager: "us", takeOver: [], ignoredPaths: [], ...changed };
}

function yaml(text: string): Resource {
  return load(text) as Resource;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** What `patch` would make of the lines. */
function patched(before: readonly string[], diff: string): string[] {
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(0, -1)) {
    const [, start, length] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (start !== undefined) {
      const from = length === "0" ? Number(start) : Number(start) - 1;
      while (at < from) result.push(before[at++] ?? "");
    } else if (line.startsWith("+")) result.push(line.slice(1));
    else {
      expect(before[at]).toBe(line.slice(1));
      if (line.startsWith(" ")) result.push(line.slice(1));
      at++;
    }
  }
  return [...result, ...before.slice(at)];
}

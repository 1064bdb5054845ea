import { describe, expect, test } from "vitest";
import type { SourceReport } from "#core/app/app-report.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { GeneratedArtifact } from "#core/source/generator/generator.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { externalArtifact, isMadeBy, mayBeMadeBy } from "./generated-artifact.ts";
import { parseArtifactGenerator } from "./parse-artifact-generator.ts";
import { parseExternalArtifact } from "./parse-external-artifact.ts";
import { reportSource } from "./report-source.ts";
import { restore } from "./restore.ts";
import { now } from "./testdata/reports.ts";

const copy = [{ from: "@repo/apps/**", to: "@artifact/" }];
const settings = { ...usualSettings("argocd"), ownNamespaceOnly: true };

function generator(spec: object = {}, more: Partial<Resource> = {}): Resource {
  return {
    apiVersion: "source.extensions.fluxcd.io/v1beta1",
    kind: "ArtifactGenerator",
    metadata: { name: "maker", namespace: "apps", uid: "uid-1", generation: 3 },
    spec: {
      sources: [{ alias: "repo", kind: "GitRepository", name: "repo" }],
      artifacts: [{ name: "one", copy }],
      ...spec,
    },
    ...more,
  };
}

const commit = `sha256:${"1".repeat(64)}`;
const output: GeneratedArtifact = {
  name: "one",
  labels: { app: "one" },
  tree: memoryTree({}),
  basis: "",
  revision: { text: `latest@${commit}`, commit, refName: null, origin: "main@sha1:2" },
};

describe("parseArtifactGenerator()", () => {
  test("reads what upstream has, and what was told of last", () => {
    const filename = `${"1".repeat(64)}.tar.gz`;
    const status = {
      inventory: [{ name: "one", namespace: "apps", digest: "sha256:9", filename }],
      observedSourcesDigest: "sha256:3",
    };
    const sources = [{ alias: "repo", kind: "GitRepository", name: "repo", namespace: "other" }];
    const exclude = ["*.md"];
    const artifacts = [
      { name: "one", revision: "@repo", originRevision: "@repo", copy: [{ ...copy[0], exclude, strategy: "Merge" }] },
    ];
    const parsed = parseArtifactGenerator(generator({ sources, artifacts }, { status }));
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        key: "ArtifactGenerator/apps/maker",
        url: "GitRepository/other/repo",
        remote: { kind: "derived" },
        suspended: false,
        ref: {
          kind: "generator",
          value: "",
          inputs: [{ alias: "repo", source: "GitRepository/other/repo" }],
          outputs: [
            { name: "one", revisionOf: "repo", originOf: "repo", copies: [{ ...copy[0], exclude, strategy: "merge" }] },
          ],
          recorded: { one: commit },
        },
        recorded: { text: "sha256:3" },
      },
    });
  });

  test("the annotation suspends it, whatever its case", () => {
    const { metadata } = generator();
    const annotations = { "source.extensions.fluxcd.io/reconcile": "Disabled" };
    expect(parseArtifactGenerator(generator({}, { metadata: { ...metadata, annotations } }))).toMatchObject({
      value: { suspended: true },
    });
  });

  test.each([
    [
      {
        sources: [
          { alias: "a", kind: "Bucket", name: "x" },
          { alias: "a", kind: "Bucket", name: "y" },
        ],
      },
      "duplicate source alias 'a' found",
    ],
    [
      {
        artifacts: [
          { name: "one", copy },
          { name: "one", copy },
        ],
      },
      "duplicate artifact name 'one' found",
    ],
    [{ artifacts: [{ name: "one", revision: "@x", copy }] }, "artifact one revision source alias 'x' not found"],
    [{ artifacts: [{ name: "{app}", copy }] }, "'{app}' is no name of an artifact"],
    [{ artifacts: [] }, "must not have fewer than 1 items"],
    [{ pathPattern: "@repo/{a}/{a}" }, "names something twice"],
    [{ pathPattern: "@repo/{a" }, "has a brace that stands alone"],
    [{ pathPattern: "@repo/{a-b}" }, "none of letters, digits and underscores"],
    [{ pathPattern: "@repo/{_a}" }, "'_a' is no key of a label"],
    [{ pathPattern: "@repo/{a}", artifacts: [{ name: "{b}", copy }] }, "{b} names 'b', which the pattern does not"],
    [{ serviceAccountName: "sa" }, "not supported yet; remove it"],
    [{ artifacts: [{ name: "one", copy: [{ ...copy[0], optional: true }] }] }, "not supported yet; remove it"],
  ])("refuses %j", (spec, says) => {
    const parsed = parseArtifactGenerator(generator(spec));
    expect(parsed.ok ? "" : parsed.error.map(({ message }) => message).join("; ")).toContain(says);
  });

  test("sources of other namespaces are refused where that is so for all", () => {
    const sources = [{ alias: "repo", kind: "GitRepository", name: "repo", namespace: "other" }];
    expect(parseArtifactGenerator(generator(), settings).ok).toBe(true);
    const parsed = parseArtifactGenerator(generator({ sources }), settings);
    const problems = parsed.ok ? [] : parsed.error;
    const report: SourceReport = { state: { kind: "invalid", problems }, revision: null, handledToken: null, now };
    const { status } = reportSource({ object: generator({ sources }), source: null, report });
    expect(status["conditions"]).toMatchObject([
      { type: "Stalled", reason: "AccessDenied" },
      {
        type: "Ready",
        message: expect.stringContaining("cross-namespace reference to source GitRepository/other/repo is not allowed"),
      },
    ]);
  });
});

describe("the ExternalArtifact of a generator", () => {
  const spec = { commonMetadata: { labels: { team: "a", app: "x" }, annotations: { note: "n" } } };

  test("is as upstream writes it, and is followed without a detour", () => {
    const { object, status } = externalArtifact(generator(spec), { output, served: null, live: null, now });
    expect(object.metadata).toEqual({
      name: "one",
      namespace: "apps",
      annotations: { note: "n" },
      labels: {
        team: "a",
        app: "one",
        "app.kubernetes.io/managed-by": "source-watcher",
        "source.extensions.fluxcd.io/generator": "uid-1",
      },
    });
    expect(status).toMatchObject({
      artifact: {
        digest: commit,
        path: `externalartifact/apps/one/${"1".repeat(64)}.tar.gz`,
        revision: `latest@${commit}`,
        metadata: { "org.opencontainers.image.revision": "main@sha1:2" },
      },
      conditions: [{ type: "Ready", status: "True", reason: "Succeeded", message: "Artifact is ready" }],
    });
    const found = parseExternalArtifact(object, () => generator());
    expect(found).toMatchObject({
      value: { remote: { kind: "derived" }, origin: { source: "ArtifactGenerator/apps/maker" } },
    });
    // Somebody else's object that only says so is fetched like any other.
    const claimed = { ...object, metadata: { ...object.metadata, labels: {} } };
    expect(parseExternalArtifact(claimed, () => generator())).toMatchObject({
      value: { remote: { kind: "artifact" } },
    });
    expect([isMadeBy(generator(), claimed), mayBeMadeBy(generator(), claimed)]).toEqual([false, true]);
    expect(mayBeMadeBy(generator(), { ...claimed, spec: {} })).toBe(false);
  });

  test("keeps its times until it is another", () => {
    const served = { path: "p", url: "http://x/p", digest: "sha256:8", size: 3 };
    const first = externalArtifact(generator(spec), { output, served, live: null, now });
    const live = { ...first.object, metadata: { ...first.object.metadata, generation: 1 }, status: first.status };
    expect(externalArtifact(generator(spec), { output, served, live, now: now + 60_000 }).status).toEqual(first.status);
    const other = externalArtifact(generator(spec), {
      output,
      served: { ...served, digest: "sha256:7" },
      live,
      now: now + 60_000,
    });
    expect(other.status["artifact"]).not.toEqual(first.status["artifact"]);
  });
});

describe("the report of a generator", () => {
  const generated = [{ name: "one", namespace: "apps", digest: "sha256:8", filename: "1.tar.gz" }];
  const revision = { text: "sha256:3", commit: "sha256:3", refName: null };

  test("tells of a success once", () => {
    const report: SourceReport = { state: { kind: "ready" }, revision, generated, handledToken: "t", now };
    const first = reportSource({ object: generator(), source: null, report });
    expect(first).toMatchObject({
      status: { inventory: generated, observedSourcesDigest: "sha256:3", lastHandledReconcileAt: "t" },
      events: [
        {
          type: "Normal",
          reason: "Ready",
          message: expect.stringContaining("reconciliation succeeded, generated 1 artifact(s)"),
        },
      ],
    });
    const again = reportSource({
      object: generator({}, { status: first.status }),
      source: null,
      report: { ...report, now: now + 1_000 },
    });
    expect(again).toEqual({ status: first.status, patch: null, events: [] });
  });

  test.each([
    [
      "input",
      "GitRepository/apps/repo not found",
      "SourceFetchFailed",
      "get sources failed: GitRepository/apps/repo not found",
    ],
    ["build", "one build failed: x", "BuildFailed", "one build failed: x"],
    ["publish", "one reconcile failed: x", "ReconciliationFailed", "one reconcile failed: x"],
  ] as const)("a failure of %s keeps what was made", (reason, message, told, says) => {
    const status = { inventory: generated };
    const report: SourceReport = { state: { kind: "failed", reason, message }, revision, handledToken: null, now };
    const write = reportSource({ object: generator({}, { status }), source: null, report });
    expect(write.status).toMatchObject({
      inventory: generated,
      conditions: [
        { type: "Reconciling", reason: "ProgressingWithRetry" },
        { type: "Ready", status: "False", reason: told, message: says },
      ],
    });
    expect(write.events).toMatchObject([{ type: "Warning", reason: told, message: says }]);
  });
});

test("what was applied is found again by the name that its maker gave it, with what it was made from", () => {
  const status = { lastAppliedRevision: "v1", lastAppliedOriginRevision: "main@sha1:2", lastAttemptedRevision: "v1" };
  const of = (kind: string) => restore({ ...generator({ sourceRef: { kind, name: "one" } }), status });
  expect(of("ExternalArtifact")).toMatchObject({
    applied: { text: "v1", origin: "main@sha1:2" },
    attempted: { text: "v1" },
  });
  expect(of("GitRepository")).toMatchObject({ applied: null, attempted: null });
});

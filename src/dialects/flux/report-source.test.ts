import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObjectWrite, SourceReport } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseGitRepository } from "./parse-git-repository.ts";
import { reportSource } from "./report-source.ts";
import { captured } from "./testdata/captured.ts";
import { now, revision } from "./testdata/reports.ts";

const repo = captured("gitrepository-repo");
const missing = captured("gitrepository-missing");
const failure = "unable to clone 'http://127.0.0.1:28080/nothing.git': repository not found: ";
const failed: SourceReport["state"] = { kind: "failed", reason: "fetch", message: failure };

describe("reportSource()", () => {
  test("a stored revision reads as Flux writes it", () => {
    const { status, events } = written(fresh(repo), { state: { kind: "ready" }, revision });
    const { artifact, ...rest } = timeless(status) as { artifact: Record<string, unknown> };
    const { artifact: stored, ...wanted } = timeless(repo["status"]) as { artifact: Record<string, unknown> };
    expect(rest).toEqual(wanted);
    expect(artifact).toMatchObject({ revision: stored["revision"], path: stored["path"] });
    expect(artifact["digest"]).toBe(`sha1:${revision.commit}`);
    expect(events).toEqual([
      {
        type: "Normal",
        reason: "NewArtifact",
        message: `stored artifact for commit '${revision.text}'`,
        annotations: {
          "source.toolkit.fluxcd.io/digest": `sha1:${revision.commit}`,
          "source.toolkit.fluxcd.io/revision": revision.text,
        },
      },
    ]);
  });

  test("the file that is served is told of, and keeps its time until it is another", () => {
    const path = `gitrepository/apps/repo/${revision.commit}.tar.gz`;
    const artifact = { path, url: `http://artifacts.example/${path}`, digest: `sha256:${"1".repeat(64)}`, size: 7 };
    const ready = { state: { kind: "ready" }, revision, artifact } as const;
    const first = applied(fresh(repo), ready);
    const { lastUpdateTime, ...told } = (first["status"] as { artifact: Record<string, unknown> }).artifact;
    expect(told).toEqual({ ...artifact, revision: revision.text });
    expect(written(first, { ...ready, now: now + 60_000 }).status).toEqual(first["status"]);
    const other = applied(first, {
      ...ready,
      artifact: { ...artifact, digest: `sha256:${"2".repeat(64)}` },
      now: now + 60_000,
    });
    expect((other["status"] as { artifact: Record<string, unknown> }).artifact["lastUpdateTime"]).not.toBe(
      lastUpdateTime,
    );
  });

  test("a revision that cannot be stored says so, and the last one stays", () => {
    const unserved = {
      kind: "failed",
      reason: "storage",
      message: "Cannot store the artifact: the disk is full",
    } as const;
    const after = applied(repo, { state: unserved, revision });
    const status = after["status"] as { artifact: unknown; conditions: readonly { type: string; reason: string }[] };
    expect(status.artifact).toEqual((repo["status"] as { artifact: unknown }).artifact);
    expect(status.conditions.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Reconciling ProgressingWithRetry",
      "Ready ArchiveOperationFailed",
      "ArtifactInStorage Succeeded",
      "StorageOperationFailed ArchiveOperationFailed",
    ]);
  });

  test("a failed fetch reads as Flux writes it, and is told once", () => {
    const { status, events } = written(fresh(missing), { state: failed });
    expect(timeless(status)).toEqual(timeless(missing["status"]));
    expect(events).toMatchObject([{ type: "Warning", reason: "GitOperationFailed" }]);
    expect(written(missing, { state: failed })).toEqual({ status: missing["status"], patch: null, events: [] });
  });

  test("a failure keeps the last good revision, and its end is told", () => {
    const after = applied(repo, { state: { ...failed, reason: "auth" }, revision });
    const status = after["status"] as { artifact: unknown; conditions: readonly { type: string; reason: string }[] };
    expect(status.artifact).toEqual((repo["status"] as { artifact: unknown }).artifact);
    expect(status.conditions.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Reconciling ProgressingWithRetry",
      "Ready AuthenticationFailed",
      "ArtifactInStorage Succeeded",
      "FetchFailed AuthenticationFailed",
    ]);
    const recovered = written(after, { state: { kind: "ready" }, revision });
    expect(recovered.events.map(({ reason }) => reason)).toEqual(["Succeeded"]);
    expect(timeless(recovered.status)).toEqual(timeless(repo["status"]));
  });

  test("a verification that failed is told, over with the next other failure, and replaced by one that succeeded", () => {
    const conditionsOf = (object: Resource) => {
      const { conditions } = object["status"] as {
        conditions: readonly { type: string; status: string; reason: string }[];
      };
      return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    };
    const refused = applied(repo, { state: { kind: "failed", reason: "unverified-commit", message: "no" }, revision });
    expect(conditionsOf(refused)).toEqual([
      "Reconciling True ProgressingWithRetry",
      "Ready False InvalidCommitSignature",
      "ArtifactInStorage True Succeeded",
      "SourceVerified False InvalidCommitSignature",
    ]);
    const unreachable = applied(refused, { state: failed, revision });
    expect(conditionsOf(unreachable).filter((text) => text.startsWith("SourceVerified"))).toEqual([]);
    const verified = [{ what: "commit", name: "c1", key: "K" }] as const;
    const good = applied(refused, { state: { kind: "ready" }, revision, verified });
    expect(conditionsOf(good)).toEqual([
      "Ready True Succeeded",
      "ArtifactInStorage True Succeeded",
      "SourceVerified True Succeeded",
    ]);
    const later = applied(good, { state: failed, revision });
    expect(conditionsOf(later)).toContain("SourceVerified True Succeeded");
    const stalled = applied(repo, { state: { kind: "failed", reason: "no-tag", message: "no" }, revision });
    expect(conditionsOf(stalled)).toEqual([
      "Stalled True InvalidVerificationMode",
      "Ready False InvalidVerificationMode",
      "ArtifactInStorage True Succeeded",
      "SourceVerified False InvalidVerificationMode",
    ]);
  });

  test("an invalid spec stalls and counts as observed", () => {
    const problems = [{ path: "spec.verify", message: "not supported yet" }];
    const { status } = written(fresh(repo), { state: { kind: "invalid", problems } });
    expect(status).toMatchObject({
      observedGeneration: 1,
      conditions: [
        { type: "Stalled", status: "True", message: "spec.verify: not supported yet" },
        { type: "Ready", status: "False", reason: "InvalidSpec" },
      ],
    });
  });

  test("the signature of an OCI artifact reads as Flux writes it", () => {
    const digest = `sha256:${"0a".repeat(32)}`;
    const at = { text: `v1@${digest}`, commit: digest, refName: "v1" };
    const object = (verify: object): Resource => ({
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "OCIRepository",
      metadata: { name: "apps", namespace: "shop", generation: 1 },
      spec: { url: "oci://registry.example/apps", verify },
    });
    const said = (of: Resource, state: SourceReport["state"], verified: SourceReport["verified"] = []) => {
      const { status } = written(of, { state, revision: at, verified });
      const { conditions } = status as unknown as { conditions: readonly Record<string, string>[] };
      const lines = conditions.map(({ type, status: is, reason, message }) => `${type} ${is} ${reason}: ${message}`);
      return { lines: lines.filter((line) => /^(Ready|SourceVerified) /.test(line)), status };
    };
    const keyed = object({ provider: "notation", secretRef: { name: "keys" } });
    const good = said(keyed, { kind: "ready" }, [{ what: "artifact", name: digest, key: "K" }]);
    expect(good.lines[1]).toBe(`SourceVerified True Succeeded: verified signature of revision v1@${digest}`);
    expect(good.status).not.toHaveProperty("sourceVerificationMode");
    expect(said(keyed, { kind: "ready" }).lines).toHaveLength(1);
    const why = { kind: "failed", reason: "unverified-artifact", message: "no matching" } as const;
    const words = (provider: string) => {
      const told = `False VerificationError: failed to verify the signature using provider '${provider}': no matching`;
      return [`Ready ${told}`, `SourceVerified ${told}`];
    };
    expect(said(keyed, why).lines).toEqual(words("notation"));
    expect(said(object({ provider: "cosign" }), why).lines).toEqual(words("cosign keyless"));
    expect(said(keyed, { ...why, reason: "no-keys" }).lines).toEqual(words("notation"));
  });

  test("an OCI artifact reads as Flux writes it", () => {
    const digest = `sha256:${"0a".repeat(32)}`;
    const object: Resource = {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "OCIRepository",
      metadata: { name: "apps", namespace: "shop", generation: 1 },
      spec: { url: "oci://registry.example/apps", layerSelector: { operation: "extract" } },
    };
    const at = { text: `v1@${digest}`, commit: digest, refName: "v1" };
    const { status, events } = written(object, { state: { kind: "ready" }, revision: at });
    expect(status).toMatchObject({
      artifact: { revision: `v1@${digest}`, digest, path: `ocirepository/shop/apps/${digest}.tar.gz` },
      observedLayerSelector: { operation: "extract" },
    });
    const { conditions } = status as unknown as { conditions: readonly { type: string; message: string }[] };
    expect(conditions.map(({ type, message }) => `${type}: ${message}`)).toEqual([
      `Ready: stored artifact for digest 'v1@${digest}'`,
      `ArtifactInStorage: stored artifact for digest 'v1@${digest}'`,
    ]);
    expect(events.map(({ message }) => message)).toEqual([
      `stored artifact with revision 'v1@${digest}' from 'oci://registry.example/apps'`,
    ]);
    const broken = written(object, { state: { kind: "failed", reason: "fetch", message: "no answer" } });
    expect(broken.events).toMatchObject([
      {
        reason: "OCIArtifactPullFailed",
        message: "failed to pull artifact from 'oci://registry.example/apps': no answer",
      },
    ]);
  });

  test("credentials in the address do not reach the status", () => {
    const spec = { ...(repo["spec"] as object), url: "https://user:secret@example.com/a.git" };
    const { status } = written({ ...fresh(repo), spec }, { state: { kind: "ready" }, revision });
    expect(JSON.stringify(status)).not.toContain("secret");
    expect(status).toMatchObject({ artifact: { url: "https://example.com/a.git" } });
  });

  test("a suspended source keeps its status; a deleted one is let go", () => {
    expect(written(repo, { state: { kind: "suspended" } }).status).toEqual(repo["status"]);
    const metadata = { ...repo.metadata, deletionTimestamp: "2026-01-01T00:00:00Z", resourceVersion: "7" };
    const { patch } = written({ ...repo, metadata }, { state: { kind: "ready" }, revision });
    expect(patch).toEqual({ metadata: { finalizers: [], resourceVersion: "7" } });
  });

  test("the same report on its own result changes nothing and tells nothing", () => {
    const message = fc.constantFrom("", "one", failure);
    const states: fc.Arbitrary<SourceReport["state"]> = fc.oneof(
      fc.constantFrom<SourceReport["state"]>(
        { kind: "ready" },
        { kind: "suspended" },
        { kind: "invalid", problems: [] },
      ),
      fc.record({
        kind: fc.constant("failed" as const),
        reason: fc.constantFrom<"auth" | "fetch" | "ref" | "config">("auth", "fetch", "ref", "config"),
        message,
      }),
    );
    const objects = fc.constantFrom(repo, missing, fresh(repo), { ...repo, status: undefined });
    fc.assert(
      fc.property(objects, states, fc.option(fc.constant(revision), { nil: null }), (object, state, at) => {
        const first = applied(object, { state, revision: at });
        const second = written(first, { state, revision: at });
        expect(second.status).toEqual(first["status"]);
        expect(second.events).toEqual([]);
      }),
    );
  });
});

function written(object: Resource, says: Partial<SourceReport>): ObjectWrite {
  const parsed = parseGitRepository(object);
  const report: SourceReport = { state: { kind: "ready" }, revision: null, handledToken: null, now, ...says };
  return reportSource({ object, source: parsed.ok ? parsed.value : null, report });
}

function applied(object: Resource, says: Partial<SourceReport>): Resource {
  return { ...object, status: written(object, says).status };
}

function fresh(object: Resource): Resource {
  return { ...object, status: { observedGeneration: -1 } };
}

function timeless(status: unknown): unknown {
  return JSON.parse(
    JSON.stringify(status, (key, value: unknown) => (/^last(Transition|Update)Time$/.test(key) ? "…" : value)),
  );
}

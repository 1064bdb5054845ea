import { describe, expect, test } from "vitest";
import { jointRevision } from "#core/source/joint-revision.ts";
import { argoDialect } from "./argo-dialect.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { commit as committed, report, sync } from "./testdata/build-report.ts";
import { settled, statusOf } from "./testdata/settled.ts";

const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
const values = { repoURL: "https://git.example/values", targetRevision: "main", ref: "values" };
const commit = "a".repeat(40);
const app = application({ sources: [chart, values], source: undefined, syncPolicy: { automated: {} } });
const revision = jointRevision(["1.2.0", commit]);
const told = report({
  revision,
  applied: revision,
  sync: sync({ revision }),
  renderer: null,
  renderers: ["helm", null],
});

describe("the status of several sources", () => {
  const status = statusOf(settled(app, told).object);

  test("names each of them where one source has one revision", () => {
    expect(status).toMatchObject({
      sourceTypes: ["Helm", ""],
      sync: {
        revisions: ["1.2.0", commit],
        comparedTo: { source: { repoURL: "" }, sources: [chart, values] },
      },
    });
    expect(status).not.toHaveProperty("sourceType");
    expect(status["sync"]).not.toHaveProperty("revision");
  });

  test("is what a restarted controller goes on from", () => {
    const object = { ...app, status };
    const restored = argoDialect.restore(object);
    expect([restored.applied, restored.isCurrent]).toEqual([revision, true]);
    const recorded = parsed(object).sources.map(({ inline }) => inline?.recorded?.text ?? null);
    // A chart is had from its repository again; only a commit can be gone back to.
    expect(recorded).toEqual([null, commit]);
  });

  test("says nothing of other sources than it was written for", () => {
    const other = application({ sources: [{ ...chart, targetRevision: "2.x" }, values], source: undefined });
    expect(argoDialect.restore({ ...other, status }).isCurrent).toBe(false);
  });

  test("names what is tracked, and the source that failed, where one cannot be had", () => {
    const phase = { kind: "source-failed", missing: false, message: "no way to it", source: 1 } as const;
    const failed = statusOf(settled(app, report({ phase, revision: null, renderer: null })).object);
    expect(failed).toMatchObject({ sync: { status: "Unknown", revisions: ["1.x", "main"] } });
    expect(JSON.stringify(failed["conditions"])).toContain("for source 2 of 2: ");
  });

  test("takes the place of that of one, and gives it back", () => {
    const single = application({ syncPolicy: { automated: {} } });
    const one = report({ revision: committed("c1"), sync: sync() });
    const before = settled(single, one).object;
    const both = settled({ ...before, spec: app["spec"] }, told).object;
    expect(statusOf(both)["sync"]).not.toHaveProperty("revision");
    const back = settled({ ...both, spec: single["spec"] }, one).object;
    expect(statusOf(back)["sync"]).toEqual(statusOf(before)["sync"]);
    expect([back["status"]].flatMap((found) => Object.keys(found as object))).not.toContain("sourceTypes");
  });
});

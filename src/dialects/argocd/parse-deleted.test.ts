import { describe, expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import type { Lookup } from "#core/app/dialect.ts";
import { argoDialect, argoDialectIn } from "./argo-dialect.ts";
import { FINALIZER } from "./parse-policy.ts";
import { usualArgoSettings } from "./settings.ts";
import { application, nothing } from "./testdata/build-app.ts";
import { declaring, lookupIn } from "./testdata/secrets.ts";

const deleted = (spec: Record<string, unknown>, namespace = "argocd") =>
  application(spec, { metadata: { namespace, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [FINALIZER] } });
const read = (spec: Record<string, unknown>, lookup: Lookup = nothing, dialect = argoDialect) =>
  dialect.parseApp(deleted(spec), lookup, usualSettings("argocd"));
const moon = { server: "https://moon.example", namespace: "shop" };

describe("parseApp() of an application that is being deleted", () => {
  const cases: { name: string; spec: Record<string, unknown>; want: string }[] = [
    { name: "with nothing wrong", spec: {}, want: "prune-and-wait" },
    { name: "with a source that is none", spec: { source: "text" }, want: "prune-and-wait" },
    { name: "with a policy that is none", spec: { syncPolicy: { automated: "yes" } }, want: "prune-and-wait" },
    {
      name: "with a field that is not supported",
      spec: { sourceHydrator: { drySource: { path: "x" } } },
      want: "prune-and-wait",
    },
    { name: "with a project that does not exist", spec: { project: "gone" }, want: "prune-and-wait" },
    { name: "with a cluster that nobody knows", spec: { destination: moon }, want: "abandon" },
    { name: "with a destination that is none", spec: { destination: null }, want: "abandon" },
  ];
  for (const { name, spec, want } of cases) {
    test(`lets it go ${name}`, () => {
      expect(read(spec)).toMatchObject({ ok: true, value: { deleting: true, policy: { onDelete: want } } });
    });
  }

  test("keeps it while the Secret of its cluster cannot be used", () => {
    const secret = declaring("cluster", "moon", { name: "moon", server: moon.server, config: "{" });
    const result = read({ destination: moon }, lookupIn(secret));
    expect(result.ok ? "" : result.error.map(({ message }) => message).join()).toContain("moon");
  });

  test("keeps it while nobody knows as whom its objects may be deleted", () => {
    const access = { ...usualArgoSettings.access, impersonation: true };
    const impersonating = argoDialectIn("argocd", { ...usualArgoSettings, access });
    expect(read({ project: "gone" }, nothing, impersonating)).toMatchObject({
      ok: false,
      error: [{ message: "Application referencing project gone which does not exist" }],
    });
  });

  test("keeps it where no application may be", () => {
    const result = argoDialect.parseApp(deleted({}, "elsewhere"), nothing, usualSettings("argocd"));
    expect(result.ok ? "" : result.error[0]?.path).toBe("metadata.namespace");
  });
});

import { usualSettings } from "#core/app/settings.ts";
import { expect, test } from "vitest";
import { fluxDialect } from "./flux-dialect.ts";

const cases = [
  { suspend: true, adopted: undefined, suspended: true, onDelete: "orphan" },
  { suspend: true, adopted: "2026-01-01T00:00:00Z false", suspended: false, onDelete: "prune" },
  { suspend: true, adopted: "2026-01-01T00:00:00Z true", suspended: true, onDelete: "orphan" },
  { suspend: false, adopted: "2026-01-01T00:00:00Z false", suspended: false, onDelete: "prune" },
];
for (const { suspend, adopted, suspended, onDelete } of cases) {
  test(`suspend: ${suspend} with adopted "${adopted ?? ""}" means suspended: ${suspended}`, () => {
    const annotations = adopted === undefined ? {} : { "holdfast.dev/adopted": adopted };
    const object = {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "shop", namespace: "apps", annotations },
      spec: { interval: "1m", prune: true, suspend, sourceRef: { kind: "GitRepository", name: "shop" } },
    };
    const parsed = fluxDialect.parseApp(object, () => null, usualSettings("argocd"));
    expect(parsed).toMatchObject({ ok: true, value: { suspended, policy: { onDelete } } });
  });
}

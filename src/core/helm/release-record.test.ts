import { describe, expect, test } from "vitest";
import { releaseSecret, releaseSelector, releaseSummaryOf } from "./release-record.ts";

const release = { name: "shop", version: 3, info: { status: "deployed" } } as const;
const written = { as: "created", atMs: 1_795_256_296_999 } as const;

describe("releaseSecret()", () => {
  test("names and labels the Secret as Helm does", () => {
    const labels = { team: "a", owner: "me" };
    expect(releaseSecret({ release, storageNamespace: "web", record: "SDRz", labels, written })).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      type: "helm.sh/release.v1",
      metadata: {
        name: "sh.helm.release.v1.shop.v3",
        namespace: "web",
        labels: { team: "a", createdAt: "1795256296", name: "shop", owner: "helm", status: "deployed", version: "3" },
      },
      data: { release: "U0RSeg==" },
    });
    expect(releaseSelector("shop")).toBe("name=shop,owner=helm");
  });

  test("tells a later change from the creation", () => {
    const changed = { as: "modified", atMs: 1_795_256_296_000 } as const;
    const { labels } = releaseSecret({ release, storageNamespace: "web", record: "", written: changed }).metadata;
    expect(labels).toEqual({ modifiedAt: "1795256296", name: "shop", owner: "helm", status: "deployed", version: "3" });
  });
});

describe("releaseSummaryOf()", () => {
  test("reads what releaseSecret() wrote and nothing else", () => {
    const secret = releaseSecret({ release, storageNamespace: "web", record: "", written });
    expect(releaseSummaryOf(secret)).toEqual({ name: "shop", version: 3, status: "deployed" });
    const { labels } = secret.metadata;
    expect(releaseSummaryOf({ ...secret, type: "Opaque" })).toBeUndefined();
    for (const without of ["name", "owner", "status", "version"]) {
      const fewer = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== without));
      expect(releaseSummaryOf({ ...secret, metadata: { labels: fewer } })).toBeUndefined();
    }
    expect(releaseSummaryOf({ ...secret, metadata: { labels: { ...labels, version: "0x1" } } })).toBeUndefined();
  });
});

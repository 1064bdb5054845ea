import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { LAST_APPLIED } from "./declared-part.ts";
import { withLastApplied } from "./last-applied.ts";

const sent: Resource = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", labels: { app: "shop", "ours.test/app": "shop" }, annotations: { id: "shop:a" } },
  data: { color: "red" },
};
const live = (annotations: Record<string, string>): Resource => ({ ...sent, metadata: { name: "a", annotations } });
const before = live({ [LAST_APPLIED]: `{"data":{"color":"blue"}}` });
const annotation = (object: Resource) => annotationsOf(object)[LAST_APPLIED];

describe("the annotation of client-side apply", () => {
  test("says what is declared now, without labels of ours, where the live object has one", () => {
    const text = annotation(withLastApplied(sent, before, ["ours.test/app"])) ?? "";
    const metadata = { name: "a", labels: { app: "shop" }, annotations: { id: "shop:a" } };
    expect(JSON.parse(text)).toEqual({ ...sent, metadata });
  });

  test("says the same whatever it said before", () => {
    const once = withLastApplied(sent, before, []);
    expect(withLastApplied(once, once, [])).toEqual(once);
  });

  test("is not made where there was none, for a Secret, and where it would be too long", () => {
    const secret = { ...sent, kind: "Secret" };
    const long = { ...sent, data: { text: "x".repeat(250_000) } };
    expect(withLastApplied(sent, live({}), [])).toBe(sent);
    expect(withLastApplied(secret, before, [])).toBe(secret);
    expect(withLastApplied(long, before, [])).toBe(long);
  });
});

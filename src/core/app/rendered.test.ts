import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { jointRender, type Rendered } from "./rendered.ts";

const object = (name: string): Resource => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
const part = (name: string, more: Partial<Rendered> = {}): Rendered => ({
  resources: [object(name)],
  readSet: [],
  renderer: "directory",
  ...more,
});

describe("jointRender()", () => {
  test("of one is that one", () => {
    const only = part("a");
    expect(jointRender([only], null)).toBe(only);
  });

  test("has the objects in the order of the sources, and says where each is", () => {
    const joint = jointRender([part("a", { places: ["app/a.yaml:1"] }), part("b")], null);
    expect(joint.resources.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(joint.places).toEqual(["app/a.yaml:1", "source 2"]);
  });

  test("of the same parts is the very same value", () => {
    const [a, b] = [part("a"), part("b")];
    const before = jointRender([a, b], null);
    expect(jointRender([a, b], before)).toBe(before);
    expect(jointRender([b, a], before)).not.toBe(before);
    expect(jointRender([a, b, part("c")], before)).not.toBe(before);
  });
});

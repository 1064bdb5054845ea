import { afterEach, expect, test, vi } from "vitest";
import { clusterDirectory } from "./cluster-directory.ts";

afterEach(() => vi.unstubAllEnvs());

test("clusterDirectory() lies in the person's state folder", () => {
  vi.stubEnv("XDG_STATE_HOME", "/state");
  expect(clusterDirectory("one-2")).toBe("/state/holdfast/clusters/one-2");
});

for (const name of ["", "..", "a/b", "-a", "a-", "Upper", "a.starting", "x".repeat(41)]) {
  test(`clusterDirectory() refuses the name "${name}"`, () => {
    expect(() => clusterDirectory(name)).toThrow("Cannot name a cluster");
  });
}

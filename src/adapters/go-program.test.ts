import { afterEach, expect, test, vi } from "vitest";
import { goProgramPath } from "./go-program.ts";

afterEach(() => vi.unstubAllEnvs());

test("goProgramPath() prefers the installed program that its variable names", () => {
  vi.stubEnv("PATH", "/nonexistent");
  vi.stubEnv("HOLDFAST_KWOK", "/opt/kwok");
  expect(goProgramPath("kwok")).toBe("/opt/kwok");
});

test("goProgramPath() says how to build what is missing", () => {
  vi.stubEnv("XDG_CACHE_HOME", "/nonexistent");
  expect(() => goProgramPath("controlplane")).toThrow(
    /controlplane: it is not built yet; run ".* tools\/build-go.ts cluster"/,
  );
});

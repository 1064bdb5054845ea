import { expect, test, vi } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import { knownKind } from "./known-kind.ts";
import type { KindLookup } from "./ports.ts";

const { signal } = new AbortController();
const kind = { group: "apps", kind: "Deployment" };
const info = { ...kind, version: "v1", plural: "deployments", namespaced: true, verbs: [] };

test("knownKind() asks again until the group can be read, and says why it could not", async () => {
  vi.useFakeTimers();
  const answers: (KindLookup | Error)[] = [
    { known: "unknown", reason: "a gap" },
    new ApiError({ code: 503, reason: "ServiceUnavailable", message: "down" }),
    { known: "yes", info },
  ];
  const ask = vi.fn(async () => {
    const answer = answers.shift();
    if (answer instanceof Error || !answer) throw answer;
    return answer;
  });
  const reasons: string[] = [];
  const found = knownKind(
    { kind: ask },
    { kind, unknown: (reason) => reasons.push(reason), random: () => 0.5 },
    signal,
  );
  await vi.advanceTimersByTimeAsync(1_900);
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await found).toEqual({ known: "yes", info });
  expect(reasons).toEqual(["a gap", "down"]);
  vi.useRealTimers();
});

test("knownKind() takes a no for an answer", async () => {
  const found = knownKind(
    { kind: async () => ({ known: "no" }) },
    { kind, unknown: () => {}, random: Math.random },
    signal,
  );
  expect(await found).toEqual({ known: "no" });
});

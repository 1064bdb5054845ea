import { expect, test, vi } from "vitest";
import { KeptTokens } from "./kept-tokens.ts";

const { signal } = new AbortController();

test("a cloud that does not answer is an error of authentication after half a minute", async () => {
  vi.useFakeTimers();
  try {
    const kept = new KeptTokens(signal, () => 0);
    const silent = (scope: AbortSignal) =>
      new Promise<never>((_resolve, reject) => scope.addEventListener("abort", () => reject(scope.reason)));
    const asked = kept.get("a", silent, signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await asked).toMatchObject({
      failure: "auth",
      message: "Cannot ask the cloud who this is: no answer in 30 s",
    });
  } finally {
    vi.useRealTimers();
  }
});

test("whoever leaves early does not stop it for the others, and a failure is not kept", async () => {
  const kept = new KeptTokens(signal, () => 0);
  const waiting = Promise.withResolvers<{ expiresAt: number }>();
  let asked = 0;
  const make = () => {
    asked += 1;
    return waiting.promise;
  };
  const leaving = new AbortController();
  const left = kept.get("a", make, leaving.signal).catch((error: unknown) => error);
  const stays = kept.get("a", make, signal);
  const gone = new Error("gone");
  leaving.abort(gone);
  expect(await left).toBe(gone);
  waiting.resolve({ expiresAt: 1_000 });
  expect(await stays).toEqual({ expiresAt: 1_000 });
  expect(asked).toBe(1);
  const failing = () => Promise.reject(new Error("no"));
  await expect(kept.get("b", failing, signal)).rejects.toThrow("no");
  expect(await kept.get("b", async () => ({ expiresAt: 5 }), signal)).toEqual({ expiresAt: 5 });
});

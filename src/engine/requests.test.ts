import { describe, expect, test } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import { asUser, eachInParallel, failureText, isImmutable } from "./requests.ts";
import { plainApp } from "./testing/app.ts";

describe("asUser()", () => {
  const target = (impersonate: string | null) =>
    plainApp("shop", { target: { cluster: "in-cluster", kubeconfig: null, namespace: null, impersonate } });

  test("acts as the app's user, or as the controller when it names none", () => {
    expect(asUser(target("system:serviceaccount:a:deployer"))).toEqual({
      as: { user: "system:serviceaccount:a:deployer" },
    });
    expect(asUser(target(null))).toEqual({});
  });

  test("refuses an empty user rather than acting as the controller", () => {
    expect(() => asUser(target(""))).toThrow("app/apps/shop");
  });
});

describe("isImmutable()", () => {
  const refused = (code: number, message: string) =>
    new ApiError({ code, reason: "Invalid", message: "", causes: [{ message }] });

  test("knows the server's ways to call a field immutable", () => {
    expect(isImmutable(refused(422, "Invalid value: field is immutable"))).toBe(true);
    expect(isImmutable(refused(422, "may not be changed once set"))).toBe(true);
    expect(isImmutable(refused(422, "Forbidden: updates to statefulset spec are forbidden"))).toBe(true);
  });

  test("takes no other refusal for one, so that nothing is recreated for it", () => {
    expect(isImmutable(refused(422, "must be no more than 63 characters"))).toBe(false);
    expect(isImmutable(refused(403, "field is immutable"))).toBe(false);
    expect(isImmutable(new ApiError({ code: 422, reason: "Invalid", message: "field is immutable" }))).toBe(false);
    expect(isImmutable(new Error("field is immutable"))).toBe(false);
  });
});

describe("eachInParallel()", () => {
  test("works on every item, never on more than the limit at once", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    const items = Array.from({ length: 20 }, (_, index) => index);
    await eachInParallel(items, 4, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      done.push(item);
      running--;
    });
    expect([most, done.sort((a, b) => a - b)]).toEqual([4, items]);
  });

  test("begins nothing after a failure, and rejects with it once what runs has stopped", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const slow = Promise.withResolvers<void>();
    const all = eachInParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error("first");
      await slow.promise;
      ended.push(item);
      throw new Error("second");
    });
    const over = all.then(() => "fine", failureText);
    await Promise.resolve();
    slow.resolve();
    expect([await over, begun, ended]).toEqual(["first", [1, 2], [2]]);
  });

  test("has nothing to do for no items", async () => {
    await expect(eachInParallel([], 4, () => Promise.reject(new Error("no")))).resolves.toBeUndefined();
  });
});

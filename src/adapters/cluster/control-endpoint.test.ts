import { expect, test } from "vitest";
import { askOwner, openControlEndpoint } from "./control-endpoint.ts";

const never = new AbortController().signal;

test("askOwner() gets an answer from the owner only, and only with its secret", async () => {
  const endpoint = await openControlEndpoint(async () => undefined);
  expect(await askOwner(endpoint.address, "status", never)).toBe(true);
  expect(await askOwner({ ...endpoint.address, controlToken: "guess" }, "stop", never)).toBe(false);
  endpoint.close();
  expect(await askOwner(endpoint.address, "status", never)).toBe(false);
});

test("askOwner() is answered after the owner has stopped", async () => {
  const steps: string[] = [];
  const endpoint = await openControlEndpoint(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    steps.push("stopped");
  });
  expect(await askOwner(endpoint.address, "stop", never)).toBe(true);
  steps.push("answered");
  expect(steps).toEqual(["stopped", "answered"]);
  endpoint.close();
});

test("askOwner() reports that stopping failed", async () => {
  const endpoint = await openControlEndpoint(() => Promise.reject(new Error("no")));
  expect(await askOwner(endpoint.address, "stop", never)).toBe(false);
  endpoint.close();
});

import { expect, test } from "vitest";
import { finishedHealth } from "./finished-health.ts";

const object = (apiVersion: string, kind: string, status: object) => ({
  apiVersion,
  kind,
  metadata: { name: "a" },
  status,
});
const job = (type: string, status = "True") =>
  object("batch/v1", "Job", { conditions: [{ type, status, reason: "BackoffLimitExceeded" }] });

test("a Job is finished when it is complete, and says why it failed", () => {
  expect(finishedHealth(job("Complete"))?.status).toBe("Healthy");
  expect(finishedHealth(job("Complete", "False"))?.status).toBe("Progressing");
  expect(finishedHealth(job("Failed"))).toEqual({ status: "Degraded", message: "BackoffLimitExceeded" });
  expect(finishedHealth(object("batch/v1", "Job", {}))?.status).toBe("Progressing");
});

test("a Pod is finished when it succeeded", () => {
  expect(finishedHealth(object("v1", "Pod", { phase: "Running" }))?.status).toBe("Progressing");
  expect(finishedHealth(object("v1", "Pod", { phase: "Succeeded" }))?.status).toBe("Healthy");
  expect(finishedHealth(object("v1", "Pod", { phase: "Failed", reason: "Evicted" }))).toEqual({
    status: "Degraded",
    message: "Evicted",
  });
});

test("what has no end is judged by nobody here", () => {
  expect(finishedHealth(object("v1", "ConfigMap", {}))).toBeNull();
  expect(finishedHealth(object("example.org/v1", "Job", {}))).toBeNull();
});

import { conditionOf, textAt } from "./condition.ts";
import type { Health } from "./health.ts";
import type { Resource } from "#core/resource/resource.ts";

/** How far something that runs to its end has come; null: its kind has no end, so that it exists is enough. */
export function finishedHealth(object: Resource): Health | null {
  if (object.kind === "Job" && object.apiVersion.startsWith("batch/")) return jobHealth(object);
  if (object.kind === "Pod" && object.apiVersion === "v1") return podHealth(object);
  return null;
}

function jobHealth(object: Resource): Health {
  const failed = conditionOf(object, "Failed");
  if (failed?.status === "True") return { status: "Degraded", message: failed.reason || failed.message };
  const done = conditionOf(object, "Complete")?.status === "True";
  return done ? { status: "Healthy", message: "" } : { status: "Progressing", message: "" };
}

function podHealth(object: Resource): Health {
  const phase = textAt(object, ["status", "phase"]);
  if (phase === "Succeeded") return { status: "Healthy", message: "" };
  if (phase !== "Failed") return { status: "Progressing", message: "" };
  return { status: "Degraded", message: textAt(object, ["status", "reason"]) || "its pod failed" };
}

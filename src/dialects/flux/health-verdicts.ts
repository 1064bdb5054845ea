import type { Health } from "#core/health/health.ts";

/** The object is as desired. */
export function current(message: string): Health {
  return { status: "Healthy", message };
}

/** The object is on its way. */
export function inProgress(message: string): Health {
  return { status: "Progressing", message };
}

/** The object has failed. */
export function failed(message: string): Health {
  return { status: "Degraded", message };
}

import { expect } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { after, written } from "./build-report.ts";

/** An object in the captures' namespace; `namespace: ""` for none. */
export function object(apiVersion: string, kind: string, name: string, more: Record<string, unknown> = {}): Resource {
  const { namespace = "cap-argo", annotations, ...rest } = more;
  const metadata = { name, ...(namespace ? { namespace } : {}), ...(annotations ? { annotations } : {}) };
  return { apiVersion, kind, metadata, ...rest } as Resource;
}

/** The status of an object. */
export function statusOf(resource: Resource): Record<string, Record<string, unknown>> {
  return resource["status"] as Record<string, Record<string, unknown>>;
}

/** The message of the first condition. */
export function conditionText(status: Record<string, unknown>): string {
  return (status["conditions"] as { message: string }[] | undefined)?.[0]?.message ?? "";
}

/** Reports, applies the write, reports the same again, and expects silence. */
export function settled(start: Resource, told: AppReport): { object: Resource; events: string[]; patch: unknown } {
  const write = written(start, told);
  const next = after(start, write);
  const again = written(next, { ...told, now: told.now + 60_000 });
  expect(again.status).toEqual(next["status"]);
  expect(again.events).toEqual([]);
  expect(again.patch).toBeNull();
  return {
    object: next,
    events: write.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    patch: write.patch,
  };
}


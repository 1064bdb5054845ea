import type { Resource } from "#core/resource/resource.ts";
import type { WatchHandler } from "#engine/ports.ts";
import { sleep } from "#async/with-deadline.ts";
import { patienceMs } from "./eventually.ts";

/** A watch handler that remembers what it was told, and the state that follows from it. */
export interface WatchRecorder extends WatchHandler {
  /** `upsert a`, `gone a`, `synced`, `failed`, in order. */
  readonly log: string[];
  readonly objects: Map<string, Resource>;
  readonly errors: Error[];
}

/** A new recorder; objects are known by namespace and name. */
export function watchRecorder(): WatchRecorder {
  const log: string[] = [];
  const objects = new Map<string, Resource>();
  const errors: Error[] = [];
  return {
    log,
    objects,
    errors,
    upsert: (object) => {
      log.push(`upsert ${object.metadata.name}`);
      objects.set(keyOf(object), object);
    },
    gone: (object) => {
      log.push(`gone ${object.metadata.name}`);
      objects.delete(keyOf(object));
    },
    synced: () => log.push("synced"),
    failed: (error) => {
      log.push("failed");
      errors.push(error);
    },
  };
}

/** Waits until a condition holds; fails after `limitMs`, saying `what` was awaited. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = patienceMs,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain until ${what}`);
    await sleep(10, new AbortController().signal);
  }
}

function keyOf(object: Resource): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

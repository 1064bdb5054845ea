import type { EventNote } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";

/** Something to tell about an object, and when it happened. */
export interface EventOccurrence {
  readonly target: Resource;
  readonly component: string;
  readonly note: EventNote;
  readonly atMs: number;
}

const longestMessage = 1_024;
const longestReason = 128;
const longestPrefix = 200;

/** The core/v1 Event that tells of one occurrence; `serial` keeps the names of one moment apart. */
export function eventObject(occurrence: EventOccurrence, serial: number): Resource {
  const { target, component, note, atMs } = occurrence;
  const { name, namespace, uid, resourceVersion } = target.metadata;
  const time = eventTime(atMs);
  const suffix = (BigInt(Math.floor(atMs)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${name.slice(0, longestPrefix)}.${suffix}`,
      namespace: namespace ?? "default",
      ...(Object.keys(note.annotations).length > 0 ? { annotations: note.annotations } : {}),
    },
    involvedObject: {
      apiVersion: target.apiVersion,
      kind: target.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: note.type,
    reason: note.reason.slice(0, longestReason),
    message: messageOf(note),
    source: { component },
    reportingComponent: component,
    reportingInstance: "",
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
  };
}

/** A time as core/v1 Events write it. */
export function eventTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function messageOf(note: EventNote): string {
  const { message } = note;
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`;
}

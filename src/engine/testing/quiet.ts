import type { Clock, Log, ReleaseTools, Telemetry } from "#engine/ports.ts";

/** A log that keeps what it is told. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = (_fields: object, message: string) => void lines.push(message);
  return { lines, info: say, warn: say, error: say };
}

/** Telemetry that nobody looks at. */
export const quietTelemetry: Telemetry = {
  step: () => {},
  render: () => {},
  drift: () => {},
  queue: () => {},
  pass: () => {},
  sync: () => {},
  phase: () => {},
};

/** A clock that only moves when it is told to. */
export function handClock(now = 0): Clock & { advance(ms: number): void } {
  let time = now;
  return { now: () => time, monotonic: () => time, advance: (ms) => void (time += ms) };
}

/** Helm's library where nothing is a chart. */
export const noReleaseTools: ReleaseTools = {
  inspect: () => Promise.reject(new Error("there are no charts here")),
  render: () => Promise.reject(new Error("there are no charts here")),
  encode: () => Promise.reject(new Error("there are no releases here")),
  decode: () => Promise.reject(new Error("there are no releases here")),
};

/** A point in time as statuses write it, to the second. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** Milliseconds since the epoch of such a text; null when it is none. */
export function timeMs(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** The time of day in UTC as retry messages write it, e.g. `10:19AM`. */
export function clockText(ms: number): string {
  const time = new Date(ms);
  const hours = time.getUTCHours();
  const minutes = String(time.getUTCMinutes()).padStart(2, "0");
  return `${hours % 12 === 0 ? 12 : hours % 12}:${minutes}${hours < 12 ? "AM" : "PM"}`;
}

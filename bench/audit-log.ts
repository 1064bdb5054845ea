import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: { readonly resource?: string };
}

/** Requests of one user since the log had `fromByte` bytes; watches and leases apart. By `verb resource`. */
export async function requestsSince(
  path: string,
  user: string,
  fromByte: number,
): Promise<{ total: number; byKind: Record<string, number> }> {
  const byKind: Record<string, number> = {};
  let total = 0;
  for await (const line of createInterface({ input: createReadStream(path, { start: fromByte }) })) {
    const event = parsed(line);
    if (event?.user?.username !== user || event.stage !== "ResponseComplete") continue;
    if (event.verb === "watch" || event.objectRef?.resource === "leases") continue;
    total++;
    const kind = `${event.verb} ${event.objectRef?.resource ?? "other"}`;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { total, byKind };
}

/** Where the log ends now. */
export function auditPosition(path: string): number {
  return statSync(path).size;
}

function parsed(line: string): AuditEvent | null {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return null;
  }
}

import type { AuditLog, AuditRecord } from "#engine/ports.ts";
import { TaskGroup } from "#async/task-group.ts";
import type { AuditFilter } from "./audit-file.ts";
import { storableRecord } from "./audit-row.ts";
import type { AuditRow } from "./audit-row.ts";
import type { AuditVerdict } from "./audit-store.ts";
import { AuditThread } from "./audit-thread.ts";

/** How history is kept. */
export interface AuditLogOptions {
  readonly path: string;
  /** Told what a person should know: a file moved aside, records lost. Never called for every record. */
  readonly onError: (error: Error) => void;
  /** Records that may wait to be written; what comes on top is dropped. */
  readonly queueLimit?: number;
  readonly rowsPerFile?: number;
  readonly keptFiles?: number;
}

/** A record of the history with its place in the chain. */
export interface AuditEntry extends AuditRecord {
  readonly id: number;
  readonly hash: string;
}

/** The history on disk, written behind the caller's back. */
export interface AuditHistory extends AuditLog {
  /** Records lost since the start, because they came too fast or could not be written. */
  readonly dropped: number;
  /** Newest first, at most 1,000 at once; what was appended before is included. */
  query(filter: AuditFilter, signal: AbortSignal): Promise<readonly AuditEntry[]>;
  /** Computes the whole chain again. */
  verify(signal: AbortSignal): Promise<AuditVerdict>;
  /** Writes what waits, until the signal aborts, and ends the thread. */
  close(signal: AbortSignal): Promise<void>;
}

const largestBatch = 500;
const largestAnswer = 1_000;
const repeatedAfterMs = 60_000;

/** Opens the history at `path`; failures go to `onError`, and nothing that is appended ever waits or throws. */
export function openAuditLog(options: AuditLogOptions): AuditHistory {
  return new BufferedAuditLog(options);
}

class BufferedAuditLog implements AuditHistory {
  readonly #options: AuditLogOptions;
  readonly #thread: AuditThread;
  #waiting: AuditRecord[] = [];
  #dropped = 0;
  #lost = 0;
  #closed = false;
  /** Resolves when nothing waits. */
  #writing: Promise<void> | undefined;
  readonly #ahead = new TaskGroup((error) => this.#tell(String(error)));
  #told = { message: "", at: 0 };

  constructor(options: AuditLogOptions) {
    this.#options = options;
    const { path, rowsPerFile = 250_000, keptFiles = 4 } = options;
    this.#thread = new AuditThread({ path, rowsPerFile, keptFiles }, (message) => this.#tell(message));
  }

  get dropped(): number {
    return this.#dropped;
  }

  append(record: AuditRecord): void {
    if (this.#closed || this.#waiting.length >= (this.#options.queueLimit ?? 10_000)) {
      this.#drop(1, "they come faster than they can be written");
      return;
    }
    this.#waiting.push(storableRecord(record));
    this.#writing ??= this.#write();
  }

  async query(filter: AuditFilter, signal: AbortSignal): Promise<readonly AuditEntry[]> {
    this.#writeAhead();
    const limit = Math.max(0, Math.min(filter.limit, largestAnswer));
    const rows = (await this.#thread.call({ op: "query", filter: { ...filter, limit } }, signal)) as AuditRow[];
    return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) as AuditRecord["detail"] }));
  }

  async verify(signal: AbortSignal): Promise<AuditVerdict> {
    this.#writeAhead();
    return (await this.#thread.call({ op: "verify" }, signal)) as AuditVerdict;
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    const stop = () => this.#thread.terminate();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    await this.#writing;
    await this.#ahead.settled();
    await this.#thread.end();
    signal.removeEventListener("abort", stop);
  }

  /** The thread keeps the order, so what is handed over now is there for whoever asks next. */
  #writeAhead(): void {
    if (this.#waiting.length > 0) this.#ahead.add(this.#writeBatch(this.#waiting.splice(0)));
  }

  async #write(): Promise<void> {
    // One turn later, so that records of the same moment share a transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0, largestBatch));
    this.#writing = undefined;
  }

  async #writeBatch(records: readonly AuditRecord[]): Promise<void> {
    try {
      await this.#thread.call({ op: "append", records }, undefined);
    } catch (error) {
      this.#drop(records.length, error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#lost === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#tell(`History is written again; ${lost} records are missing in it`);
  }

  #drop(count: number, reason: string): void {
    this.#dropped += count;
    this.#lost += count;
    this.#tell(`Cannot keep records in the history: ${reason}`);
  }

  #tell(message: string): void {
    const now = performance.now();
    if (message === this.#told.message && now - this.#told.at < repeatedAfterMs) return;
    this.#told = { message, at: now };
    this.#options.onError(new Error(message));
  }
}

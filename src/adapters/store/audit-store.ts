import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AuditRecord } from "#engine/ports.ts";
import { AuditFile, ForeignFileError } from "./audit-file.ts";
import type { AuditFilter } from "./audit-file.ts";
import { GENESIS } from "./audit-row.ts";
import type { AuditRow, ChainLink } from "./audit-row.ts";

/** Where history lies, when a file is full, and how many full ones are kept beside the current one. */
export interface AuditStoreOptions {
  readonly path: string;
  readonly rowsPerFile: number;
  readonly keptFiles: number;
}

/** Whether the whole history that is kept fits together; `head` is worth noting elsewhere: only it shows a cut-off end. */
export type AuditVerdict =
  { readonly ok: true; readonly rows: number; readonly head: ChainLink } | { readonly ok: false; readonly at: number };

// SQLITE_READONLY, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB: the file will not get better by itself.
const damage: ReadonlySet<number> = new Set([8, 11, 14, 26]);
const companions = ["", "-wal", "-shm"] as const;

/** The files of one history. A file that cannot be used is moved aside; a full one is closed and followed by the next. */
export class AuditStore {
  readonly #options: AuditStoreOptions;
  readonly #onMovedAside: (message: string) => void;
  #file: AuditFile | undefined;
  #head: ChainLink = { id: 0, hash: GENESIS };

  constructor(options: AuditStoreOptions, onMovedAside: (message: string) => void) {
    this.#options = options;
    this.#onMovedAside = onMovedAside;
  }

  /** Appends records. @throws when they could not be written, not even to a new file. */
  append(records: readonly AuditRecord[]): void {
    try {
      this.#appendOnce(records);
    } catch (error) {
      if (!isDamage(error)) throw this.#asFailure(error);
      this.#appendToNew(records, error);
    }
  }

  /** Rows newest first, from as many files as it takes. */
  query(filter: AuditFilter): readonly AuditRow[] {
    const rows: AuditRow[] = [];
    for (const path of [this.#options.path, ...this.#closedFiles().reverse()]) {
      if (rows.length >= filter.limit || !existsSync(path)) continue;
      rows.push(...reading(path, (file) => file.rows({ ...filter, limit: filter.limit - rows.length })));
    }
    return rows;
  }

  /** Follows the chain through every file that is kept. */
  verify(): AuditVerdict {
    let head: ChainLink | undefined;
    let rows = 0;
    for (const path of [...this.#closedFiles(), this.#options.path].filter(existsSync)) {
      const { start, check } = reading(path, (file) => ({ start: file.start(), check: file.check() }));
      // After a file was moved aside a new chain begins.
      const follows = head === undefined || start.hash === GENESIS || start.hash === head.hash;
      if (!follows) return { ok: false, at: start.id + 1 };
      if (!check.ok) return check;
      rows += check.head.id - start.id;
      head = check.head;
    }
    return { ok: true, rows, head: head ?? this.#head };
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #appendToNew(records: readonly AuditRecord[], cause: unknown): void {
    try {
      this.#moveAside(cause);
      this.#appendOnce(records);
    } catch (error) {
      throw this.#asFailure(error);
    }
  }

  #appendOnce(records: readonly AuditRecord[]): void {
    const file = (this.#file ??= this.#open());
    this.#head = file.append(records);
    if (this.#head.id - file.start().id >= this.#options.rowsPerFile) this.#closeFull(file);
  }

  #open(): AuditFile {
    const { path } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (this.#head.id === 0 && !existsSync(path)) this.#head = headOfLast(this.#closedFiles());
    return AuditFile.open(path, this.#head);
  }

  #closeFull(file: AuditFile): void {
    const { path, keptFiles } = this.#options;
    file.seal();
    this.close();
    moveFile(path, `${path}.${String(this.#head.id).padStart(12, "0")}`);
    const closed = this.#closedFiles();
    for (const old of closed.slice(0, Math.max(0, closed.length - keptFiles))) {
      for (const companion of companions) rmSync(old + companion, { force: true });
    }
  }

  #moveAside(cause: unknown): void {
    const { path } = this.#options;
    try {
      this.close();
    } catch {
      this.#file = undefined; // The handle of a damaged file is of no further use.
    }
    const aside = `${path}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
    moveFile(path, aside);
    this.#head = { id: Math.max(this.#head.id, headOfLast(this.#closedFiles()).id), hash: GENESIS };
    this.#onMovedAside(
      `Cannot use the history file ${path}: ${text(cause)}; it was moved to ${aside} and a new one begins`,
    );
  }

  /** Paths of full files, oldest first. */
  #closedFiles(): string[] {
    const directory = dirname(this.#options.path);
    const prefix = `${basename(this.#options.path)}.`;
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
    return readdirSync(directory)
      .filter((name) => name.startsWith(prefix) && /^\d{12}$/.test(name.slice(prefix.length)))
      .sort()
      .map((name) => join(directory, name));
  }

  #asFailure(cause: unknown): Error {
    return new Error(`Cannot write history to ${this.#options.path}: ${text(cause)}`, { cause });
  }
}

/** Where the newest of the full files ends; a chain begins anew when that cannot be told. */
function headOfLast(closed: readonly string[]): ChainLink {
  const last = closed.at(-1);
  if (last === undefined) return { id: 0, hash: GENESIS };
  try {
    return reading(last, (file) => file.head());
  } catch {
    return { id: Number(last.slice(-12)), hash: GENESIS };
  }
}

function reading<T>(path: string, read: (file: AuditFile) => T): T {
  const file = AuditFile.openClosed(path);
  try {
    return read(file);
  } finally {
    file.close();
  }
}

function moveFile(from: string, to: string): void {
  for (const companion of companions) {
    if (existsSync(from + companion)) renameSync(from + companion, to + companion);
  }
}

function isDamage(error: unknown): boolean {
  if (error instanceof ForeignFileError) return true;
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" && damage.has(code & 0xff);
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

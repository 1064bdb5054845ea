import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue } from "node:sqlite";
import type { AuditRecord } from "#engine/ports.ts";
import { hashOf, rowAfter } from "./audit-row.ts";
import type { AuditRow, ChainLink } from "./audit-row.ts";

/** Which rows to read: newest first, those of one app, older than `before`. */
export interface AuditFilter {
  readonly app?: string;
  readonly limit: number;
  /** Only rows with a smaller id. */
  readonly before?: number;
}

/** What following the chain of a file showed: where it ends, or the first id that does not fit. */
export type ChainCheck = { readonly ok: true; readonly head: ChainLink } | { readonly ok: false; readonly at: number };

/** Thrown when a file is a database of something else. */
export class ForeignFileError extends Error {
  override readonly name = "ForeignFileError";
}

const applicationId = 0x48_46_41_31;
const columns = "id, at, actor, app, verb, object, revision, reason, detail, hash";
// An insert that reuses an id would replace a row without any delete trigger.
const schema = `
CREATE TABLE chain (
  only INTEGER PRIMARY KEY CHECK (only = 1), id INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE records (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, app TEXT NOT NULL, verb TEXT NOT NULL,
  object TEXT NOT NULL, revision TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX records_of_app ON records (app, id);
CREATE TRIGGER records_stay BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER records_are_final BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER records_go_on BEFORE INSERT ON records WHEN EXISTS (SELECT 1 FROM records WHERE id >= NEW.id)
  BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER chain_stays BEFORE DELETE ON chain BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER chain_is_final BEFORE UPDATE ON chain BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
`;

/** One SQLite file of history. Everything here blocks: use it in a worker thread. */
export class AuditFile {
  readonly #database: DatabaseSync;

  /** Opens a file, or creates it so that its chain goes on after `start`. @throws ForeignFileError, SQLite's errors. */
  static open(path: string, start: ChainLink): AuditFile {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      inTransaction(database, () => prepare(database, path, start));
      return new AuditFile(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Opens a file that is only read. */
  static openClosed(path: string): AuditFile {
    return new AuditFile(new DatabaseSync(path, { readOnly: true, timeout: 5_000 }));
  }

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Where the chain stood before the first row of this file. */
  start(): ChainLink {
    return this.#database.prepare("SELECT id, hash FROM chain").get() as unknown as ChainLink;
  }

  /** Where the chain stands now. */
  head(): ChainLink {
    const last = this.#database.prepare("SELECT id, hash FROM records ORDER BY id DESC LIMIT 1").get();
    return (last as unknown as ChainLink | undefined) ?? this.start();
  }

  /** Writes records in one transaction and returns where the chain stands then. */
  append(records: readonly AuditRecord[]): ChainLink {
    const insert = this.#database.prepare(`INSERT INTO records (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    return inTransaction(this.#database, () => {
      let before = this.head();
      for (const record of records) {
        const row = rowAfter(before, record);
        insert.run(...valuesOf(row));
        before = row;
      }
      return { id: before.id, hash: before.hash };
    });
  }

  /** Rows that the filter selects, newest first. */
  rows(filter: AuditFilter): readonly AuditRow[] {
    const before = filter.before ?? Number.MAX_SAFE_INTEGER;
    const select = `SELECT ${columns} FROM records WHERE id < ?`;
    const rows =
      filter.app === undefined
        ? this.#database.prepare(`${select} ORDER BY id DESC LIMIT ?`).all(before, filter.limit)
        : this.#database
            .prepare(`${select} AND app = ? ORDER BY id DESC LIMIT ?`)
            .all(before, filter.app, filter.limit);
    return rows as unknown as readonly AuditRow[];
  }

  /** Computes every hash again. */
  check(): ChainCheck {
    let before = this.start();
    for (const found of this.#database.prepare(`SELECT ${columns} FROM records ORDER BY id`).iterate()) {
      const row = found as unknown as AuditRow;
      const expected = before.id + 1;
      if (row.id !== expected || row.hash !== hashOf(before.hash, row)) return { ok: false, at: expected };
      before = { id: row.id, hash: row.hash };
    }
    return { ok: true, head: before };
  }

  /** Makes a full file one that can be read without leaving anything beside it. */
  seal(): void {
    try {
      this.#database.exec("PRAGMA journal_mode = DELETE");
    } catch {
      // Somebody reads it now; the files beside it are moved with it.
    }
  }

  close(): void {
    this.#database.close();
  }
}

function prepare(database: DatabaseSync, path: string, start: ChainLink): void {
  const { application_id: found } = database.prepare("PRAGMA application_id").get() as { application_id: number };
  if (found === applicationId) return;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as { tables: number };
  if (tables > 0) throw new ForeignFileError(`Cannot use ${path}: it is a database of something else`);
  database.exec(schema);
  database.prepare("INSERT INTO chain (only, id, hash) VALUES (1, ?, ?)").run(start.id, start.hash);
  database.exec(`PRAGMA application_id = ${applicationId}`);
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // Some failures have ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function valuesOf(row: AuditRow): SQLInputValue[] {
  const { id, at, actor, app, verb, object, revision, reason, detail, hash } = row;
  return [id, Math.round(at), actor, app, verb, object, revision, reason, detail, hash];
}

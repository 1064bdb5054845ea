import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditRecord } from "#engine/ports.ts";
import { openAuditLog } from "./audit-log.ts";
import type { AuditHistory, AuditLogOptions } from "./audit-log.ts";

const { signal } = new AbortController();
let directory: string;
let path: string;
let open: AuditHistory[];
let errors: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-history-"));
  path = join(directory, "state", "history.db");
  open = [];
  errors = [];
});

afterEach(async () => {
  for (const log of open) await log.close(signal);
  await rm(directory, { recursive: true, force: true });
});

function history(options: Partial<AuditLogOptions> = {}): AuditHistory {
  const log = openAuditLog({ path, onError: (error) => errors.push(error.message), ...options });
  open.push(log);
  return log;
}

function record(reason: string, changes: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: 1_760_000_000_000,
    actor: "holdfast",
    app: "ks/shop/web",
    verb: "update",
    object: "Deployment/shop/web",
    revision: "main@sha1:0a1b",
    reason,
    detail: { paths: ["/spec/replicas"] },
    ...changes,
  };
}

/** Changes the file as somebody with an SQLite shell would. */
function tamper(...statements: string[]): void {
  const database = new DatabaseSync(path);
  for (const statement of statements) database.exec(statement);
  database.close();
}

test("records come back newest first, by app, page by page and after a restart", async () => {
  const first = history();
  first.append(record("one"));
  first.append(record("two", { app: "ks/shop/db" }));
  first.append(record("three"));
  await first.close(signal);
  const second = history();
  second.append(record("four"));
  const all = await second.query({ limit: 10 }, signal);
  expect(all.map(({ id, reason }) => [id, reason])).toEqual([
    [4, "four"],
    [3, "three"],
    [2, "two"],
    [1, "one"],
  ]);
  expect(all[0]).toMatchObject(record("four"));
  expect((await second.query({ app: "ks/shop/web", limit: 2 }, signal)).map((row) => row.id)).toEqual([4, 3]);
  expect((await second.query({ app: "ks/shop/web", limit: 2, before: 3 }, signal)).map((row) => row.id)).toEqual([1]);
  expect(errors).toEqual([]);
});

test("no statement changes, replaces or removes a row", async () => {
  const log = history();
  log.append(record("one"));
  await log.close(signal);
  const refused = /history is append-only/;
  expect(() => tamper("UPDATE records SET reason = 'nothing'")).toThrow(refused);
  expect(() => tamper("DELETE FROM records")).toThrow(refused);
  expect(() => tamper("INSERT OR REPLACE INTO records SELECT * FROM records")).toThrow(refused);
  expect(() => tamper("UPDATE chain SET id = 5")).toThrow(refused);
  expect(() => tamper("DELETE FROM chain")).toThrow(refused);
});

test("verify() finds the first row that was changed or removed past the triggers", async () => {
  const log = history();
  for (let index = 1; index <= 5; index += 1) log.append(record(`change ${index}`));
  expect(await log.verify(signal)).toEqual({ ok: true, rows: 5, head: { id: 5, hash: expect.any(String) as string } });
  await log.close(signal);
  tamper("DROP TRIGGER records_are_final", "UPDATE records SET actor = 'somebody' WHERE id = 3");
  expect(await history().verify(signal)).toEqual({ ok: false, at: 3 });
  await open.at(-1)?.close(signal);
  tamper("DROP TRIGGER records_stay", "DELETE FROM records WHERE id = 2");
  expect(await history().verify(signal)).toEqual({ ok: false, at: 2 });
});

test("values never get into the file, whatever the detail holds", async () => {
  const canary = "canary-7f3a";
  const log = history();
  const certificate = { key: "/Secret/shop/db", uid: "u-1", cause: "left-source", live: { data: canary } };
  log.append(
    record("object left the source", {
      verb: "delete",
      detail: { certificate, paths: ["/data/password", canary, { value: canary }], value: canary, object: { canary } },
    }),
  );
  const [row] = await log.query({ limit: 1 }, signal);
  expect(row?.detail).toEqual({
    certificate: { key: "/Secret/shop/db", uid: "u-1", cause: "left-source" },
    paths: ["/data/password"],
    withheld: ["object", "value"],
  });
  await log.close(signal);
  for (const name of await readdir(join(directory, "state"))) {
    expect((await readFile(join(directory, "state", name))).includes(canary)).toBe(false);
  }
});

test("a file that is no history is moved aside and history goes on in a new one", async () => {
  await mkdir(join(directory, "state"));
  await writeFile(path, "this was never a database, though it is long enough to have a header of its own".repeat(20));
  const log = history();
  log.append(record("one"));
  expect((await log.query({ limit: 10 }, signal)).map((row) => row.reason)).toEqual(["one"]);
  expect(log.dropped).toBe(0);
  expect(errors).toEqual([expect.stringMatching(/^Cannot use the history file .*moved to .*\.corrupt-2/)]);
  const aside = (await readdir(join(directory, "state"))).filter((name) => name.includes(".corrupt-"));
  expect(aside).toHaveLength(1);
});

test("another program's database is left whole", async () => {
  await mkdir(join(directory, "state"));
  tamper("CREATE TABLE theirs (value TEXT)", "INSERT INTO theirs VALUES ('kept')");
  const log = history();
  log.append(record("one"));
  expect(await log.verify(signal)).toMatchObject({ ok: true, rows: 1 });
  const [aside] = (await readdir(join(directory, "state"))).filter((name) => name.includes(".corrupt-"));
  const theirs = new DatabaseSync(join(directory, "state", aside ?? ""));
  expect(theirs.prepare("SELECT value FROM theirs").get()).toEqual({ value: "kept" });
  theirs.close();
});

test("where nothing can be written, records are dropped and counted, and one line says so", async () => {
  await writeFile(join(directory, "state"), "a file in the place of the folder");
  const log = history();
  for (let round = 1; round <= 3; round += 1) {
    log.append(record("lost"));
    await log.verify(signal);
  }
  expect(log.dropped).toBe(3);
  expect(errors).toEqual([expect.stringMatching(/^Cannot keep records in the history: Cannot write history to /)]);
  await rm(join(directory, "state"));
  log.append(record("kept"));
  expect((await log.query({ limit: 10 }, signal)).map((row) => row.reason)).toEqual(["kept"]);
  expect(errors.at(-1)).toBe("History is written again; 3 records are missing in it");
});

test("a flood never waits: what exceeds the queue is dropped, the rest is written in order", async () => {
  const log = history({ queueLimit: 100 });
  const started = performance.now();
  for (let index = 1; index <= 5_000; index += 1) log.append(record(`change ${index}`));
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(log.dropped).toBe(4_900);
  const rows = await log.query({ limit: 1_000 }, signal);
  expect(rows).toHaveLength(100);
  expect(rows.at(-1)?.reason).toBe("change 1");
  expect(errors.filter((message) => message.includes("faster than they can be written"))).toHaveLength(1);
});

test("a full file is followed by another, ids and chain go on, and the oldest files go", async () => {
  const log = history({ rowsPerFile: 10, keptFiles: 2 });
  for (let batch = 0; batch < 5; batch += 1) {
    for (let index = 1; index <= 10; index += 1) log.append(record(`change ${batch * 10 + index}`));
    await log.verify(signal);
  }
  await log.close(signal);
  const restarted = history({ rowsPerFile: 10, keptFiles: 2 });
  restarted.append(record("change 51"));
  expect((await restarted.query({ limit: 25 }, signal)).map((row) => row.id)).toEqual(
    Array.from({ length: 21 }, (_, index) => 51 - index),
  );
  expect((await readdir(join(directory, "state"))).filter((name) => !/-(wal|shm)$/.test(name)).sort()).toEqual([
    "history.db",
    "history.db.000000000040",
    "history.db.000000000050",
  ]);
  expect(await restarted.verify(signal)).toMatchObject({ ok: true, rows: 21, head: { id: 51 } });
  expect(errors).toEqual([]);
});

test("a closed file that was rewritten no longer fits the next one", async () => {
  const log = history({ rowsPerFile: 2, keptFiles: 5 });
  for (let index = 1; index <= 4; index += 1) {
    log.append(record(`change ${index}`));
    await log.verify(signal);
  }
  await log.close(signal);
  await rm(`${path}.000000000002`);
  path = join(directory, "state", "forged.db");
  const forger = history({ rowsPerFile: 2 });
  forger.append(record("other 1"));
  forger.append(record("other 2"));
  await forger.close(signal);
  const forged = await readFile(`${path}.000000000002`);
  path = join(directory, "state", "history.db");
  await writeFile(`${path}.000000000002`, forged);
  expect(await history({ rowsPerFile: 2 }).verify(signal)).toEqual({ ok: false, at: 3 });
});

test("close() gives up when its signal aborts, and later records are counted as dropped", async () => {
  const log = history();
  log.append(record("one"));
  await log.close(AbortSignal.abort());
  log.append(record("two"));
  expect(log.dropped).toBeGreaterThanOrEqual(1);
});

test("a process that does nothing else waits for what it asked, and for nothing more", async () => {
  const program = `
    import { openAuditLog } from "#adapters/store/audit-log.ts";
    const { signal } = new AbortController();
    const log = openAuditLog({ path: process.argv[1], onError: console.error });
    log.append(${JSON.stringify(record("one"))});
    console.log((await log.query({ limit: 1 }, signal)).length);
    if (process.argv[2] === "close") await log.close(signal);
    console.log("end");`;
  for (const ending of ["close", "leave"]) {
    const args = ["--input-type=module-typescript", "--eval", program, join(directory, ending), ending];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect([stdout, stderr]).toEqual(["1\nend\n", ""]);
  }
});

import { parentPort, workerData } from "node:worker_threads";
import type { AuditRecord } from "#engine/ports.ts";
import type { AuditFilter } from "./audit-file.ts";
import { AuditStore } from "./audit-store.ts";
import type { AuditStoreOptions } from "./audit-store.ts";

/** What the main thread asks for. */
export type AuditRequest = { readonly call: number } & (
  | { readonly op: "append"; readonly records: readonly AuditRecord[] }
  | { readonly op: "query"; readonly filter: AuditFilter }
  | { readonly op: "verify" }
  | { readonly op: "close" }
);

/** What the worker tells: the outcome of a call, or something a person should read. */
export type AuditReply =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: string }
  | { readonly notice: string };

const port = parentPort;
if (port === null) throw new Error("Cannot keep history: this file runs as a worker thread only");
const reply = (message: AuditReply) => port.postMessage(message);
const store = new AuditStore(workerData as AuditStoreOptions, (notice) => reply({ notice }));

port.on("message", (request: AuditRequest) => {
  try {
    reply({ call: request.call, value: perform(request) });
  } catch (error) {
    reply({ call: request.call, error: error instanceof Error ? error.message : String(error) });
  }
  if (request.op === "close") port.close();
});

function perform(request: AuditRequest): unknown {
  switch (request.op) {
    case "append":
      return store.append(request.records);
    case "query":
      return store.query(request.filter);
    case "verify":
      return store.verify();
    case "close":
      return store.close();
  }
}

import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { HttpWire, type WireAnswer, type WireCall } from "../http/http-wire.ts";
import { publicAddress } from "../http/public-address.ts";
import { readBounded } from "../http/read-bounded.ts";
import type { TlsSettings } from "../http/tls-secret.ts";
import { GitError } from "./git-error.ts";
import type { LfsPointer } from "./lfs-pointer.ts";

/** A server of LFS: of which repository, and how to prove who we are. */
export interface LfsServer {
  /** Address of the repository, http or https, without user information. */
  readonly url: URL;
  readonly access: (signal: AbortSignal) => Promise<{ readonly authorization?: string; readonly tls: TlsSettings }>;
}

const MEDIA_TYPE = "application/vnd.git-lfs+json";
const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const KEPT_BYTES = 64 * 1024 * 1024;
const TIME_LIMIT_MS = 60_000;
const MAX_REDIRECTS = 5;

interface Action {
  readonly href: string;
  readonly header?: Readonly<Record<string, string>>;
}

interface Offered {
  readonly oid?: unknown;
  readonly actions?: { readonly download?: Action };
  readonly error?: { readonly code?: unknown };
}

interface Session {
  readonly wire: HttpWire;
  readonly authorization: string | undefined;
}

/** Fetches what pointers stand for, by the batch protocol, and keeps some of it. */
export class LfsObjects {
  readonly #server: LfsServer;
  readonly #kept = new LRUCache<string, Uint8Array>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ length }) => length || 1,
  });

  constructor(server: LfsServer) {
    this.#server = server;
  }

  /** Contents by their ids; pointers are given by path, which errors name. @throws GitError */
  async fetch(
    pointers: ReadonlyMap<string, LfsPointer>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const wanted = new Map<string, { readonly path: string; readonly pointer: LfsPointer }>();
    for (const [path, pointer] of pointers) {
      const kept = this.#kept.get(pointer.oid);
      if (kept) found.set(pointer.oid, kept);
      else wanted.set(pointer.oid, { path, pointer });
      if (pointer.size > MAX_OBJECT_BYTES) {
        throw new GitError("too-large", `${action(path)}: it is larger than ${MAX_OBJECT_BYTES / 2 ** 20} MiB`);
      }
    }
    if (wanted.size === 0) return found;
    for (const [oid, content] of await this.#limited([...wanted.values()], signal)) {
      this.#kept.set(oid, content);
      found.set(oid, content);
    }
    return found;
  }

  async #limited(wanted: readonly Wanted[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const { path } = wanted[0]!;
    try {
      return await withDeadline(signal, TIME_LIMIT_MS, (scope) => this.#fetchAll(wanted, scope));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof GitError) throw error;
      const isLate = error instanceof DeadlineError;
      const state = isLate ? `no answer in ${TIME_LIMIT_MS / 1000} s` : connectionFault(error, "server").state;
      throw new GitError(isLate ? "timeout" : "unreachable", `${action(path)}: ${state}`, { cause: error });
    }
  }

  async #fetchAll(wanted: readonly Wanted[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const { authorization, tls } = await this.#server.access(signal);
    const wire = new HttpWire(tls, (message) => new GitError("redirect", message));
    const session = { wire, authorization };
    try {
      const offers = await this.#offers(session, wanted, signal);
      const contents = new Map<string, Uint8Array>();
      for (const one of wanted) {
        const offered = offers.get(one.pointer.oid);
        contents.set(one.pointer.oid, await this.#download(session, { ...one, offered }, signal));
      }
      return contents;
    } finally {
      await wire.close();
    }
  }

  async #offers(
    session: Session,
    wanted: readonly Wanted[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Offered>> {
    const url = new URL(this.#server.url);
    url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\.git$/, "")}.git/info/lfs/objects/batch`;
    const objects = wanted.map(({ pointer: { oid, size } }) => ({ oid, size }));
    const body = JSON.stringify({ operation: "download", transfers: ["basic"], objects, hash_algo: "sha256" });
    const headers = { accept: MEDIA_TYPE, "content-type": MEDIA_TYPE };
    const { path } = wanted[0]!;
    const call = { method: "POST", url, headers, authorization: session.authorization, body, isOwn: true } as const;
    const bytes = await read(session.wire, { ...call, action: actionText(path), maxBytes: MAX_ANSWER_BYTES }, signal);
    try {
      const { objects: offered } = JSON.parse(bytes.toString("utf8")) as { objects: Offered[] };
      return new Map(offered.map((one) => [String(one.oid), one]));
    } catch (cause) {
      throw new GitError("failed", `${action(path)}: the answer of the server is no answer of LFS`, { cause });
    }
  }

  async #download(
    session: Session,
    { path, pointer, offered }: Wanted & { readonly offered: Offered | undefined },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const from = offered?.actions?.download;
    if (!from || offered.error) {
      const code = typeof offered?.error?.code === "number" ? offered.error.code : 404;
      throw new GitError("refused-content", `${action(path)}: the server does not have it (${code})`);
    }
    if (!URL.canParse(from.href) || !/^https?:$/.test(new URL(from.href).protocol)) {
      throw new GitError("redirect", `${action(path)}: the server names an address that is none of http`);
    }
    const url = new URL(from.href);
    const { authorization = url.origin === this.#server.url.origin ? session.authorization : undefined, ...headers } =
      lowered(from.header ?? {});
    const isOwn = url.origin === this.#server.url.origin;
    const call = { method: "GET", url, headers, authorization, isOwn, action: actionText(path) } as const;
    const content = await read(session.wire, { ...call, maxBytes: MAX_OBJECT_BYTES }, signal);
    const isAsked =
      content.length === pointer.size && createHash("sha256").update(content).digest("hex") === pointer.oid;
    if (!isAsked) throw new GitError("corrupt", `${action(path)}: what the server gives is not what the pointer says`);
    return content;
  }
}

interface Wanted {
  readonly path: string;
  readonly pointer: LfsPointer;
}

async function read(
  wire: HttpWire,
  { maxBytes, ...call }: Omit<WireCall, "maxRedirects"> & { readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const answer = await wire.open({ ...call, maxRedirects: MAX_REDIRECTS }, signal);
  if (answer.status < 200 || answer.status >= 300) {
    answer.body.on("error", () => {}).destroy();
    throw refusal(answer, call);
  }
  const bytes = await readBounded(answer.body, maxBytes, signal);
  if (bytes === null) throw new GitError("too-large", `Cannot ${call.action}: the server gives more than it should`);
  return bytes;
}

function refusal({ status }: WireAnswer, { action: what, url }: Pick<WireCall, "action" | "url">): GitError {
  const isDenied = status === 401 || status === 403;
  const state = isDenied ? "authentication failed" : `${publicAddress(url)} answers ${status}`;
  return new GitError(isDenied ? "authentication" : "failed", `Cannot ${what}: ${state}`);
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function actionText(path: string): string {
  return `fetch ${path} from LFS`;
}

function action(path: string): string {
  return `Cannot ${actionText(path)}`;
}

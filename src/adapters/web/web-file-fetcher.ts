import type { FileTree } from "#core/source/file-tree.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { remoteFileName } from "#core/source/remote-base.ts";
import { sha256Hex } from "#core/source/sha256.ts";
import { SourceError } from "#core/source/source-error.ts";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { RefResult, Repository, SourceFetcher } from "#engine/ports.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { HttpWire, type WireAnswer } from "../http/http-wire.ts";
import { publicAddress } from "../http/public-address.ts";
import { readBounded } from "../http/read-bounded.ts";

const maxBytes = 20 * 1024 * 1024;
const maxRedirects = 5;

/** Opens sources that are one file over http. */
export interface WebFileFetcher extends SourceFetcher {
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A fetcher of single files; its repositories throw SourceError and hold what they read last in memory. */
export function webFileFetcher(): WebFileFetcher {
  const wire = new HttpWire({}, (message) => new SourceError("config", message));
  return {
    open: ({ url }) => new WebFile(wire, new URL(url)),
    close: () => wire.close(),
  };
}

interface Held {
  readonly commit: string;
  readonly tree: FileTree;
  /** By what the server knows whether the file changed. */
  readonly etag: string | undefined;
}

class WebFile implements Repository {
  readonly #wire: HttpWire;
  readonly #url: URL;
  #held: Held | null = null;

  constructor(wire: HttpWire, url: URL) {
    this.#wire = wire;
    this.#url = url;
  }

  async sync(...[refs, { timeoutMs }, signal]: Parameters<Repository["sync"]>): Promise<readonly RefResult[]> {
    const action = `read ${publicAddress(this.#url)}`;
    try {
      this.#held = await withDeadline(signal, timeoutMs, (scope) => this.#read(action, scope));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceError) throw error;
      const late = error instanceof DeadlineError;
      const state = late ? `no answer in ${timeoutMs / 1000} s` : connectionFault(error, "server").state;
      throw new SourceError("fetch", `Cannot ${action}: ${state}`, { cause: error });
    }
    const { commit } = this.#held;
    return refs.map((ref) => ({ ref, commit, refName: null }));
  }

  async holds(commit: string): Promise<boolean> {
    return this.#held?.commit === commit;
  }

  async fetchCommit(commit: string): Promise<void> {
    if (!(await this.holds(commit))) throw this.#isAnother();
  }

  async tree(commit: string): Promise<FileTree> {
    if (this.#held?.commit !== commit) throw this.#isAnother();
    return this.#held.tree;
  }

  async #read(action: string, signal: AbortSignal): Promise<Held> {
    const headers = this.#held?.etag === undefined ? {} : { "if-none-match": this.#held.etag };
    const call = { action, method: "GET", url: this.#url, headers, isOwn: true, maxRedirects } as const;
    const answer = await this.#wire.open(call, signal);
    if (this.#held !== null && answer.status === 304) {
      await answer.body.resume().toArray();
      return this.#held;
    }
    const problem = problemOf(answer);
    if (problem !== null) {
      // Cutting it short is an error of the stream, which concerns nobody.
      answer.body.on("error", () => {}).destroy();
      throw new SourceError(problem.failure, `Cannot ${action}: ${problem.state}`);
    }
    const bytes = await readBounded(answer.body, maxBytes, signal);
    if (bytes === null) throw new SourceError("fetch", `Cannot ${action}: it is larger than ${maxBytes} bytes`);
    const { etag } = answer.headers;
    return {
      commit: `sha256:${sha256Hex(bytes)}`,
      tree: memoryTree({ [remoteFileName]: bytes }),
      etag: typeof etag === "string" ? etag : undefined,
    };
  }

  #isAnother(): SourceError {
    return new SourceError("ref", `Cannot read ${publicAddress(this.#url)}: what it was is not kept`);
  }
}

function problemOf({ status, headers }: WireAnswer): { failure: "fetch" | "config"; state: string } | null {
  if (status === 404) return { failure: "fetch", state: "there is no such file" };
  if (status < 200 || status >= 300) return { failure: "fetch", state: `the server answers ${status}` };
  if (!String(headers["content-type"] ?? "").startsWith("text/html")) return null;
  const state = "it is a web page; a folder of a Git repository is written with // before it, or ?ref= at the end";
  return { failure: "config", state };
}

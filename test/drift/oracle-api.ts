import { Agent, fetch } from "undici";
import type { Resource } from "#core/resource/resource.ts";
import type { Edit } from "./edits.ts";

/** What the API server answered. */
export interface Answer {
  readonly status: number;
  readonly object: Resource;
}

interface Request {
  readonly method: "GET" | "PATCH" | "POST";
  readonly path: string;
  readonly type?: string;
  readonly body?: unknown;
}

/** Plain requests to an API server: as little between a test and the server as can be. */
export class OracleApi {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(options: { server: string; token: string; caPem: string }) {
    this.#server = options.server;
    this.#token = options.token;
    this.#agent = new Agent({ connect: { ca: options.caPem } });
  }

  get(path: string, signal: AbortSignal): Promise<Answer> {
    return this.#send({ method: "GET", path }, signal);
  }

  create(collection: string, options: { body: Resource; manager: string }, signal: AbortSignal): Promise<Answer> {
    const path = `${collection}?fieldManager=${options.manager}`;
    return this.#send({ method: "POST", path, body: options.body }, signal);
  }

  apply(
    path: string,
    options: { body: Resource; manager: string; dryRun?: boolean },
    signal: AbortSignal,
  ): Promise<Answer> {
    const query = `fieldManager=${options.manager}&force=true${options.dryRun ? "&dryRun=All" : ""}`;
    const request = { method: "PATCH", path: `${path}?${query}`, type: PATCH_TYPES.apply, body: options.body } as const;
    return this.#send(request, signal);
  }

  edit(path: string, edit: Edit, signal: AbortSignal): Promise<Answer> {
    const below = edit.subresource === undefined ? "" : `/${edit.subresource}`;
    const query = `fieldManager=${edit.manager}${edit.type === "apply" ? "&force=true" : ""}`;
    const request = { method: "PATCH", path: `${path}${below}?${query}`, type: PATCH_TYPES[edit.type] } as const;
    return this.#send({ ...request, body: edit.body }, signal);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(request: Request, signal: AbortSignal): Promise<Answer> {
    const answer = await fetch(this.#server + request.path, {
      method: request.method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": request.type ?? "application/json" },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal,
    });
    const text = await answer.text();
    // A path that is not served yet is answered in plain words.
    const object: unknown = text.startsWith("{") ? JSON.parse(text) : { kind: "Status", message: text };
    return { status: answer.status, object: object as Resource };
  }
}

const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

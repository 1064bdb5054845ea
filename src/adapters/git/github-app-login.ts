import { sign } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import pLimit from "p-limit";
import { readBounded } from "../http/read-bounded.ts";
import { type GitCredential, type GitTls, tlsSettings } from "./git-credential.ts";
import { GitError, scrubbed } from "./git-error.ts";
import type { GitLogin } from "./git-login.ts";
import { type GitProxy, proxyEnvironment, proxySecrets } from "./git-proxy.ts";
import type { GithubApp } from "./github-app.ts";

/** What getting tokens for an app takes. */
export interface GithubAppLoginParts {
  readonly app: GithubApp;
  readonly tls: GitTls;
  readonly proxy: GitProxy | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const userName = "x-access-token";
const maxAnswerBytes = 4 << 20;
const maxPages = 20;
const perPage = 100;
// A token that is about to expire may do so in the middle of a fetch.
const marginMs = 5 * 60_000;
// The API refuses proofs that are valid for more than ten minutes; the first is for clocks that are behind.
const proofSeconds = { before: 60, after: 540 };

/** Gets tokens for an app that is installed at GitHub, each for as long as it lasts. */
export class GithubAppLogin implements GitLogin {
  readonly #parts: GithubAppLoginParts;
  readonly #exclusive = pLimit(1);
  #held: { readonly credential: GitCredential; readonly expiresAt: number } | undefined;

  constructor(parts: GithubAppLoginParts) {
    this.#parts = parts;
  }

  get identity(): string {
    const { appId, installation, privateKey, api } = this.#parts.app;
    const key = privateKey.export({ format: "pem", type: "pkcs8" });
    return JSON.stringify([appId, installation, key, api, this.#parts.tls]);
  }

  async credential(signal: AbortSignal): Promise<GitCredential> {
    return await this.#exclusive(async () => {
      if (this.#held !== undefined && this.#parts.now() < this.#held.expiresAt - marginMs) return this.#held.credential;
      this.#held = await this.#token(signal);
      return this.#held.credential;
    });
  }

  forget(): void {
    this.#held = undefined;
  }

  /** A token is for all repositories of the installation. */
  of(): this {
    return this;
  }

  async #token(signal: AbortSignal): Promise<{ credential: GitCredential; expiresAt: number }> {
    const action = "get a token for the GitHub App";
    const { tls, app } = this.#parts;
    const installation =
      "id" in app.installation ? app.installation.id : await this.#installationOf(app.installation, signal);
    const path = `/app/installations/${installation}/access_tokens`;
    const fields = this.#accepted(action, await this.#ask({ action, method: "POST", path }, signal), 201);
    const { token, expires_at: until } = fields as { token?: unknown; expires_at?: unknown };
    const expiresAt = typeof until === "string" ? Date.parse(until) : Number.NaN;
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token) || Number.isNaN(expiresAt)) {
      throw new GitError("authentication", `Cannot ${action}: the answer holds no token`);
    }
    return { credential: { kind: "basic", username: userName, password: token, ...tls }, expiresAt };
  }

  async #installationOf({ owner }: { owner: string }, signal: AbortSignal): Promise<string> {
    const action = "find the installation of the GitHub App";
    for (let page = 1; page <= maxPages; page++) {
      const path = `/app/installations?per_page=${perPage}&page=${page}`;
      const listed = this.#accepted(action, await this.#ask({ action, method: "GET", path }, signal), 200);
      if (!Array.isArray(listed)) break;
      for (const { id, account } of listed as { id?: unknown; account?: { login?: unknown } | null }[]) {
        if (typeof account?.login !== "string" || account.login.toLowerCase() !== owner.toLowerCase()) continue;
        if (typeof id === "number") return String(id);
      }
      if (listed.length < perPage) break;
    }
    throw new GitError("authentication", `Cannot ${action}: there is none in the account ${JSON.stringify(owner)}`);
  }

  #accepted(action: string, { status, body }: Answer, wanted: number): unknown {
    const fields = parsed(body);
    if (status === wanted && fields !== undefined) return fields;
    const { message } = (fields ?? {}) as { message?: unknown };
    // oxlint-disable-next-line no-control-regex
    const text = typeof message === "string" ? message.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, 200) : "";
    const told = text === "" ? "" : ` (${scrubbed(text, proxySecrets(this.#parts.proxy))})`;
    const passes = status >= 500 || status === 429;
    throw new GitError(passes ? "unreachable" : "authentication", `Cannot ${action}: GitHub answers ${status}${told}`);
  }

  async #ask(call: { action: string; method: "GET" | "POST"; path: string }, signal: AbortSignal): Promise<Answer> {
    const { app, proxy, tls } = this.#parts;
    const url = new URL(app.api + call.path);
    const proxyEnv = proxyEnvironment(proxy);
    const { request, agent } =
      url.protocol === "https:"
        ? { request: https.request, agent: new https.Agent({ proxyEnv }) }
        : { request: http.request, agent: new http.Agent({ proxyEnv }) };
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${this.#proof()}`,
      "user-agent": "holdfast",
      "x-github-api-version": "2022-11-28",
      "content-length": "0",
    };
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const sent = request(url, {
          method: call.method,
          agent,
          signal,
          headers,
          ...tlsSettings({ kind: "tls", ...tls }),
        });
        sent.on("error", reject);
        sent.on("response", (response) => {
          readBounded(response, maxAnswerBytes, signal).then(
            (body) => resolve({ status: response.statusCode ?? 0, body: body ?? Buffer.alloc(0) }),
            reject,
          );
        });
        sent.end();
      });
    } catch (cause) {
      signal.throwIfAborted();
      const { code = "" } = cause as NodeJS.ErrnoException;
      throw new GitError("unreachable", `Cannot ${call.action}: ${url.host} cannot be reached (${code})`, { cause });
    }
  }

  /** Proves that whoever asks has the app's key. */
  #proof(): string {
    const { appId, privateKey } = this.#parts.app;
    const seconds = Math.floor(this.#parts.now() / 1_000);
    const claims = { iat: seconds - proofSeconds.before, exp: seconds + proofSeconds.after, iss: appId };
    const text = [{ alg: "RS256", typ: "JWT" }, claims].map((part) => base64url(JSON.stringify(part))).join(".");
    return `${text}.${base64url(sign("sha256", Buffer.from(text), privateKey))}`;
  }
}

function base64url(value: string | Buffer): string {
  return Buffer.from(value).toString("base64url");
}

function parsed(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

import pLimit from "p-limit";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import { type askGcpByKey, type GcpKey, gcpKeyOf } from "../cloud/gcp-key-token.ts";
import { secretEntry } from "../http/secret-entry.ts";
import type { GitCredential, GitTls } from "./git-credential.ts";
import type { GitLogin } from "./git-login.ts";

/** What getting tokens by the key of a Google account takes. */
export interface GcpKeyLoginParts {
  readonly key: GcpKey;
  readonly tls: GitTls;
  /** Of the way to Google. */
  readonly proxy: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly ask: typeof askGcpByKey;
}

const ENTRY = "gcpServiceAccountKey";
const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
// A token that is about to expire may do so in the middle of a fetch.
const marginMs = 5 * 60_000;

/** Logs in to Google's Git servers by the key of an account, each token for as long as it lasts. */
export class GcpKeyLogin implements GitLogin {
  readonly #parts: GcpKeyLoginParts;
  readonly #exclusive = pLimit(1);
  #held: { readonly credential: GitCredential; readonly expiresAt: number } | undefined;

  constructor(parts: GcpKeyLoginParts) {
    this.#parts = parts;
  }

  get identity(): string {
    const { key, tls, proxy } = this.#parts;
    return JSON.stringify([key.email, key.key, key.keyId, proxy, tls]);
  }

  async credential(signal: AbortSignal): Promise<GitCredential> {
    const { key, tls, proxy, now, ask } = this.#parts;
    return await this.#exclusive(async () => {
      if (this.#held !== undefined && now() < this.#held.expiresAt - marginMs) return this.#held.credential;
      const { token, expiresAt } = await ask(key, { scopes, proxy }, signal);
      this.#held = { credential: { kind: "basic", username: key.email, password: token, ...tls }, expiresAt };
      return this.#held.credential;
    });
  }

  forget(): void {
    this.#held = undefined;
  }

  /** A token is for all repositories that the account may read. */
  of(): this {
    return this;
  }
}

/** Reads `gcpServiceAccountKey` of a repository's Secret. @throws SourceError naming Secret and entry, never a value */
export function gcpKeyIn(secret: Resource | undefined, url: string): GcpKey {
  const { namespace = "", name = "" } = secret?.metadata ?? {};
  const refuse = (state: string) => new SourceError("auth", `Cannot use the Secret ${namespace}/${name}: ${state}`);
  if (!url.startsWith("https://")) throw refuse(`with \`${ENTRY}\` the address must begin with https://`);
  const key = gcpKeyOf((secret && secretEntry(secret, ENTRY)) ?? "");
  if (typeof key === "string") throw refuse(`\`${ENTRY}\` cannot be used: ${key}`);
  return key;
}

import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Resource } from "#core/resource/resource.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { githubAppOf } from "./github-app.ts";
import { GithubAppLogin } from "./github-app-login.ts";

const MAX_KEPT = 100;
const ADDRESS = "githubAppEnterpriseBaseUrl";

/** Tokens of apps that are installed at GitHub, for its interface, each kept for as long as it lasts. */
export class GithubAppTokens {
  readonly #logins = new LRUCache<string, GithubAppLogin>({ max: MAX_KEPT });
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A token of the app whose data a Secret holds, and the address that the Secret names; "": the public one.
   * @throws SourceError naming the Secret, or GitError
   */
  async token(
    secret: Resource,
    { api, owner }: { readonly api: string; readonly owner: string },
    signal: AbortSignal,
  ): Promise<{ readonly token: string; readonly api: string }> {
    const address = api || (secretEntry(secret, ADDRESS)?.trim() ?? "");
    const named = ["githubAppInstallationID", "githubAppInstallationOwner"].some((key) => secretEntry(secret, key));
    const added = {
      ...(address && { githubAppBaseURL: address }),
      ...(!named && { githubAppInstallationOwner: owner }),
    };
    const data = { ...(secret["data"] as object), ...encoded(added) };
    const made = new GithubAppLogin({ app: githubAppOf({ ...secret, data }), tls: {}, proxy: null, now: this.#now });
    const key = createHash("sha256").update(made.identity).digest("hex");
    const login = this.#logins.get(key) ?? made;
    this.#logins.set(key, login);
    const credential = await login.credential(signal);
    return { token: credential.kind === "basic" ? credential.password : "", api: address };
  }
}

function encoded(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")] as const);
  return Object.fromEntries(entries);
}

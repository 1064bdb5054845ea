import pLimit from "p-limit";
import { parseAuthChallenge } from "./auth-challenge.ts";
import type { AuthChallenge } from "./auth-challenge.ts";
import type { RegistryCredential } from "./docker-config.ts";

import { boundedBody } from "./bounded-body.ts";
import { OciError } from "./oci-error.ts";
import type { HttpWire, WireAnswer, WireCall } from "../http/http-wire.ts";

/** What a login is for. */
export interface LoginScope {
  /** Host and port, as messages name it. */
  readonly registry: string;
  readonly repository: string;
  /** Asked for whenever it is needed: some last only for a while. */
  readonly credential: CredentialSource;
  /** For a person who is refused: what the Secret lacks; "" when nothing. */
  readonly hint: string;
  /** What the token must allow; reading alone unless it is said. */
  readonly actions?: "pull" | "pull,push";
}

/** Gives a credential as it is now. @throws SourceError */
export type CredentialSource = (signal: AbortSignal) => Promise<RegistryCredential>;

/** Milliseconds that never go back. */
export type Monotonic = () => number;

type Bearer = Extract<AuthChallenge, { scheme: "bearer" }>;

const maxTokenAnswerBytes = 1 << 20;
const shortestLifeMs = 60_000;
// A token that is about to expire may do so on its way.
const marginMs = 5_000;

/** Keeps the Authorization header for one repository of a registry, and gets it as the registry asks for it. */
export class RegistryLogin {
  readonly #wire: HttpWire;
  readonly #scope: LoginScope;
  readonly #now: Monotonic;
  readonly #exclusive = pLimit(1);
  #header: string | undefined;
  /** As it was shown last. */
  #credential: RegistryCredential = { kind: "none" };
  #expiresAt = Infinity;
  #bearer: { readonly challenge: Bearer; readonly origin: URL } | undefined;

  constructor(wire: HttpWire, scope: LoginScope, now: Monotonic) {
    this.#wire = wire;
    this.#scope = scope;
    this.#now = now;
  }

  /** The header to send now, renewed when it is known to have expired. */
  async header(signal: AbortSignal): Promise<string | undefined> {
    const known = this.#bearer;
    if (known === undefined || this.#now() < this.#expiresAt) return this.#header;
    return await this.#exclusive(async () => {
      if (this.#now() >= this.#expiresAt) await this.#fetchToken(known.challenge, known.origin, signal);
      return this.#header;
    });
  }

  /**
   * Takes a 401 that answered a request with the header `sent`; false when there is nothing else to show.
   * @throws OciError when the registry sends credentials where they must not go, or the token server refuses
   */
  async renew(
    sent: string | undefined,
    answer: { readonly headers: WireAnswer["headers"]; readonly origin: URL },
    signal: AbortSignal,
  ): Promise<boolean> {
    return await this.#exclusive(async () => {
      if (this.#header !== sent) return true;
      const challenge = parseAuthChallenge(answer.headers["www-authenticate"]);
      const credential = await this.#current(signal);
      if (credential.kind === "bearer") return this.#take(`Bearer ${credential.token}`);
      if (challenge?.scheme === "bearer") {
        await this.#fetchToken(challenge, answer.origin, signal);
        return this.#header !== sent;
      }
      if (challenge === undefined || credential.kind !== "basic") return false;
      return this.#take(basicHeader(credential));
    });
  }

  /** Everything that must not show up in a message. */
  get secrets(): readonly string[] {
    const credential = this.#credential;
    const token = this.#header?.replace(/^\w+ /, "") ?? "";
    if (credential.kind === "basic") return [credential.password, token];
    return credential.kind === "none" ? [token] : [credential.token, token];
  }

  async #current(signal: AbortSignal): Promise<RegistryCredential> {
    this.#credential = await this.#scope.credential(signal);
    return this.#credential;
  }

  #take(header: string): boolean {
    const isNew = this.#header !== header;
    this.#header = header;
    return isNew;
  }

  async #fetchToken(challenge: Bearer, origin: URL, signal: AbortSignal): Promise<void> {
    const realm = this.#realmOf(challenge, origin);
    const action = `log in to ${this.#scope.registry} at ${realm.host}`;
    const credential = await this.#current(signal);
    const answer = await this.#wire.open(this.#tokenCall({ action, realm, challenge, origin, credential }), signal);
    const body = await boundedBody(answer.body, { maxBytes: maxTokenAnswerBytes, action }, signal);
    if (answer.status >= 500 || answer.status === 429) {
      throw new OciError("unreachable", `Cannot ${action}: the token server answers ${answer.status}`);
    }
    if (answer.status !== 200) {
      const why = this.#scope.hint === "" ? "the credentials are refused" : this.#scope.hint;
      throw new OciError("authentication", `Cannot ${action}: authentication failed (${answer.status}): ${why}`);
    }
    const { token, lifeMs } = tokenIn(action, body);
    this.#header = `Bearer ${token}`;
    this.#expiresAt = this.#now() + Math.max(lifeMs, shortestLifeMs) - marginMs;
    this.#bearer = { challenge, origin };
  }

  #tokenCall(request: {
    action: string;
    realm: URL;
    challenge: Bearer;
    origin: URL;
    credential: RegistryCredential;
  }): WireCall {
    const { action, realm, challenge, origin, credential } = request;
    const { repository, actions = "pull" } = this.#scope;
    // Never more than is needed, whatever the registry proposes.
    const asked = { service: challenge.service, scope: `repository:${repository}:${actions}` };
    const isOwn = realm.host === origin.host;
    const common = { action, isOwn, maxRedirects: 0 };
    if (credential.kind === "identity") {
      const form = { grant_type: "refresh_token", client_id: "holdfast", refresh_token: credential.token, ...asked };
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return { ...common, method: "POST", url: realm, headers, body: new URLSearchParams(form).toString() };
    }
    const url = new URL(realm);
    if (asked.service !== "") url.searchParams.set("service", asked.service);
    url.searchParams.set("scope", asked.scope);
    const authorization = credential.kind === "basic" ? basicHeader(credential) : undefined;
    return { ...common, method: "GET", url, headers: {}, authorization };
  }

  /** A token server elsewhere is usual, so TLS has to say who it is; plain http goes to the registry's own host alone. */
  #realmOf({ realm }: Bearer, origin: URL): URL {
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    const isPlainOwn = url?.protocol === "http:" && origin.protocol === "http:" && url.hostname === origin.hostname;
    if (url !== undefined && url.username === "" && (url.protocol === "https:" || isPlainOwn)) return url;
    const where = url === undefined ? "an address that does not parse" : `${url.protocol}//${url.host}`;
    throw new OciError("redirect", `Cannot log in to ${this.#scope.registry}: it asks to send credentials to ${where}`);
  }
}

function tokenIn(action: string, body: Buffer): { readonly token: string; readonly lifeMs: number } {
  const fields = parsed(body);
  const token = fields["token"] || fields["access_token"];
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new OciError("failed", `Cannot ${action}: the token server's answer holds no token`);
  }
  const seconds = fields["expires_in"];
  return { token, lifeMs: typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : 0 };
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

import { readFile } from "node:fs/promises";
import { ConnectionError } from "./connection.ts";
import type { ClientCertificate, ClusterSettings, ExecPlugin, Place } from "./connection.ts";
import { runExecPlugin } from "./exec-plugin.ts";
import { SharedTask } from "#async/shared-task.ts";

/** What one request carries to prove who sends it, and where it may be sent. */
export interface Proof {
  readonly authorization: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly place: Place;
}

interface Held extends Proof {
  readonly endsAtMs: number;
}

const TOKEN_FILE_AGE_MS = 60_000;
const EXPIRY_MARGIN_MS = 30_000;
const READ_LIMIT_MS = 60_000;
const USABLE_SHARE = 0.8;

/** Produces the proof of each request: reads it once, keeps it until it ends, and asks once however many wait for it. */
export class Authenticator {
  readonly #settings: ClusterSettings;
  readonly #now: () => number;
  #held: Held | undefined;
  readonly #reading: SharedTask<Held>;

  constructor(settings: ClusterSettings, lifetime: AbortSignal, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
    this.#reading = new SharedTask(lifetime, READ_LIMIT_MS);
  }

  /** The current proof. */
  async proof(signal: AbortSignal): Promise<Proof> {
    const held = this.#held;
    if (held && this.#now() < held.endsAtMs) return held;
    return this.#reading.join((scope) => this.#read(scope), signal);
  }

  /** Drops a proof that the server refused; false when a new one could not differ. */
  renew(refused: Proof): boolean {
    const { kind } = this.#settings.credential;
    if (kind !== "exec" && kind !== "token-file" && kind !== "asked") return false;
    if (this.#held === refused) this.#held = undefined;
    return true;
  }

  async #read(signal: AbortSignal): Promise<Held> {
    const { credential, clientCertificate: certificate } = this.#settings;
    const forever = { certificate, place: this.#settings, endsAtMs: Infinity };
    switch (credential.kind) {
      case "none":
        return (this.#held = { ...forever, authorization: undefined });
      case "token":
        return (this.#held = { ...forever, authorization: `Bearer ${credential.token}` });
      case "basic": {
        const pair = Buffer.from(`${credential.username}:${credential.password}`).toString("base64");
        return (this.#held = { ...forever, authorization: `Basic ${pair}` });
      }
      case "token-file":
        return (this.#held = await this.#readTokenFile(credential.path, signal));
      case "exec":
        return (this.#held = await this.#runPlugin(credential.plugin, signal));
      case "asked": {
        const { token, expiresAt, ...place } = await credential.ask(signal);
        const endsAtMs = this.#renewalAt(expiresAt);
        return (this.#held = { authorization: `Bearer ${token}`, certificate, place, endsAtMs });
      }
    }
  }

  /** While a fifth of its life is left; what runs by then goes on with the old one. */
  #renewalAt(expiresAt: number): number {
    const now = this.#now();
    return now + (expiresAt - now) * USABLE_SHARE;
  }

  async #readTokenFile(path: string, signal: AbortSignal): Promise<Held> {
    const token = (await readFile(path, { encoding: "utf8", signal })).trim();
    if (token === "") throw new ConnectionError(`Cannot authenticate: the token file ${path} is empty`);
    return {
      authorization: `Bearer ${token}`,
      certificate: this.#settings.clientCertificate,
      place: this.#settings,
      endsAtMs: this.#now() + TOKEN_FILE_AGE_MS, // Rotated tokens appear in the file while the old one still lives.
    };
  }

  async #runPlugin(plugin: ExecPlugin, signal: AbortSignal): Promise<Held> {
    const given = await runExecPlugin(plugin, signal);
    return {
      authorization: given.token === undefined ? undefined : `Bearer ${given.token}`,
      certificate: given.certificate ?? this.#settings.clientCertificate,
      place: this.#settings,
      endsAtMs: given.expiresAtMs === undefined ? Infinity : given.expiresAtMs - EXPIRY_MARGIN_MS,
    };
  }
}

import type { CloudIdentity } from "#engine/cloud-identity.ts";
import { HttpWire } from "../http/http-wire.ts";
import { openByAws } from "./aws-data-key.ts";
import { openByAzure } from "./azure-data-key.ts";
import { CloudError } from "./cloud-error.ts";
import type { CloudDataKey, KeyCaller, KeyMeans } from "./data-key.ts";
import { openByGcp } from "./gcp-data-key.ts";
import { KeptTokens } from "./kept-tokens.ts";

/** Has services of clouds unwrap data keys. */
export class DataKeyOpener {
  readonly #cloud: CloudIdentity;
  readonly #lifetime = new AbortController();
  readonly #kept = new KeptTokens(this.#lifetime.signal, Date.now);
  #wire: HttpWire | undefined;

  constructor(cloud: CloudIdentity) {
    this.#cloud = cloud;
  }

  /** The data key. @throws SourceError without a word of what was shown or opened */
  async open(key: CloudDataKey, caller: KeyCaller, signal: AbortSignal): Promise<Buffer> {
    this.#wire ??= new HttpWire({}, (message) => new CloudError(message));
    const means: KeyMeans = { cloud: this.#cloud, kept: this.#kept, wire: this.#wire, random: Math.random };
    switch (key.service) {
      case "aws":
        return await openByAws(means, { key, caller }, signal);
      case "gcp":
        return await openByGcp(means, { key, caller }, signal);
      case "azure":
        return await openByAzure(means, { key, caller }, signal);
    }
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    this.#lifetime.abort(new Error("The program ends"));
    await this.#wire?.close();
  }
}

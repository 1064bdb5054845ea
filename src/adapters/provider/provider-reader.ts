import type { Dispatcher } from "undici";
import { withDeadline } from "#async/with-deadline.ts";
import { ProviderError } from "#core/app/provider-error.ts";
import type { ProviderAddress, ProviderCall, ProviderName } from "#core/app/provider.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ProviderReader } from "#engine/provider-reader.ts";
import { tlsDispatcher } from "../http/tls-dispatcher.ts";
import { azureDevOps } from "./azure-dev-ops.ts";
import { bitbucketServer } from "./bitbucket-server.ts";
import { bitbucket } from "./bitbucket.ts";
import { askCodeCommit, type RoleKeys } from "./code-commit.ts";
import { gitea } from "./gitea.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { type AnswerMemory, ProviderApi } from "./provider-api.ts";
import type { Provider } from "./provider.ts";

const providers: Readonly<Record<Exclude<ProviderName, "awsCodeCommit">, Provider>> = {
  github,
  gitlab,
  gitea,
  bitbucket,
  bitbucketServer,
  azureDevOps,
};

const LIMIT_MS = 60_000;

/** Gets tokens for apps that are installed at a service. */
export interface AppTokens {
  /** The token, and the address of the service's interface; "": its own. @throws Error whose message holds no credential */
  token(
    secret: Resource,
    at: { readonly api: string; readonly owner: string },
    signal: AbortSignal,
  ): Promise<{ readonly token: string; readonly api: string }>;
}

/** What proves who asks, beyond what Secrets hold. */
export interface ProviderReadersParts {
  readonly appTokens: AppTokens;
  readonly roleKeys: RoleKeys;
}

/** Services that keep code, asked over http; what did not change since is not sent again. */
export class ProviderReaders implements ProviderReader {
  readonly #memory: AnswerMemory = new Map();
  readonly #parts: ProviderReadersParts;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(parts: ProviderReadersParts) {
    this.#parts = parts;
  }

  async read(asked: Parameters<ProviderReader["read"]>[0], signal: AbortSignal): Promise<unknown> {
    return withDeadline(signal, LIMIT_MS, (scope) => this.#answer(asked, scope));
  }

  async #answer(asked: Parameters<ProviderReader["read"]>[0], signal: AbortSignal): Promise<unknown> {
    const { call, ca } = asked;
    const { address, secret } = await this.#shown(asked, signal);
    const { credential } = address;
    if (address.provider === "awsCodeCommit") {
      const asRole = credential && "role" in credential ? credential : { region: "", role: "" };
      const parts = { keys: this.#parts.roleKeys, dispatcher: this.#dispatcher(address, ca), asRole };
      return await askCodeCommit(parts, call, signal);
    }
    const provider = providers[address.provider];
    const base = baseOf(provider, address);
    const headers = provider.headers(credential && "user" in credential ? credential.user : "", secret);
    const parts = { base, headers, dispatcher: this.#dispatcher(address, ca), memory: this.#memory };
    const api = new ProviderApi({ ...parts, now: () => Date.now() });
    return answered(provider, { api, address }, { call, signal });
  }

  async post(asked: Parameters<ProviderReader["post"]>[0], signal: AbortSignal): Promise<unknown> {
    const { url, token, body, timeoutMs } = asked;
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new ProviderError(`Cannot ask ${JSON.stringify(url.slice(0, 80))}: it is no http address`);
    }
    const headers = { authorization: `Bearer ${token}` };
    const parts = { base: new URL(url).origin, headers, dispatcher: this.#dispatcher({ insecure: false }, "") };
    const api = new ProviderApi({ ...parts, memory: this.#memory, now: () => Date.now() });
    return withDeadline(signal, timeoutMs, (scope) => api.post(new URL(url), body, scope));
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
  }

  /** Where a service is asked, and what proves who asks; an app gets its token there first. */
  async #shown(
    { address, secret, app }: Parameters<ProviderReader["read"]>[0],
    signal: AbortSignal,
  ): Promise<{ readonly address: ProviderAddress; readonly secret: string }> {
    if (app === null) return { address, secret };
    const { token, api } = await this.#parts.appTokens.token(app, address, signal);
    return { address: { ...address, api }, secret: token };
  }

  #dispatcher({ insecure }: Pick<ProviderAddress, "insecure">, ca: string): Dispatcher {
    const key = `${insecure} ${ca}`;
    const known = this.#dispatchers.get(key);
    if (known) return known;
    const made = tlsDispatcher({ ...(insecure && { unverified: true }), ...(ca && { ca }) });
    this.#dispatchers.set(key, made);
    return made;
  }
}

function baseOf(provider: Provider, { api }: ProviderAddress): string {
  const base = provider.base(api);
  if (/^https?:\/\//.test(base) && URL.canParse(base)) return base;
  throw new ProviderError(`Cannot ask ${JSON.stringify(api.slice(0, 80))}: it is no http address`);
}

function answered(
  provider: Provider,
  place: Parameters<Provider["path"]>[0],
  { call, signal }: { call: ProviderCall; signal: AbortSignal },
): Promise<unknown> {
  switch (call.get) {
    case "repositories":
      return provider.repositories(place, call, signal);
    case "branches":
      return provider.branches(place, call, signal);
    case "path":
      return provider.path(place, call, signal);
    case "pulls":
      return provider.pulls(place, call, signal);
  }
}

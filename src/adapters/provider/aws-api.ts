import { type Dispatcher, request } from "undici";
import type { DeadlineError } from "#async/with-deadline.ts";
import { ProviderError } from "#core/app/provider-error.ts";
import { scrubbed } from "../cloud/cloud-error.ts";
import { askAgain, type FailedAttempt } from "../http/ask-again.ts";
import { type AccessKeys, signedHeaders } from "../http/aws-signature.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { readBounded } from "../http/read-bounded.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import { memberIn, textIn } from "./provider.ts";

/** A service of AWS: its name in addresses and signatures, and that of its interface. */
export interface AwsService {
  readonly name: string;
  readonly api: string;
}

/** One request to it. */
export interface AwsCall {
  readonly service: AwsService;
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What it calls that there is no such thing. */
  readonly absent?: readonly string[];
}

/** What asking takes. */
export interface AwsApiParts {
  readonly keys: AccessKeys;
  readonly region: string;
  readonly dispatcher: Dispatcher;
  readonly random: () => number;
}

const MAX_BYTES = 16 << 20;
const MAX_PAGES = 200;
const MAX_WORDS = 300;
const LEFT_ALONE_MS = 60_000;
const isBusy = /^(?:Throttling|TooManyRequests|RequestLimitExceeded|ServiceUnavailable|InternalService)/;

/** Services of AWS in one region: signed requests whose answers are JSON. */
export class AwsApi {
  readonly #parts: AwsApiParts;

  constructor(parts: AwsApiParts) {
    this.#parts = parts;
  }

  /** What a service answers, asked more than once when it is busy; null: there is no such thing. @throws ProviderError */
  async call(asked: AwsCall, signal: AbortSignal): Promise<unknown> {
    const late = (state: string, cause: DeadlineError) => this.#failure(asked, state, { cause });
    const attempt = () => this.#attempt(asked, signal);
    return await askAgain<unknown, ProviderError>({ attempt, late, random: this.#parts.random }, signal);
  }

  /** Answers of all pages; `token` is what the page after is asked by, and read from. @throws ProviderError */
  async pages(asked: AwsCall, token: string, signal: AbortSignal): Promise<readonly unknown[]> {
    const answers: unknown[] = [];
    for (let next = ""; ;) {
      if (answers.length >= MAX_PAGES) throw this.#failure(asked, `it has more than ${MAX_PAGES} pages`);
      const body = next === "" ? asked.body : { ...asked.body, [token]: next };
      const answer = await this.call({ ...asked, body }, signal);
      answers.push(answer);
      next = textIn(answer, token);
      if (next === "") return answers;
    }
  }

  async #attempt(asked: AwsCall, signal: AbortSignal): Promise<{ value: unknown } | FailedAttempt<ProviderError>> {
    const body = JSON.stringify(asked.body);
    const { dispatcher } = this.#parts;
    const host = this.#host(asked);
    try {
      const headers = { "user-agent": "holdfast", ...this.#signed(asked, { host, body }) };
      const got = await request(`https://${host}/`, { method: "POST", headers, body, dispatcher, signal });
      const text = (await readBounded(got.body, MAX_BYTES, signal))?.toString("utf8");
      const answer = parsed(text);
      if (got.statusCode === 200 && answer !== null) return { value: answer };
      return this.#refused(asked, { status: got.statusCode, answer, wait: got.headers["retry-after"] });
    } catch (error) {
      signal.throwIfAborted();
      const { state, passes } = connectionFault(error, "service");
      return { error: this.#failure(asked, state, { cause: error }), passes, at: "later" };
    }
  }

  #refused(
    asked: AwsCall,
    { status, answer, wait }: { status: number; answer: unknown; wait: string | string[] | undefined },
  ): { value: null } | FailedAttempt<ProviderError> {
    const code = textIn(answer, "__type").replace(/^.*#/, "");
    if (asked.absent?.includes(code)) return { value: null };
    if (status === 200) {
      return { error: this.#failure(asked, "its answer is too large, or no JSON"), passes: false, at: "later" };
    }
    const { keys } = this.#parts;
    const secrets = [keys.key, ...(keys.session === undefined ? [] : [keys.session])];
    const words = [code, textIn(answer, "message") || textIn(answer, "Message")].filter((word) => word !== "");
    const told = words.length > 0 ? ` (${scrubbed(words.join(": "), secrets).slice(0, MAX_WORDS)})` : "";
    const passes = status === 429 || status >= 500 || isBusy.test(code);
    const options = passes ? { retryAfterMs: LEFT_ALONE_MS } : {};
    const error = this.#failure(asked, `the service answers ${status}${told}`, options);
    return { error, passes, at: "later", retryAfterMs: retryAfterMs(wait, Date.now()) };
  }

  #signed(
    { service, operation }: AwsCall,
    { host, body }: { readonly host: string; readonly body: string },
  ): Readonly<Record<string, string>> {
    const { keys, region } = this.#parts;
    const typed = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${service.api}.${operation}` };
    const unsigned = { method: "POST", host, path: "/", query: {}, headers: typed, body } as const;
    const { host: _, ...headers } = signedHeaders(unsigned, keys, { service: service.name, region, at: new Date() });
    return headers;
  }

  #host({ service }: AwsCall): string {
    const { region } = this.#parts;
    return `${service.name}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  }

  #failure(asked: AwsCall, state: string, options: ConstructorParameters<typeof ProviderError>[1] = {}): ProviderError {
    return new ProviderError(`Cannot ask ${this.#host(asked)} for ${asked.operation}: ${state}`, options);
  }
}

/** An object; null: it is none. */
function parsed(text: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return memberIn({ value }, "value") instanceof Object ? value : null;
  } catch {
    return null;
  }
}

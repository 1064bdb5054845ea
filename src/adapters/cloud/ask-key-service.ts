import { askAgain, type FailedAttempt } from "../http/ask-again.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { readBounded } from "../http/read-bounded.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import { CloudError } from "./cloud-error.ts";
import type { KeyMeans } from "./data-key.ts";

/** A question for a data key. */
export interface KeyQuestion {
  readonly url: URL;
  /** Of the attempt: a signature is good only for a while. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body: string;
  /** What the answer calls the data key. */
  readonly field: string;
}

const maxAnswerBytes = 65_536;
const action = "open the data key";
const isBusy =
  /^(Throttling|TooManyRequests|LimitExceeded|KMSInternal|DependencyTimeout|RESOURCE_EXHAUSTED|UNAVAILABLE)/;

/**
 * Asks a service for a data key, more than once when it is busy. Of what it says in a refusal only the code is told: the
 * rest may hold anything.
 * @throws CloudError
 */
export async function askKeyService(
  { wire, random }: Pick<KeyMeans, "wire" | "random">,
  question: KeyQuestion,
  signal: AbortSignal,
): Promise<Buffer> {
  const late = (state: string) => new CloudError(`Cannot ${action}: ${state}`);
  return await askAgain<Buffer, CloudError>({ attempt: () => attempt(wire, question, signal), late, random }, signal);
}

async function attempt(
  wire: KeyMeans["wire"],
  { url, headers, body, field }: KeyQuestion,
  signal: AbortSignal,
): Promise<{ value: Buffer } | FailedAttempt<CloudError>> {
  try {
    const call = { action, method: "POST", url, headers: headers(), body, isOwn: true, maxRedirects: 0 } as const;
    const answer = await wire.open(call, signal);
    const text = (await readBounded(answer.body, maxAnswerBytes, signal))?.toString("utf8") ?? "";
    const fields = parsed(text);
    const { status } = answer;
    if (status !== 200) {
      const code = codeOf(fields);
      const told = code === "" ? "" : ` (${code})`;
      const error = new CloudError(`Cannot ${action}: ${url.host} answers ${status}${told}`);
      const passes = status === 429 || status >= 500 || isBusy.test(code);
      return { error, passes, at: "later", retryAfterMs: retryAfterMs(answer.headers["retry-after"], Date.now()) };
    }
    const key = fields[field];
    const value = typeof key === "string" ? Buffer.from(key, "base64url") : Buffer.alloc(0);
    if (value.length > 0) return { value };
    return {
      error: new CloudError(`Cannot ${action}: the answer of ${url.host} holds none`),
      passes: false,
      at: "later",
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CloudError) return { error, passes: false, at: "later" };
    const { state, passes } = connectionFault(error, "server");
    return { error: new CloudError(`Cannot ${action}: ${state} (${url.host})`), passes, at: "later" };
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/** What each service calls a refusal. */
function codeOf(fields: Readonly<Record<string, unknown>>): string {
  const { __type: type, error } = fields;
  const { status, code } = (typeof error === "object" && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  const word = [type, status, code].find((candidate) => typeof candidate === "string") ?? "";
  const name = String(word).replace(/^.*#/, "");
  return /^[A-Za-z_]{1,60}$/.test(name) ? name : "";
}

import { connectionFault } from "../http/connection-fault.ts";
import { HttpWire, type WireCall } from "../http/http-wire.ts";
import { readBounded } from "../http/read-bounded.ts";
import { CloudError, scrubbed } from "./cloud-error.ts";

/** A question to a cloud's API. */
export interface JsonCall extends Pick<WireCall, "action" | "method" | "url" | "headers" | "body"> {
  readonly proxy: string | undefined;
  /** What is shown to it: some APIs tell in a refusal what they were sent. */
  readonly secrets: readonly string[];
}

const maxAnswerBytes = 4 << 20;
const maxWords = 300;

/** Asks an API and gives the object that it answers with. @throws CloudError with the API's own words, never with what it was shown */
export async function askJson(
  { proxy, secrets, ...call }: JsonCall,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { action } = call;
  const wire = new HttpWire(proxy === undefined ? {} : { proxy }, (message) => new CloudError(message));
  try {
    const { status, body } = await wire.open({ ...call, isOwn: false, maxRedirects: 0 }, signal);
    const text = (await readBounded(body, maxAnswerBytes, signal))?.toString("utf8") ?? "";
    const fields = parsed(text);
    if (status === 200 && fields !== undefined) return fields;
    throw new CloudError(`Cannot ${action}: ${call.url.host} answers ${status}${wordsOf(fields, secrets)}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CloudError) throw error;
    throw new CloudError(`Cannot ${action}: ${connectionFault(error, "server").state}`);
  } finally {
    await wire.close();
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where the APIs say what is wrong. */
function wordsOf(fields: Readonly<Record<string, unknown>> = {}, secrets: readonly string[]): string {
  const { error, errors } = fields;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  for (const part of [fields, error, first]) {
    if (!isRecord(part)) continue;
    const words = part["message"] ?? part["Message"] ?? part["error_description"];
    if (typeof words === "string") return ` (${scrubbed(words, secrets).slice(0, maxWords)})`;
  }
  return "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

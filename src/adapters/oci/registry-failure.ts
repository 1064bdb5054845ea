import { retryAfterMs } from "../http/retry-after.ts";
import { OciError } from "./oci-error.ts";
import type { OciErrorCode } from "./oci-error.ts";

/** A refusal as the registry words it. */
export interface Refusal {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Codes of the protocol, such as NAME_UNKNOWN. */
  readonly codes: readonly string[];
  readonly text: string;
}

/** The largest part of a refusal's body that is looked at. */
export const maxRefusalBytes = 16_384;

/** Reads what a registry answers when it refuses. */
export function refusalOf(
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Buffer;
  },
  now: number,
): Refusal {
  const errors = errorsIn(answer.body.toString("utf8"));
  const { message = "" } = errors[0] ?? {};
  return {
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], now),
    codes: errors.flatMap(({ code }) => code ?? []),
    // oxlint-disable-next-line no-control-regex
    text: message.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, 200),
  };
}

/** The error for a refusal; `action` as it reads after "Cannot", `hint` says what a person may be missing. */
export function refusalError(action: string, refusal: Refusal, hint: string): OciError {
  const { status, codes, text } = refusal;
  const told = text === "" ? "" : ` (${text})`;
  const error = (code: OciErrorCode, state: string) => new OciError(code, `Cannot ${action}: ${state}${told}`);
  if (status === 401 || status === 403) {
    const why = hint === "" ? "the credentials are refused or do not reach this repository" : hint;
    return error("authentication", `authentication failed: ${why}`);
  }
  if (status === 404 && codes.includes("MANIFEST_UNKNOWN")) return error("ref-not-found", "there is no such manifest");
  if (status === 404) {
    return error("not-found", "there is no such repository or content, or these credentials do not show it");
  }
  if (status === 429) return error("failed", "the registry limits how often it may be asked (429)");
  return error("failed", `the registry answers ${status}`);
}

function errorsIn(body: string): readonly { readonly code?: string; readonly message?: string }[] {
  try {
    const parsed = JSON.parse(body) as { errors?: unknown };
    if (!Array.isArray(parsed.errors)) return [];
    return parsed.errors.slice(0, 10).map((error: { code?: unknown; message?: unknown } | null) => ({
      ...(typeof error?.code === "string" && { code: error.code }),
      ...(typeof error?.message === "string" && { message: error.message }),
    }));
  } catch {
    // Proxies answer in HTML, of which the status says as much.
    return [];
  }
}

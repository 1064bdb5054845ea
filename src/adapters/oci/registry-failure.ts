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
  answer: { readonly status: number; readonly retryAfter: string | undefined; readonly body: Buffer },
  now: number,
): Refusal {
  const errors = errorsIn(answer.body.toString("utf8"));
  const { message = "" } = errors[0] ?? {};
  return {
    status: answer.status,
    retryAfterMs: waitOf(answer.retryAfter, now),
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

const certificateWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  CERT_REVOKED: "it is revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its authority is not known",
};

const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it closed the connection",
  EAI_AGAIN: "its name does not resolve",
  ENOTFOUND: "its name does not resolve",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS; `insecure: true` allows plain http",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS; `insecure: true` allows plain http",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_SOCKET: "it closed the connection",
};

/** The error for a connection that was not made or was lost. */
export function connectionError(action: string, cause: unknown): OciError {
  const code = codeOf(cause);
  const untrusted = certificateWords[code];
  if (untrusted !== undefined) {
    return new OciError("certificate", `Cannot ${action}: the server's certificate is not trusted: ${untrusted}`, {
      cause,
    });
  }
  const why = connectionWords[code] ?? (code === "" ? "the connection failed" : `the connection failed (${code})`);
  return new OciError("unreachable", `Cannot ${action}: the registry cannot be reached: ${why}`, { cause });
}

/** Whether a connection may succeed the next time: what two sides disagree about does not change. */
export function mayPass(cause: unknown): boolean {
  const code = codeOf(cause);
  return certificateWords[code] === undefined && !code.startsWith("ERR_SSL_") && !code.startsWith("ERR_TLS_");
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
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

/** Seconds or a date. */
function waitOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

import { ApiError, WEBHOOK_FAILED } from "#core/cluster/api-error.ts";
import type { StatusCause } from "#core/cluster/api-error.ts";
import { isRecord, textIn } from "./json-shape.ts";

/** What a request was about, for the message that a person reads. */
export interface RequestSubject {
  /** `apply`, `list`: completes "Cannot …". */
  readonly verb: string;
  readonly kind: string;
  /** `Deployment/shop/web`. */
  readonly text: string;
}

/** A refusing answer: HTTP status, its Retry-After header and the body. */
export interface RefusingAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

// RBAC's refusals name the user, verb and resource and never a value.
const RBAC_REFUSAL = /^[a-z.]+ (?:"[^"]*" )?is forbidden: User "[^"]*" cannot /;
const WEBHOOK_FAILURE = /^Internal error occurred: failed calling webhook /;
const MESSAGE_LIMIT = 4_000;

/** The error that a refusing answer stands for; of a Secret only field names are repeated, never a value. */
export function failureOf(subject: RequestSubject, answer: RefusingAnswer): ApiError {
  const status = statusObject(answer.body);
  const misfit = misfitOf(textIn(status?.["message"]));
  if (misfit && answer.status === 500) return misfitFailure(subject, misfit);
  const details = isRecord(status?.["details"]) ? status["details"] : {};
  const isWebhook = answer.status === 500 && WEBHOOK_FAILURE.test(textIn(status?.["message"]));
  const reason = isWebhook ? WEBHOOK_FAILED : textIn(status?.["reason"]) || reasonOf(answer.status);
  const causes = causesOf(details["causes"], subject.kind);
  const said = textIn(status?.["message"]) || (status ? reason : plain(answer.body)) || reason;
  const detail = subject.kind === "Secret" ? scrubbed(said, { reason, causes, code: answer.status }) : said;
  const retryAfterMs = retryAfterOf(answer.retryAfter, details["retryAfterSeconds"]);
  return new ApiError({
    code: answer.status,
    reason,
    message: messageOf(subject, detail),
    causes,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

// Server-side apply answers 500 to an object that does not fit its schema, which is a verdict and not a passing fault.
function misfitOf(message: string): string | undefined {
  return /^failed to create typed patch object \([^)]*\): ([^]*)$/.exec(message)?.[1];
}

function misfitFailure(subject: RequestSubject, misfit: string): ApiError {
  const found = misfit
    .replace(/^errors:\n/, "")
    .split("\n")
    .map((line) => withWayOut(line.trim().replace(/^\./, "")));
  const hidden = subject.kind === "Secret";
  // A path of names and list keys, then what is wrong there.
  const causes = found.map((line) => {
    const [, field, message = line] = /^((?:[^\s:"[]|\[[^\]]*\])+): (.*)$/.exec(line) ?? [];
    return {
      reason: "FieldValueTypeInvalid",
      ...(field === undefined ? {} : { field }),
      ...(hidden ? {} : { message }),
    };
  });
  const shown = hidden ? causes.map((cause) => cause.field ?? "a field") : found;
  const detail = `it does not fit its schema: ${shown.join("; ")}`;
  return new ApiError({ code: 422, reason: "Invalid", message: messageOf(subject, detail), causes });
}

/** Client-side apply takes an entry that stands there twice, so its users meet this when they come from there. */
function withWayOut(problem: string): string {
  const isTwice = problem.includes("duplicate entries for key ");
  return isTwice ? `${problem}; leave all but one of them out, server-side apply can hold one only` : problem;
}

function messageOf(subject: RequestSubject, detail: string): string {
  return `Cannot ${subject.verb} ${subject.text}: ${detail.slice(0, MESSAGE_LIMIT)}`;
}

function statusObject(body: string): Record<string, unknown> | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) && value["kind"] === "Status" ? value : undefined;
  } catch {
    return undefined; // A gateway's page or a cut answer: the HTTP status alone speaks.
  }
}

function causesOf(value: unknown, kind: string): readonly StatusCause[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((cause) => ({
    ...(textIn(cause["reason"]) ? { reason: textIn(cause["reason"]) } : {}),
    ...(textIn(cause["message"]) && kind !== "Secret" ? { message: textIn(cause["message"]) } : {}),
    ...(textIn(cause["field"]) ? { field: textIn(cause["field"]) } : {}),
  }));
}

function scrubbed(said: string, known: { reason: string; causes: readonly StatusCause[]; code: number }): string {
  if (known.code === 404 || RBAC_REFUSAL.test(said)) return said;
  const fields = known.causes.map((cause) => [cause.field, cause.reason].filter(Boolean).join(": ")).filter(Boolean);
  const named = fields.length > 0 ? ` (${fields.join("; ")})` : "";
  return `the server answered ${known.code} ${known.reason}${named}; its words may hold the secret and are not shown`;
}

function reasonOf(code: number): string {
  return REASONS[code] ?? (code >= 500 ? "InternalError" : "Unknown");
}

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotServed",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function retryAfterOf(header: string | undefined, seconds: unknown): number | undefined {
  const asked = header !== undefined && /^\d+$/.test(header) ? Number(header) : seconds;
  return typeof asked === "number" && asked >= 0 ? asked * 1_000 : undefined;
}

function plain(body: string): string {
  return body.includes("<") ? "" : body.trim().slice(0, 300);
}

import { retryAfterMs } from "../http/retry-after.ts";
import { BucketError } from "./bucket-error.ts";
import type { BucketErrorCode } from "./bucket-error.ts";
import { childText, parseXml } from "./xml.ts";

/** A refusal as the server words it. */
export interface Refusal {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Code of the protocol, such as NoSuchBucket; "" when there is none. */
  readonly code: string;
  readonly text: string;
  /** The region that the server says the bucket is in; "" when it says nothing. */
  readonly region: string;
}

/** The largest part of a refusal's body that is looked at. */
export const maxRefusalBytes = 16_384;

/** Reads what a server answers when it refuses. */
export function refusalOf(
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Buffer;
  },
  now: number,
): Refusal {
  const { code, message, region } = wordsIn(answer.body.toString("utf8"));
  const told = answer.headers["x-amz-bucket-region"];
  return {
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], now),
    code: code.slice(0, 80),
    text: lasting(message),
    region: regionOf(typeof told === "string" ? told : region),
  };
}

/** The error for a refusal; `hint` says what a person may be missing. */
export function refusalError(
  { action, of }: { readonly action: string; readonly of: "bucket" | "object" },
  { status, code, text, region }: Refusal,
  hint: string,
): BucketError {
  const words = [code, text].filter((word) => word !== "").join(": ");
  const told = words === "" ? "" : ` (${words})`;
  const error = (kind: BucketErrorCode, state: string) => new BucketError(kind, `Cannot ${action}: ${state}${told}`);
  if (status === 412) return error("changed", "it was changed while it was read");
  if (goneObject.test(code) || (of === "object" && code === "notFound")) {
    return error("changed", "it was removed while it was read");
  }
  if (status >= 300 && status < 400) {
    const where = region === "" ? "" : ` of the region ${region}`;
    return error("failed", `the bucket has another endpoint: name that${where}`);
  }
  if (status === 401 || status === 403 || refusedKeys.test(code)) {
    const why = hint === "" ? "the keys are refused or do not reach this bucket" : hint;
    return error("authentication", `authentication failed: ${why}`);
  }
  if (status === 404 && (code === "" || goneBucket.test(code))) return error("not-found", "the bucket does not exist");
  if (status === 429 || busy.test(code)) return error("failed", "the server limits how often it may be asked");
  return error("failed", `the server answers ${status}`);
}

// What servers call these, each in the words of its protocol, whatever the status is that they answer with.
const goneObject = /^(NoSuchKey|BlobNotFound)$/;
const goneBucket = /^(NoSuchBucket|ContainerNotFound|notFound)$/;
const busy = /^(SlowDown|ServerBusy|rateLimitExceeded)$/;
const refusedKeys =
  /^(AccessDenied|Authorization|ExpiredToken|InvalidAccessKeyId|InvalidToken|NoAuthenticationInformation|PublicAccessNotPermitted|SignatureDoesNotMatch|XAdminUserNotFound)/;

interface Words {
  readonly code: string;
  readonly message: string;
  readonly region: string;
}

function wordsIn(body: string): Words {
  try {
    return body.trimStart().startsWith("{") ? wordsInJson(body) : wordsInXml(body);
  } catch {
    // Proxies answer in HTML, of which the status says as much.
    return { code: "", message: "", region: "" };
  }
}

function wordsInXml(body: string): Words {
  const error = parseXml(body);
  const textOf = (name: string) => (error.name === "Error" ? (childText(error, name) ?? "") : "");
  return { code: textOf("Code"), message: textOf("Message"), region: textOf("Region") };
}

function wordsInJson(body: string): Words {
  const { error } = JSON.parse(body) as {
    error?: { message?: string; errors?: readonly { reason?: string }[] };
  };
  const [first] = error?.errors ?? [];
  return { code: `${first?.reason ?? ""}`, message: `${error?.message ?? ""}`, region: "" };
}

/** Some servers end their words with the number and time of the request, which differ each time. */
function lasting(message: string): string {
  const words = message.replace(/\s*RequestId:[^]*$/, "");
  // oxlint-disable-next-line no-control-regex
  return words.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, 200);
}

function regionOf(text: string): string {
  return /^[A-Za-z0-9-]{1,64}$/.test(text) ? text : "";
}

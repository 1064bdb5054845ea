/** Why a server's certificate is not trusted, by the code that Node gives. */
export const certificateWords: Readonly<Record<string, string>> = {
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

/** A connection that was not made or was lost. */
export interface ConnectionFault {
  readonly code: "certificate" | "unreachable";
  /** As it reads after "Cannot …: ". */
  readonly state: string;
  /** Whether it may succeed the next time: what two sides disagree about does not change. */
  readonly passes: boolean;
}

/** What an error of a connection means; `server` is what messages call the other side. */
export function connectionFault(error: unknown, server: string): ConnectionFault {
  const code = codeOf(error);
  const untrusted = certificateWords[code];
  if (untrusted !== undefined) {
    return { code: "certificate", state: `the server's certificate is not trusted: ${untrusted}`, passes: false };
  }
  // The library tells in words only what a proxy answers.
  const status = error instanceof Error ? /^Proxy response \((\d{3})\)/.exec(error.message)?.[1] : undefined;
  if (status !== undefined) {
    const why = status === "407" ? "the proxy does not accept the credentials" : `the proxy answers ${status}`;
    return { code: "unreachable", state: `the ${server} cannot be reached: ${why}`, passes: status !== "407" };
  }
  const why = connectionWords[code] ?? (code === "" ? "the connection failed" : `the connection failed (${code})`);
  const passes = !code.startsWith("ERR_SSL_") && !code.startsWith("ERR_TLS_");
  return { code: "unreachable", state: `the ${server} cannot be reached: ${why}`, passes };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}

import { getCACertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { TlsSettings } from "./tls-secret.ts";

/** Connections with the trust and the certificate of one Secret, through the proxy of another or of the environment. */
export function tlsDispatcher({ ca, cert, key, proxy, unverified }: TlsSettings): Dispatcher {
  const authorities = ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] };
  const trust = unverified ? { rejectUnauthorized: false } : authorities;
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  const connect = { timeout: 10_000, ...trust, ...pair };
  // Deadlines are the caller's.
  return new EnvHttpProxyAgent({
    connections: 16,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
    connect,
    requestTls: connect,
    // A proxy of its own stands alone: exceptions of the environment are none for it.
    ...(proxy !== undefined && { httpProxy: proxy, httpsProxy: proxy, noProxy: "" }),
  });
}

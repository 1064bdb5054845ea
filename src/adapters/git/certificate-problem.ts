import * as https from "node:https";
import { tlsSettings } from "./git-credential.ts";
import { proxyEnvironment } from "./git-proxy.ts";
import type { Route } from "./redirect-target.ts";

const words: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  CERT_REVOKED: "it is revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it asks for a client certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not accept the client certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its authority is not known",
};

/** Why TLS with a server fails, which not every git says; undefined when that cannot be found out. */
export function certificateProblem(route: Route, signal: AbortSignal): Promise<string | undefined> {
  const agent = new https.Agent({ proxyEnv: proxyEnvironment(route.proxy) });
  return new Promise((resolve) => {
    const sent = https.request(route.address, { method: "HEAD", agent, signal, ...tlsSettings(route.credential) });
    sent.on("response", (response) => {
      response.destroy();
      resolve(undefined);
    });
    sent.on("error", ({ code = "" }: NodeJS.ErrnoException) => resolve(words[code]));
    sent.end();
  });
}

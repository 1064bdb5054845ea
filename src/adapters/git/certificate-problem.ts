import * as https from "node:https";
import { certificateWords } from "../http/connection-fault.ts";
import { tlsSettings } from "./git-credential.ts";
import { proxyEnvironment } from "./git-proxy.ts";
import type { Route } from "./redirect-target.ts";

const words: Readonly<Record<string, string>> = {
  ...certificateWords,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it asks for a client certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not accept the client certificate",
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

import { Agent } from "node:https";

/** Connections for one request for a token: through a given proxy, or as the environment says. */
export function httpsAgent(proxy: string | undefined): Agent {
  return new Agent({ proxyEnv: proxy === undefined ? process.env : { HTTPS_PROXY: proxy } });
}

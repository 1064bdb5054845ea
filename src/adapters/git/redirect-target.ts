import * as http from "node:http";
import * as https from "node:https";
import { anonymous, authorizationHeader, tlsSettings } from "./git-credential.ts";
import type { GitCredential } from "./git-credential.ts";
import { GitError } from "./git-error.ts";
import { proxyEnvironment } from "./git-proxy.ts";
import type { GitProxy } from "./git-proxy.ts";

/** Where requests go, and as whom. */
export interface Route {
  readonly address: string;
  readonly transport: "http" | "https" | "ssh" | "file";
  readonly credential: GitCredential;
  /** What every connection goes through; null: what the environment says. */
  readonly proxy: GitProxy | null;
}

const maxHops = 4;
const probe = "/info/refs?service=git-upload-pack";

/**
 * Follows the redirects of a repository address. The credential goes along only while host and port stay the same and the
 * connection does not become less safe; elsewhere requests are anonymous.
 */
export async function redirectTarget(route: Route, signal: AbortSignal): Promise<Route> {
  let current = route;
  for (let hop = 0; hop < maxHops; hop++) {
    const location = await locationOf(current, signal);
    if (location === undefined) return current;
    current = nextRoute(current, location);
  }
  throw new GitError("redirect", `Cannot reach the repository: more than ${maxHops} redirects`);
}

function nextRoute(from: Route, location: string): Route {
  const base = new URL(from.address);
  const target = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (target === undefined || !target.href.endsWith(probe)) {
    throw new GitError("redirect", "Cannot reach the repository: it redirects to something that is no repository");
  }
  const transport = target.protocol.slice(0, -1);
  if (transport !== "https" && (transport !== "http" || base.protocol === "https:")) {
    throw new GitError(
      "redirect",
      `Cannot reach the repository: it redirects from ${base.protocol} to ${target.protocol}`,
    );
  }
  target.username = "";
  target.password = "";
  const address = target.href.slice(0, -probe.length);
  const credential = isSameHost(base, target) ? from.credential : anonymous(from.credential);
  return { address, transport, credential, proxy: from.proxy };
}

function isSameHost(from: URL, to: URL): boolean {
  if (from.protocol === to.protocol) return from.host === to.host;
  // An upgrade from plain http on the default port to https on the default port is the same site.
  return from.hostname === to.hostname && from.port === "" && to.port === "" && to.protocol === "https:";
}

function locationOf(route: Route, signal: AbortSignal): Promise<string | undefined> {
  const url = `${route.address.replace(/\/$/, "")}${probe}`;
  const authorization = authorizationHeader(route.credential);
  const proxyEnv = proxyEnvironment(route.proxy);
  const { request, agent } =
    route.transport === "https"
      ? { request: https.request, agent: new https.Agent({ proxyEnv }) }
      : { request: http.request, agent: new http.Agent({ proxyEnv }) };
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      signal,
      headers: { "user-agent": "git/2 (holdfast)", ...(authorization === undefined ? {} : { authorization }) },
      ...tlsSettings(route.credential),
    });
    sent.on("response", (response) => {
      const isRedirect = response.statusCode !== undefined && [301, 302, 303, 307, 308].includes(response.statusCode);
      resolve(isRedirect ? (response.headers.location ?? "") : undefined);
      response.destroy();
    });
    sent.on("error", (cause) => {
      if (signal.aborted) reject(signal.reason);
      else reject(new GitError("unreachable", "Cannot reach the repository: following its redirect failed", { cause }));
    });
    sent.end();
  });
}

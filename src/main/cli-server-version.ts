import { Authenticator } from "#adapters/kube/authenticator.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import { RequestLimiter } from "#adapters/kube/request-limiter.ts";
import { Requester } from "#adapters/kube/requester.ts";
import { Transport } from "#adapters/kube/transport.ts";
import manifest from "../../package.json" with { type: "json" };

/** What the API server calls itself, e.g. `v1.36.2`. @throws ApiError */
export async function serverVersion(settings: ClusterSettings, signal: AbortSignal): Promise<string> {
  const transport = new Transport(settings);
  const way = { transport, authenticator: new Authenticator(settings, signal), limiter: new RequestLimiter() };
  const requester = new Requester(way, {
    userAgent: `holdfast/${manifest.version}`,
    readTimeoutMs: 10_000,
    writeTimeoutMs: 10_000,
    attempts: 2,
    backoffMs: 200,
    random: Math.random,
    onRequest: () => {},
  });
  try {
    const call = {
      verb: "get",
      method: "GET",
      path: "/version",
      kind: "",
      subject: "the version",
      repeatable: true,
    } as const;
    const answer = (await requester.sendJson({ ...call, signal })) as { gitVersion?: string };
    return answer.gitVersion ?? "unknown";
  } finally {
    await transport.close();
  }
}

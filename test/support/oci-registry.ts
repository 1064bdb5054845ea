import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Dispatcher } from "undici";
import { request, Agent } from "undici";
import { startService } from "./service.ts";
import type { Service } from "./service.ts";
import { tarballOf } from "./tarball.ts";

/** What the client sent. */
export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** Whether the client showed a certificate. */
  readonly certified: boolean;
}

/** What happens to a request instead of what the registry would do. */
export type RegistryFault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** Changes the registry's own answer. */
  | { readonly change: (body: Buffer) => Buffer }
  | { readonly drop: true }
  /** Never answers. */
  | { readonly hold: true }
  /** Sends so many bytes of the registry's answer and cuts the connection. */
  | { readonly cutAfter: number }
  /** The registry's answer without one header. */
  | { readonly without: string };

/** How the registry behaves; may be changed while it runs. */
export interface RegistryBehaviour {
  /** Admits this token alone and sends everybody to the realm. */
  bearer?: { token: string; realm: string };
  fault?: (request: RegistryRequest) => RegistryFault | undefined | Promise<undefined>;
}

/** How a registry is started. */
export interface OciRegistryOptions {
  readonly basic?: { readonly username: string; readonly password: string };
  /** The most tags in one answer. */
  readonly maxTags?: number;
  readonly tls?: ServerOptions;
}

/** A layer as it is pushed. */
export interface PushedLayer {
  readonly mediaType: string;
  readonly content: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An artifact to push: files as the usual client packs them, or layers as they are. */
export type PushedArtifact = (
  { readonly files: Readonly<Record<string, string>> } | { readonly layers: readonly PushedLayer[] }
) & {
  readonly annotations?: Readonly<Record<string, string>>;
};

/** The official registry behind a server of our own that watches and disturbs. */
export interface OciRegistry {
  /** Host and port. */
  readonly host: string;
  readonly behaviour: RegistryBehaviour;
  readonly requests: RegistryRequest[];
  url(repository: string): string;
  /** Pushes an artifact and returns its digest. */
  push(repository: string, tag: string, artifact: PushedArtifact): Promise<string>;
  /** Pushes any manifest and returns its digest. */
  pushManifest(repository: string, reference: string, manifest: { mediaType: string; body: unknown }): Promise<string>;
  /** What it says of a manifest. */
  describe(repository: string, digest: string): Promise<{ readonly mediaType: string; readonly size: number }>;
  deleteManifest(repository: string, digest: string): Promise<void>;
  stop(): Promise<void>;
}

export const contentType = "application/vnd.cncf.flux.content.v1.tar+gzip";
const configType = "application/vnd.cncf.flux.config.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Starts a registry on a free loopback port; `stop` ends it. */
export async function startOciRegistry(options: OciRegistryOptions = {}): Promise<OciRegistry> {
  const backend = await startBackend(options);
  const behaviour: RegistryBehaviour = {};
  const requests: RegistryRequest[] = [];
  const agent = new Agent({ allowH2: false });
  const handle = (incoming: IncomingMessage, response: ServerResponse) => {
    const seen = seenRequest(incoming);
    requests.push(seen);
    serve({ backend, behaviour, agent, seen, incoming, response }).catch(() => response.destroy());
  };
  const server: Server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  const host = await listen(server);
  const pusher = new Pusher(`http://${backend.address}`, agent, options);
  return {
    host,
    behaviour,
    requests,
    url: (repository) => `oci://${host}/${repository}`,
    push: (repository, tag, artifact) => pusher.push(repository, tag, artifact),
    pushManifest: (repository, reference, manifest) => pusher.pushManifest(repository, reference, manifest),
    describe: async (repository, digest) => {
      const path = `/v2/${repository}/manifests/${digest}`;
      const { headers } = await pusher.send({ method: "GET", path, headers: { accept: manifestType } });
      return { mediaType: String(headers["content-type"]), size: Number(headers["content-length"]) };
    },
    deleteManifest: async (repository, digest) => {
      await pusher.send({ method: "DELETE", path: `/v2/${repository}/manifests/${digest}` });
    },
    stop: async () => {
      await close(server);
      await agent.destroy();
      await backend.stop();
    },
  };
}

/** A server that gives out a token to those who show the right user, and remembers who asked. */
export interface TokenServer {
  readonly realm: string;
  readonly requests: (RegistryRequest & { readonly body: string })[];
  /** What it answers to the right user. */
  answer: Record<string, unknown>;
  stop(): Promise<void>;
}

/** Starts a token server on loopback that admits one user, everybody without one, or holders of an identity token. */
export async function startTokenServer(
  token: string,
  admits: { authorization?: string; refreshToken?: string } = {},
): Promise<TokenServer> {
  const state: Pick<TokenServer, "answer" | "requests"> = { answer: { token }, requests: [] };
  const server = createServer((incoming, response) => {
    const serveToken = async () => {
      const body = (await buffer(incoming)).toString("utf8");
      const seen = { ...seenRequest(incoming), body };
      state.requests.push(seen);
      const isKnown =
        admits.refreshToken === undefined
          ? seen.authorization === admits.authorization
          : new URLSearchParams(body).get("refresh_token") === admits.refreshToken;
      response.writeHead(isKnown ? 200 : 401).end(isKnown ? JSON.stringify(state.answer) : "no");
    };
    serveToken().catch(() => response.destroy());
  });
  const host = await listen(server);
  return Object.assign(state, { realm: `http://${host}/token`, stop: () => close(server) });
}

interface Backend extends Service {
  readonly authorization: string | undefined;
}

async function startBackend({ basic, maxTags = 1_000 }: OciRegistryOptions): Promise<Backend> {
  const service = await startService("registry", { ...basic, maxTags });
  return { ...service, authorization: basic && basicHeader(basic) };
}

/** The header that a user and a password make. */
export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

interface Exchange {
  readonly backend: Backend;
  readonly behaviour: RegistryBehaviour;
  readonly agent: Agent;
  readonly seen: RegistryRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(exchange: Exchange): Promise<void> {
  const { behaviour, seen, response } = exchange;
  const { bearer, fault } = behaviour;
  if (bearer !== undefined && seen.authorization !== `Bearer ${bearer.token}`) {
    const challenge = `Bearer realm="${bearer.realm}",service="registry.test",scope="repository:any:pull,push"`;
    response.writeHead(401, { "www-authenticate": challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return;
  }
  const act = await fault?.(seen);
  if (act !== undefined && "hold" in act) return;
  if (act !== undefined && "drop" in act) return void response.destroy();
  if (act !== undefined && "status" in act) return void response.writeHead(act.status, act.headers).end(act.body);
  await forward(exchange, act);
}

async function forward(
  { backend, behaviour, agent, incoming, response }: Exchange,
  act?: RegistryFault,
): Promise<void> {
  const { connection: _connection, authorization, ...headers } = incoming.headers;
  const shown = behaviour.bearer === undefined ? authorization : backend.authorization;
  const answer = await request(`http://${backend.address}${incoming.url}`, {
    method: incoming.method ?? "GET",
    headers: { ...headers, ...(shown !== undefined && { authorization: shown }) },
    body: incoming.method === "PUT" || incoming.method === "POST" ? await buffer(incoming) : null,
    dispatcher: agent,
  });
  const { connection: _kept, "transfer-encoding": _encoding, ...kept } = answer.headers;
  if (act !== undefined && "without" in act) delete kept[act.without];
  const body = Buffer.from(await answer.body.arrayBuffer());
  const sent = act !== undefined && "change" in act ? act.change(body) : body;
  const length = incoming.method === "HEAD" ? {} : { "content-length": String(sent.length) };
  response.writeHead(answer.statusCode, { ...kept, ...length });
  if (act !== undefined && "cutAfter" in act) response.write(sent.subarray(0, act.cutAfter), () => response.destroy());
  else response.end(sent);
}

class Pusher {
  readonly #origin: string;
  readonly #agent: Agent;
  readonly #authorization: string | undefined;

  constructor(origin: string, agent: Agent, { basic }: OciRegistryOptions) {
    this.#origin = origin;
    this.#agent = agent;
    this.#authorization = basic && basicHeader(basic);
  }

  async push(repository: string, tag: string, artifact: PushedArtifact): Promise<string> {
    const layers =
      "layers" in artifact ? artifact.layers : [{ mediaType: contentType, content: tarballOf(artifact.files) }];
    const config = await this.#pushBlob(repository, { mediaType: configType, content: Buffer.from("{}") });
    const described = [];
    for (const layer of layers) described.push(await this.#pushBlob(repository, layer));
    const annotations = { "org.opencontainers.image.created": "2026-01-01T00:00:00Z", ...artifact.annotations };
    const body = { schemaVersion: 2, mediaType: manifestType, config, layers: described, annotations };
    return await this.pushManifest(repository, tag, { mediaType: manifestType, body });
  }

  async pushManifest(
    repository: string,
    reference: string,
    { mediaType, body }: { mediaType: string; body: unknown },
  ): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(body));
    const path = `/v2/${repository}/manifests/${reference}`;
    await this.send({ method: "PUT", path, headers: { "content-type": mediaType }, body: bytes });
    return digestOf(bytes);
  }

  async #pushBlob(repository: string, { mediaType, content, annotations }: PushedLayer) {
    const digest = digestOf(content);
    const { headers } = await this.send({ method: "POST", path: `/v2/${repository}/blobs/uploads/` });
    const place = new URL(String(headers["location"]), this.#origin);
    place.searchParams.set("digest", digest);
    const type = { "content-type": "application/octet-stream" };
    await this.send({ method: "PUT", path: place.pathname + place.search, headers: type, body: content });
    return { mediaType, digest, size: content.length, ...(annotations && { annotations }) };
  }

  async send(call: {
    method: Dispatcher.HttpMethod;
    path: string;
    headers?: Record<string, string>;
    body?: Uint8Array;
  }): Promise<Dispatcher.ResponseData> {
    const { method, path, headers = {}, body = null } = call;
    const authorization = this.#authorization === undefined ? {} : { authorization: this.#authorization };
    const answer = await request(this.#origin + path, {
      method,
      headers: { ...headers, ...authorization },
      body,
      dispatcher: this.#agent,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`Cannot ${method} ${path}: ${answer.statusCode} ${text}`);
    return answer;
  }
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function seenRequest(incoming: IncomingMessage): RegistryRequest {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://registry");
  const { authorization } = incoming.headers;
  const certified = "getPeerCertificate" in incoming.socket && isCertified(incoming.socket as never);
  return { method: incoming.method ?? "GET", path: pathname, query: searchParams, authorization, certified };
}

function isCertified(socket: { getPeerCertificate(): object | null }): boolean {
  return Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

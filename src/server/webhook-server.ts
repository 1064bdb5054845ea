import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { digestText } from "#core/resource/digest.ts";
import { type HookEvent, type HookService, hookEventOf, hookServiceOf } from "#core/source/hook-event.ts";
import { startHttpService } from "./http-service.ts";

/** What services show to prove who they are; one that is absent is not believed. */
export type HookSecrets = Readonly<Partial<Record<HookService, string>>>;

/** What is served and where. */
export interface WebhookServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The secrets as they are now; of Azure DevOps `user:password`. */
  readonly secrets: (signal: AbortSignal) => Promise<HookSecrets>;
  /** Told of every event that was proved. */
  readonly onEvent: (event: HookEvent) => void;
  /** Aborting it stops the server. */
  readonly signal: AbortSignal;
}

/** A running server. */
export interface WebhookServer {
  readonly port: number;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<void>;
}

/** How a service proves who it is. */
interface Proof {
  readonly header: string;
  /** `signature`: HMAC-SHA256 of the body, in hexadecimal behind `prefix`; `word`: the secret itself. */
  readonly kind: "signature" | "word" | "basic";
  readonly prefix?: string;
}

class HookRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PATH = "/api/webhook";
const MAX_BODY = 4 * 1024 * 1024;
const maxConnections = 16;

const PROOFS: Readonly<Record<HookService, Proof>> = {
  github: { kind: "signature", header: "x-hub-signature-256", prefix: "sha256=" },
  gogs: { kind: "signature", header: "x-gogs-signature" },
  bitbucketserver: { kind: "signature", header: "x-hub-signature", prefix: "sha256=" },
  gitlab: { kind: "word", header: "x-gitlab-token" },
  bitbucket: { kind: "word", header: "x-hook-uuid" },
  azuredevops: { kind: "basic", header: "authorization" },
};

/**
 * Takes what services tell of their repositories, from those who prove that they know the secret.
 * @throws when the address cannot be listened on
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host, port, signal } = options;
  const { address, stopped } = await startHttpService({
    what: "webhooks",
    host,
    port,
    maxConnections,
    answer: (request, response) => answer(options, request, response),
    signal,
  });
  return { port: address.port, stopped };
}

async function answer(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, message: string) => {
    const headers = { "content-type": "text/plain; charset=utf-8", ...(status === 405 && { allow: "POST" }) };
    // What was not read of a body is nobody's to read.
    response.writeHead(status, { ...headers, ...(status >= 400 && { connection: "close" }) });
    response.end(`${message}\n`);
  };
  try {
    const event = await provedEvent(options, request);
    options.onEvent(event);
    reply(200, event.urls.length > 0 ? "the repository is looked at" : "there is nothing to do");
  } catch (error) {
    if (!(error instanceof HookRefusal)) throw error;
    reply(error.status, error.message);
  }
}

async function provedEvent({ secrets, signal }: WebhookServerOptions, request: IncomingMessage): Promise<HookEvent> {
  if (request.url?.split("?", 1)[0] !== PATH) throw new HookRefusal(404, `not found; there is ${PATH}`);
  if (request.method !== "POST") throw new HookRefusal(405, "only POST is taken here");
  const service = hookServiceOf(request.headers);
  if (service === null) throw new HookRefusal(400, "no service that is known sends these headers");
  const body = await bodyOf(request);
  const secret = await secrets(signal).then(
    (found) => found[service] ?? "",
    (cause: unknown) => {
      throw new HookRefusal(503, `the secrets cannot be read: ${cause instanceof Error ? cause.message : "unknown"}`);
    },
  );
  if (secret === "") throw new HookRefusal(401, `there is no secret for ${service}, so nobody is believed`);
  if (!isProved(PROOFS[service], { request, body, secret }))
    throw new HookRefusal(401, "the proof does not fit the secret");
  return hookEventOf(service, request.headers, parsed(body));
}

function isProved(
  { kind, header, prefix = "" }: Proof,
  { request, body, secret }: { request: IncomingMessage; body: Buffer; secret: string },
): boolean {
  const shown = request.headers[header];
  if (typeof shown !== "string") return false;
  switch (kind) {
    case "signature":
      return isSame(shown, `${prefix}${createHmac("sha256", secret).update(body).digest("hex")}`);
    case "word":
      return isSame(shown, secret);
    case "basic":
      return isSame(shown, `Basic ${Buffer.from(secret).toString("base64")}`);
  }
}

/** In a time that tells nothing of either text. */
function isSame(shown: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(digestText(shown)), Buffer.from(digestText(wanted)));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new HookRefusal(413, `a body may have ${MAX_BODY} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** GitHub also sends forms, with the document in one field. */
function parsed(body: Buffer): unknown {
  const text = body.toString("utf8");
  const document = text.startsWith("payload=") ? (new URLSearchParams(text).get("payload") ?? "") : text;
  try {
    return JSON.parse(document) as unknown;
  } catch {
    throw new HookRefusal(400, "the body is no JSON");
  }
}

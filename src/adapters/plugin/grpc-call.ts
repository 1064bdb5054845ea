import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import { PluginError } from "./plugin-error.ts";

/** A call of a method that takes messages and gives one answer. */
export interface GrpcCall {
  /** Path of the unix socket. */
  readonly socket: string;
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly messages: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

const frameHead = 5;

/** Time for the peer to tell that it has overrun before it is cut off. */
const GRACE_MS = 500;

/** Calls a gRPC method over a unix socket; the peer is on this machine. @throws PluginError with what the peer says. */
export async function grpcCall(call: GrpcCall, signal: AbortSignal): Promise<Buffer> {
  try {
    return await withDeadline(signal, call.timeoutMs + GRACE_MS, (scope) => callWithin(call, scope));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PluginError) throw error;
    const cause = { cause: error };
    if (error instanceof DeadlineError) throw new PluginError(`takes longer than ${call.timeoutMs / 1000} s`, cause);
    throw new PluginError(`cannot be reached: ${error instanceof Error ? error.message : String(error)}`, cause);
  }
}

async function callWithin(call: GrpcCall, signal: AbortSignal): Promise<Buffer> {
  const session = connect("http://localhost", { createConnection: () => connectSocket(call.socket) });
  // Whatever ends the session ends its stream, which tells.
  session.on("error", () => undefined);
  const stop = () => session.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await converse(session, call);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    session.destroy();
  }
}

async function converse(session: ClientHttp2Session, call: GrpcCall): Promise<Buffer> {
  const stream = session.request({
    ":method": "POST",
    ":path": call.method,
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-timeout": `${call.timeoutMs}m`,
  });
  const answer = answerOf(stream, call.maxAnswerBytes);
  const sent = send(stream, call.messages);
  // A peer that answers before it read everything is done with the rest.
  const [given] = await Promise.all([answer, sent.catch(() => undefined)]);
  return given;
}

async function send(stream: ClientHttp2Stream, messages: GrpcCall["messages"]): Promise<void> {
  for await (const message of messages) {
    if (stream.destroyed || stream.closed) return;
    const head = Buffer.alloc(frameHead);
    head.writeUInt32BE(message.length, 1);
    stream.write(head);
    if (!stream.write(message)) await Promise.race([once(stream, "drain"), once(stream, "close")]);
  }
  stream.end();
}

function answerOf(stream: ClientHttp2Stream, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status: IncomingHttpHeaders = {};
    const note = (headers: IncomingHttpHeaders) => (status = { ...status, ...headers });
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes + frameHead) chunks.push(chunk);
      else {
        reject(new PluginError(`prints more than the allowed ${maxBytes / 2 ** 20} MiB`));
        stream.destroy();
      }
    });
    stream.on("error", reject);
    stream.on("close", () => {
      const problem = problemOf(status);
      const body = Buffer.concat(chunks);
      if (problem !== null) reject(new PluginError(problem));
      else if (body.length < frameHead || body[0] !== 0) reject(new PluginError("gave no answer"));
      else resolve(body.subarray(frameHead));
    });
  });
}

function problemOf(headers: IncomingHttpHeaders): string | null {
  const code = headers["grpc-status"];
  if (code === "0") return null;
  if (code === undefined) return "ended without an answer";
  const message = String(headers["grpc-message"] ?? "");
  return decoded(message).slice(0, 2_000) || `failed with status ${String(code)}`;
}

/** Bytes that are no text are sent as `%XX`. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

import { basename } from "node:path/posix";
import { grpcCall } from "./grpc-call.ts";
import type { PackedFiles } from "./packed-files.ts";
import { chunkMessage, firstSwitchOf, manifestsIn, metadataMessage } from "./plugin-messages.ts";
import type { Plugin, PluginTask } from "./plugin.ts";

const SERVICE = "/plugin.ConfigManagementPluginService";
const CHECK_MS = 5_000;
const MATCH_MS = 30_000;
const GENERATE_MS = 90_000;
/** Pieces that servers take with their usual settings. */
const CHUNK_BYTES = 64 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** A plugin that listens on a unix socket, as a container beside this one does. */
export function sidecar(name: string, socket: string): Plugin {
  const call = (method: string, messages: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, timeoutMs: number) =>
    ({ socket, method: `${SERVICE}/${method}`, messages, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES }) as const;
  return {
    name,
    discovers: async (signal) =>
      firstSwitchOf(await grpcCall(call("CheckPluginConfiguration", [Buffer.alloc(0)], CHECK_MS), signal)),
    supports: async (task, signal) => {
      const messages = streamed(task, await task.packed(signal));
      return firstSwitchOf(await grpcCall(call("MatchRepository", messages, MATCH_MS), signal));
    },
    generate: async (task, signal) => {
      const messages = streamed(task, await task.packed(signal));
      return manifestsIn(await grpcCall(call("GenerateManifest", messages, GENERATE_MS), signal));
    },
  };
}

function* streamed({ path, env }: PluginTask, { content, checksum }: PackedFiles): Generator<Uint8Array> {
  yield metadataMessage({ appName: basename(path) || ".", path: path || ".", checksum, size: content.length, env });
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield chunkMessage(content.subarray(at, at + CHUNK_BYTES));
}

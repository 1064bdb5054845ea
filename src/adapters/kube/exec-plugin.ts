import { spawn } from "node:child_process";
import { ConnectionError } from "./connection.ts";
import type { ClientCertificate, ExecPlugin } from "./connection.ts";
import { isRecord } from "./json-shape.ts";

/** What a plugin gave: a token, a certificate or both, and when they end (epoch milliseconds). */
export interface PluginCredential {
  readonly token: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly expiresAtMs: number | undefined;
}

const OUTPUT_LIMIT = 1 << 20;
const PLUGIN_API = /^client\.authentication\.k8s\.io\/v1(beta1)?$/;

/**
 * Runs a credential plugin once; its output never enters an error.
 * @throws ConnectionError when it cannot start, fails or prints no credential.
 */
export async function runExecPlugin(plugin: ExecPlugin, signal: AbortSignal): Promise<PluginCredential> {
  if (!PLUGIN_API.test(plugin.apiVersion)) {
    throw new ConnectionError(`Cannot run ${plugin.command}: its API version ${plugin.apiVersion} is not supported`);
  }
  const output = await outputOf(plugin, signal);
  const status = statusOf(output);
  const token = textOf(status?.["token"]);
  const certificate = textOf(status?.["clientCertificateData"]);
  const key = textOf(status?.["clientKeyData"]);
  if (token === undefined && (certificate === undefined || key === undefined)) {
    throw new ConnectionError(`Cannot use ${plugin.command}: it printed no ExecCredential with a token or certificate`);
  }
  const expires = Date.parse(textOf(status?.["expirationTimestamp"]) ?? "");
  return {
    token,
    certificate: certificate !== undefined && key !== undefined ? { certificate, key } : undefined,
    expiresAtMs: Number.isNaN(expires) ? undefined : expires,
  };
}

function outputOf(plugin: ExecPlugin, signal: AbortSignal): Promise<string> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(plugin.cluster ? { cluster: plugin.cluster } : {}) },
  };
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.command, [...plugin.args], { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      if (output.length > OUTPUT_LIMIT) child.kill("SIGKILL");
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      complaint = (complaint + chunk).slice(-2_000);
    });
    child.on("error", (cause) => {
      if (signal.aborted) reject(signal.reason);
      else reject(new ConnectionError(`Cannot run ${plugin.command}: ${hintOf(plugin, cause)}`, { cause }));
    });
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else
        reject(
          new ConnectionError(
            `Cannot use ${plugin.command}: it ended with ${code ?? "a signal"}${lastLine(complaint)}`,
          ),
        );
    });
  });
}

function hintOf(plugin: ExecPlugin, cause: Error & { code?: string }): string {
  if (cause.code !== "ENOENT") return cause.message;
  return plugin.installHint ? `it is not installed. ${plugin.installHint}` : "it is not installed";
}

function lastLine(complaint: string): string {
  const line = complaint.trim().split("\n").at(-1)?.slice(0, 300);
  return line ? `: ${line}` : "";
}

function statusOf(output: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return isRecord(value) && isRecord(value["status"]) ? value["status"] : undefined;
  } catch {
    return undefined; // The caller says what is missing; the parser's words would quote the output.
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

import { createHash, createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { startService } from "./service.ts";

/** An S3-compatible server on loopback, in the region us-east-1, and the one key that it knows. */
export interface S3Server {
  /** Host and port. */
  readonly host: string;
  readonly accessKey: string;
  readonly secretKey: string;
  createBucket(bucket: string): Promise<void>;
  put(bucket: string, key: string, content: string | Uint8Array): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
  stop(): Promise<void>;
}

const region = "us-east-1";

/** Starts a server with empty storage; `stop` ends it and removes its files. */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-s3-"));
  const keys = { accessKey: "AKIATESTTESTTESTTEST", secretKey: "0nly-t3sts-know-th1s-key" };
  const service = await startService("s3", { directory, ...keys });
  const send = async (method: "PUT" | "DELETE", path: string, body: Uint8Array = new Uint8Array()) => {
    const headers = signedHeaders({ method, host: service.address, path, body, ...keys });
    const answer = await request(`http://${service.address}${path}`, { method, headers, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`Cannot ${method} ${path}: ${answer.statusCode} ${text}`);
  };
  return {
    host: service.address,
    ...keys,
    createBucket: (bucket) => send("PUT", `/${bucket}`),
    put: (bucket, key, content) => send("PUT", pathOf(bucket, key), Buffer.from(content as string)),
    remove: (bucket, key) => send("DELETE", pathOf(bucket, key)),
    stop: async () => {
      await service.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Signing {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly body: Uint8Array;
  readonly accessKey: string;
  readonly secretKey: string;
}

function signedHeaders({ method, host, path, body, accessKey, secretKey }: Signing): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers = { host, "x-amz-content-sha256": sha256(body), "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [method, path, "", lines.join(""), names, headers["x-amz-content-sha256"]].join("\n");
  const key = scope.split("/").reduce<Uint8Array>((from, part) => hmac(from, part), Buffer.from(`AWS4${secretKey}`));
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(Buffer.from(canonical))].join("\n"));
  const credential = `Credential=${accessKey}/${scope}, SignedHeaders=${names}`;
  return { ...headers, authorization: `AWS4-HMAC-SHA256 ${credential}, Signature=${signature.toString("hex")}` };
}

function pathOf(bucket: string, key: string): string {
  return `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

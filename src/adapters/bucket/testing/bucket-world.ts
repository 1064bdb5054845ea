import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { BucketRemote } from "#core/source/remote.ts";
import type { CloudIdentity } from "#engine/cloud-identity.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { startS3Server } from "#test/support/s3-server.ts";
import type { S3Server } from "#test/support/s3-server.ts";
import { BucketError } from "../bucket-error.ts";
import { bucketFetcher } from "../bucket-fetcher.ts";
import type { BucketFetcher } from "../bucket-fetcher.ts";
import type { BucketLimits } from "../bucket-limits.ts";
import type { BucketRepository } from "../bucket-repository.ts";

/** How a test opens its bucket. */
export interface Opening {
  readonly remote?: Partial<BucketRemote>;
  readonly secrets?: SourceSecrets;
  readonly limits?: Partial<BucketLimits>;
  readonly endpoint?: string;
  /** Without it no cloud knows anybody. */
  readonly cloud?: Partial<CloudIdentity>;
}

/** A server for the tests of a file, and for each test a bucket and a folder of its own. */
export interface BucketWorld {
  readonly server: S3Server;
  readonly bucket: string;
  readonly directory: string;
  /** Opens the bucket as a process that has just started would. */
  open(opening?: Opening): BucketRepository;
  put(key: string, content: string): Promise<void>;
}

/** For calls that nothing stops. */
export const { signal } = new AbortController();

/** Starts a server before the tests of a file, and gives what each test needs. */
export function useBucketWorld(): () => BucketWorld {
  let server: S3Server;
  let directory: string;
  let bucket: string;
  let count = 0;
  const fetchers: BucketFetcher[] = [];
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-bucket-"));
    bucket = `manifests-${count++}`;
    await server.createBucket(bucket);
  });
  afterEach(async () => {
    await Promise.all(fetchers.splice(0).map((fetcher) => fetcher.close()));
    await rm(directory, { recursive: true });
  });
  const open = ({ remote = {}, secrets, limits = {}, endpoint = server.host, cloud = {} }: Opening = {}) => {
    const fetcher = bucketFetcher({ directory, limits, cloud: { ...nobody, ...cloud } });
    fetchers.push(fetcher);
    const { accessKey: accesskey, secretKey: secretkey } = server;
    return fetcher.open(
      { url: endpoint, remote: remoteOf(bucket, remote) },
      secrets ?? { credential: secretOf({ accesskey, secretkey }) },
    );
  };
  const put = (key: string, content: string) => server.put(bucket, key, content);
  return () => ({ server, bucket, directory, open, put });
}

const unknown = () => Promise.reject(new BucketError("authentication", "Cannot get a token: no cloud is near"));
const nobody: CloudIdentity = { awsCredentials: unknown, azureToken: unknown, gcpToken: unknown };

/** A remote that is all of a bucket. */
export function remoteOf(bucket: string, remote: Partial<BucketRemote> = {}): BucketRemote {
  return { kind: "bucket", bucket, prefix: "", region: "", insecure: true, ignore: null, ...remote };
}

/** Syncs and gives the revision. */
export async function synced(repository: BucketRepository, timeoutMs = 20_000): Promise<string> {
  const [result] = await repository.sync([{ kind: "bucket", value: "" }], { timeoutMs }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return result.commit;
}

/** Syncs and gives all files by path. */
export async function fetched(repository: BucketRepository): Promise<Readonly<Record<string, string>>> {
  return await filesOf(await repository.tree(await synced(repository), signal));
}

/** All files of a tree by path. */
export async function filesOf(tree: FileTree): Promise<Readonly<Record<string, string>>> {
  const paths = pathsIn(tree, "");
  const contents = await tree.read(paths, signal);
  return Object.fromEntries(paths.map((path) => [path, Buffer.from(contents.get(path)!).toString("utf8")]));
}

function pathsIn(tree: FileTree, folder: string): readonly string[] {
  return tree.children(folder).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return tree.entry(path)?.type === "directory" ? pathsIn(tree, path) : [path];
  });
}

/** The error that work ends with. */
export async function refused(work: Promise<unknown>): Promise<BucketError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (error instanceof BucketError) return error;
  throw new Error(`expected a BucketError, got ${String(error)}`, { cause: error });
}

/** A Secret with these values. */
export function secretOf(values: Readonly<Record<string, string>>): Resource {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace: "apps" }, data };
}

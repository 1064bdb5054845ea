import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { OciRef } from "#core/source/oci-ref.ts";
import type { Cloud, OciLayer } from "#core/source/remote.ts";
import type { CloudRegistries } from "#engine/cloud-identity.ts";
import type { ArtifactCheck, SourceSecrets } from "#engine/ports.ts";
import { startOciRegistry } from "#test/support/oci-registry.ts";
import type { OciRegistry, OciRegistryOptions } from "#test/support/oci-registry.ts";
import { OciError } from "../oci-error.ts";
import { ociFetcher } from "../oci-fetcher.ts";
import type { OciFetcher } from "../oci-fetcher.ts";
import type { OciLimits } from "../oci-limits.ts";
import type { OciRepository } from "../oci-repository.ts";

/** How a test opens its repository. */
export interface Opening {
  readonly layer?: Partial<OciLayer>;
  readonly secrets?: SourceSecrets;
  readonly limits?: Partial<OciLimits>;
  readonly url?: string;
  readonly insecure?: boolean;
  readonly check?: ArtifactCheck;
  readonly cloud?: Cloud;
  readonly clouds?: CloudRegistries;
}

/** A registry for the tests of a file, and for each test a repository's name and a folder of its own. */
export interface OciWorld {
  readonly registry: OciRegistry;
  readonly name: string;
  readonly directory: string;
  /** Opens the repository as a process that has just started would. */
  open(opening?: Opening): OciRepository;
  /** What was asked of the repository, without the beginning of the paths. */
  asked(): readonly string[];
}

/** For calls that nothing stops. */
export const { signal } = new AbortController();

/** The reference that most tests follow. */
export const latest: OciRef = { kind: "tag", value: "latest" };

/** Starts a registry before the tests of a file, and gives what each test needs. */
export function useOciWorld(options: OciRegistryOptions = {}): () => OciWorld {
  let registry: OciRegistry;
  let directory: string;
  let name: string;
  let count = 0;
  const fetchers: OciFetcher[] = [];
  beforeAll(async () => {
    registry = await startOciRegistry(options);
  });
  afterAll(() => registry.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-oci-"));
    name = `team/app-${count++}`;
  });
  afterEach(async () => {
    delete registry.behaviour.fault;
    delete registry.behaviour.bearer;
    registry.requests.length = 0;
    await Promise.all(fetchers.splice(0).map((fetcher) => fetcher.close()));
    await rm(directory, { recursive: true });
  });
  const open = ({ layer, secrets = {}, limits = {}, insecure = true, ...opening }: Opening = {}) => {
    const { url = registry.url(name), check, cloud, clouds } = opening;
    const given = { ...(clouds && { clouds }), ...(check && { checkSignatures: check }) };
    const fetcher = ociFetcher({ directory, limits, ...given });
    fetchers.push(fetcher);
    const operation = { mediaType: "", operation: "extract", ...layer } as const;
    return fetcher.open({ url, remote: { kind: "oci", insecure, layer: operation, ...(cloud && { cloud }) } }, secrets);
  };
  const asked = () =>
    registry.requests.map(({ method, path }) => `${method} ${path.replace(`/v2/${name}/`, "").replace(/:\w{64}/, "")}`);
  return () => ({ registry, name, directory, open, asked });
}

/** Syncs one reference and gives what it stands for. */
export async function synced(repository: OciRepository, ref: OciRef = latest, timeoutMs = 20_000) {
  const [result] = await repository.sync([ref], { timeoutMs }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return { commit: result.commit, refName: result.refName };
}

/** The files of the artifact that the tag `latest` stands for. */
export async function pulled(repository: OciRepository): Promise<FileTree> {
  return await repository.tree((await synced(repository)).commit, signal);
}

/** The error that work ends with. */
export async function refused(work: Promise<unknown>): Promise<OciError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (error instanceof OciError) return error;
  throw new Error(`expected an OciError, got ${String(error)}`, { cause: error });
}

/** The content of one file. */
export async function text(tree: FileTree, path: string): Promise<string> {
  return Buffer.from((await tree.read([path], signal)).get(path)!).toString("utf8");
}

/** A Secret with these values. */
export function secretOf(values: Readonly<Record<string, string>>): Resource {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "key", namespace: "apps" }, data };
}

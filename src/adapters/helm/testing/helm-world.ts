import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { ChartRef, HelmRef } from "#core/source/helm-ref.ts";
import type { HelmRemote } from "#core/source/remote.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { ArtifactCheck } from "#engine/ports.ts";
import { chartTools } from "#main/chart-tools.ts";
import { ChartServer, type ChartServerTls } from "#test/support/chart-server.ts";
import { ociFetcher } from "../../oci/oci-fetcher.ts";
import { HelmBench } from "../../upstream/helm-bench.ts";
import type { ChartRepository } from "../chart-repository.ts";
import { helmFetcher } from "../helm-fetcher.ts";

/** How a test opens its repository. */
export interface Opening {
  readonly url?: string;
  readonly remote?: Partial<HelmRemote>;
  readonly secret?: Readonly<Record<string, string>>;
  readonly certificate?: Readonly<Record<string, string>>;
  readonly maxBytes?: number;
  readonly check?: ArtifactCheck;
}

/** For each test a server and a folder of its own. */
export interface HelmWorld {
  readonly server: ChartServer;
  readonly directory: string;
  readonly bench: HelmBench;
  /** Opens the repository as a process that has just started would. */
  open(opening?: Opening): ChartRepository;
  /** Another server, stopped after the test. */
  another(tls?: ChartServerTls): Promise<ChartServer>;
}

/** For calls that nothing stops. */
export const { signal } = new AbortController();

/** Gives what each test of a file needs. */
export function useHelmWorld(): () => HelmWorld {
  const bench = new HelmBench();
  const closing: (() => Promise<unknown>)[] = [];
  let server: ChartServer;
  let directory: string;
  const another = async (tls?: ChartServerTls) => {
    const started = await new ChartServer(tls).start();
    closing.push(() => started.stop());
    return started;
  };
  beforeEach(async () => {
    server = await another();
    directory = await mkdtemp(join(tmpdir(), "holdfast-helm-"));
  });
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
    await rm(directory, { recursive: true });
  });
  afterAll(() => bench.pool.close());
  const open = ({ url = server.url, remote = {}, maxBytes = 1 << 20, ...opening }: Opening = {}) => {
    const { secret, certificate, check } = opening;
    const oci = ociFetcher({ directory: join(directory, "oci"), ...(check && { checkSignatures: check }) });
    const limits = { maxIndexBytes: maxBytes, maxChartBytes: maxBytes, keptCharts: 1 };
    const tools = chartTools(() => bench.pool);
    const fetcher = helmFetcher({ directory: join(directory, "helm"), oci, tools, limits });
    closing.push(
      () => oci.close(),
      () => fetcher.close(),
    );
    const secrets = {
      ...(secret && { credential: secretOf("login", secret) }),
      ...(certificate && { certificate: secretOf("tls", certificate) }),
    };
    return fetcher.open({ url, remote: { kind: "helm", passCredentials: false, insecure: true, ...remote } }, secrets);
  };
  return () => ({ server, directory, bench, open, another });
}

/** The highest version of a chart in a range. */
export function chart(value: string, version = "*", repack?: ChartRef["repack"]): ChartRef {
  return { kind: "chart", value, version, ...(repack && { repack }) };
}

/** Syncs one reference and gives what it stands for. */
export async function synced(repository: ChartRepository, ref: HelmRef) {
  const [result] = await repository.sync([ref], { timeoutMs: 20_000 }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return result;
}

/** Why something came to nothing; the test's own server has no changing name in it. */
export async function refusal(work: Promise<unknown>): Promise<{ failure: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown as SourceError,
  );
  if (error === undefined) throw new Error("not refused");
  return {
    failure: error.failure,
    message: error.message.replaceAll(/https?:\/\/127\.0\.0\.1:\d+\/stable/g, "<server>"),
  };
}

/** The content of the one file that a revision holds. */
export async function contentOf(repository: ChartRepository, revision: string): Promise<Uint8Array> {
  const tree = await repository.tree(revision, signal);
  const [name = ""] = tree.children("");
  return (await tree.read([name], signal)).get(name)!;
}

function secretOf(name: string, text: Readonly<Record<string, string>>): Resource {
  const data = Object.fromEntries(Object.entries(text).map(([key, value]) => [key, btoa(value)]));
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "shop" }, data };
}

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#adapters/cluster/free-port.ts";
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";
import type { Resource } from "#core/resource/resource.ts";
import { startGitServer } from "../test/support/git-server.ts";
import { adminClient, installDefinitions } from "../test/support/engine.ts";
import { appset, argocd, type BenchDialect, flux } from "./bench-dialect.ts";
import { helm } from "./helm-bench.ts";
import { oci } from "./oci-bench.ts";
import { startController } from "./controller-process.ts";
import { type Bench, type DialectResult, playDialect, round } from "./scenario.ts";
import { printTable } from "./table.ts";
import { floorObjects } from "./workload.ts";

const USER = "holdfast";
const PARALLEL = 16;
const apps = Number(process.env["N"] ?? 200);
const quietS = Number(process.env["QUIET"] ?? 60);
const dialects = [flux, argocd, appset, helm, oci];
const chosen = (process.env["DIALECTS"] ?? dialects.map(({ name }) => name).join(",")).split(",");

const scope = new AbortController();
process.once("SIGINT", () => scope.abort(new Error("interrupted")));
await main(scope.signal);

async function main(signal: AbortSignal): Promise<void> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const results: Record<string, unknown> = { apps, at: new Date().toISOString() };
  for (const dialect of dialects.filter((one) => chosen.includes(one.name))) {
    say(`${dialect.name}: ${apps} apps on a fresh control plane`);
    const { floor, result } = await benchDialect(dialect, { signal, say });
    results["floor"] ??= { create_s: floor };
    results[dialect.name] = { floor_s: floor, ...result };
  }
  await writeFile(new URL("results.json", import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
  printTable(
    results as { floor: { create_s: number } } & Record<string, DialectResult>,
    dialects.map(({ name }) => name),
  );
}

/** Each dialect gets a control plane of its own, so that neither pays for what the other left behind. */
async function benchDialect(
  dialect: BenchDialect,
  { signal, say }: { signal: AbortSignal; say: (text: string) => void },
): Promise<{ floor: number; result: DialectResult }> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-bench-plane-"));
  const users = [{ name: USER, groups: ["system:masters"] }];
  const plane = await startControlPlane({ name: "bench", dir, audit: true, users, withNodes: false, signal });
  const git = await startGitServer();
  const client = adminClient(plane);
  try {
    await installDefinitions(client, signal);
    const revision = await dialect.publish({ client, git, apps, signal });
    for (const name of [dialect.namespace, "bench-floor"]) {
      await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager: "bench", signal });
    }
    const floorS = await playFloor(client, signal);
    say(`  floor       ${floorS.toFixed(2)} s for ${apps * 5} objects`);
    const controller = await startController(await plane.kubeconfigFor(USER), await freePort(signal));
    try {
      const bench: Bench = { plane, client, git, apps, quietS, floorS, user: USER, revision, signal, say };
      return { floor: round(floorS), result: await playDialect(bench, dialect, controller) };
    } finally {
      await controller.stop();
    }
  } finally {
    await client.close();
    await dialect.stop?.();
    await git.stop();
    await plane.stop();
  }
}

/** Server-side apply of the same objects, sixteen at once, by a client that does nothing else. */
async function playFloor(client: ReturnType<typeof adminClient>, signal: AbortSignal): Promise<number> {
  const objects: Resource[] = floorObjects(apps, "bench-floor");
  const started = performance.now();
  let next = 0;
  const lane = async () => {
    for (let object = objects[next++]; object; object = objects[next++]) {
      await client.apply(object, { manager: "floor", signal });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return (performance.now() - started) / 1000;
}

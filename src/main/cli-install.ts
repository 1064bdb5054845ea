import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { sleep, withDeadline } from "#async/with-deadline.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { InstallActions, InstallOrder } from "#cli/install.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { withClient } from "./cli-session.ts";

const MANAGER = "holdfast-install";
const SERVED_MS = 30_000;

/** Installs on the cluster that a person chooses. */
export const installActions: InstallActions = {
  async crds(signal) {
    const directory = join(import.meta.dirname, "../../deploy/crds");
    const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), { encoding: "utf8", signal })));
    return texts.map((text) => load(text) as Resource);
  },
  apply: (order, signal) => withClient(order, (client) => install(client, order, signal), signal),
};

async function install(client: ConnectedCluster, order: InstallOrder, signal: AbortSignal): Promise<void> {
  for (const crd of order.crds) await applyOne(client, { order, object: crd }, signal);
  for (const crd of order.crds) await served(client, crd, signal);
  for (const object of order.objects) await applyOne(client, { order, object }, signal);
}

async function applyOne(
  client: ConnectedCluster,
  { order, object }: { order: InstallOrder; object: Resource },
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace } = object.metadata;
  const ref = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
  const before = await client.get(ref, { signal });
  try {
    const answer = await client.apply(object, { manager: MANAGER, force: order.force, signal });
    const same = before?.metadata.resourceVersion === answer.object.metadata.resourceVersion;
    order.onApplied(object, answer.created ? "created" : same ? "unchanged" : "changed");
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    throw new CliError(error.message, {
      advice: "Somebody else wrote these fields. Take them over with --force-conflicts.",
      exitCode: exitCode.refused,
      cause: error,
    });
  }
}

/** New kinds are served a moment after they are defined. */
async function served(client: ConnectedCluster, crd: Resource, signal: AbortSignal): Promise<void> {
  const { group, names } = crd["spec"] as { group: string; names: { kind: string } };
  await withDeadline(signal, SERVED_MS, async (scope) => {
    for (;;) {
      client.invalidateDiscovery();
      const found = await client.kind({ group, kind: names.kind }, { signal: scope });
      if (found.known === "yes") return;
      await sleep(200, scope);
    }
  });
}

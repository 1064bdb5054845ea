import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { AdoptionView, LeftRelease, MigrationView, NeededSecret } from "#contract/migration-view.ts";
import type { MigrateActions, TerraformOrder } from "#cli/migrate.ts";
import type { Resource } from "#core/resource/resource.ts";
import { withHelpers } from "./cli-files.ts";
import { withClient } from "./cli-session.ts";
import { checkAdoption } from "./migrate/check-adoption.ts";
import { checkFolder, writeFolder } from "./migrate/migration-folder.ts";
import { type CompleteDraft, type MigrationObjects, migrationObjects } from "./migrate/migration-objects.ts";
import { migrationSteps } from "./migrate/migration-steps.ts";
import { neededSecret } from "./migrate/needed-secrets.ts";
import { draftReleases } from "./migrate/draft-releases.ts";
import { migrationFiles, secretFiles } from "./migrate/migration-files.ts";
import { readReleases } from "./migrate/read-releases.ts";

/** Translates what other tools hold into objects. */
export const migrateActions: MigrateActions = { terraform };

async function terraform(order: TerraformOrder, signal: AbortSignal): Promise<MigrationView> {
  await checkFolder(order.output, order.force);
  const { notes, ...read } = await readReleases(order, signal);
  return withHelpers(async (pools) => {
    const { drafts, left } = await draftReleases(read, { pool: pools.full, dropped: order.drop }, signal);
    const objects = migrationObjects(drafts, { namespace: order.namespace ?? null, interval: order.interval });
    const adoptions = await adoptionsOf(drafts, { order, pools }, signal);
    const written = order.withSecrets ? secretFiles(objects) : [];
    const files = [...migrationFiles(objects), ...written.map(({ file }) => file)];
    if (files.length > 0) await writeFolder(order.output, files, signal);
    const secrets = objects.secrets.map((secret) => {
      return neededSecret(secret, written.find((one) => one.secret === secret)?.file.path ?? null);
    });
    const view = viewOf(objects, { order, left, notes, secrets, adoptions });
    return { ...view, files: files.map(({ path }) => path).toSorted() };
  });
}

async function adoptionsOf(
  drafts: readonly CompleteDraft[],
  { order, pools }: { order: TerraformOrder; pools: HelperPools },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AdoptionView>> {
  const adoptions = new Map<string, AdoptionView>();
  if (!order.check || drafts.length === 0) return adoptions;
  const { kubeconfig, context } = order;
  const where = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  await withClient(
    where,
    async (client) => {
      for (const draft of drafts) {
        adoptions.set(draft.from.address, await checkAdoption(draft, { client, pools }, signal));
      }
    },
    signal,
  );
  return adoptions;
}

function viewOf(
  { releases }: MigrationObjects,
  found: {
    readonly order: TerraformOrder;
    readonly left: readonly LeftRelease[];
    readonly notes: readonly string[];
    readonly secrets: readonly NeededSecret[];
    readonly adoptions: ReadonlyMap<string, AdoptionView>;
  },
): Omit<MigrationView, "files"> {
  const { order, left, notes, secrets, adoptions } = found;
  const addresses = releases.map(({ draft }) => draft.from.address);
  return {
    folder: order.output,
    releases: releases.map(({ draft, object, source, decisions }) => ({
      address: draft.from.address,
      release: { name: draft.name, namespace: draft.namespace },
      object: placeOf(object),
      source: placeOf(source),
      chart: draft.origin.chart,
      version: draft.version,
      decisions,
      adoption: adoptions.get(draft.from.address) ?? null,
    })),
    left,
    secrets,
    notes,
    steps: migrationSteps({ folder: order.output, addresses, secrets, isChecked: order.check }),
  };
}

function placeOf({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

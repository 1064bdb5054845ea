import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { TerraformFileError, type TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import { terraformReleases } from "#adapters/terraform/terraform-file.ts";
import type { AdoptionView, LeftRelease, MigrationView, NeededSecret } from "#contract/migration-view.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { MigrateActions, TerraformOrder } from "#cli/migrate.ts";
import { yamlDocuments } from "#cli/yaml-documents.ts";
import type { Resource } from "#core/resource/resource.ts";
import { readText, withHelpers } from "./cli-files.ts";
import { withClient } from "./cli-session.ts";
import { checkAdoption } from "./migrate/check-adoption.ts";
import { checkFolder, type MigrationFile, writeFolder } from "./migrate/migration-folder.ts";
import { type CompleteDraft, type MigrationObjects, migrationObjects } from "./migrate/migration-objects.ts";
import { migrationSteps } from "./migrate/migration-steps.ts";
import { neededSecret, secretObject } from "./migrate/needed-secrets.ts";
import { draftOf } from "./migrate/release-draft.ts";
import { releaseValues } from "./migrate/release-values.ts";
import { removedBlocks } from "./migrate/removed-blocks.ts";

/** Translates what other tools hold into objects. */
export const migrateActions: MigrateActions = { terraform };

async function terraform(order: TerraformOrder, signal: AbortSignal): Promise<MigrationView> {
  await checkFolder(order.output, order.force);
  const { releases, notes } = await readAll(order.files, signal);
  return withHelpers(async (pools) => {
    const { drafts, left } = await draftAll(releases, { pools, dropped: order.drop }, signal);
    const objects = migrationObjects(drafts, { namespace: order.namespace ?? null, interval: order.interval });
    const adoptions = await adoptionsOf(drafts, { order, pools }, signal);
    const secretFiles = order.withSecrets ? secretFilesOf(objects) : new Map<string, MigrationFile>();
    const secrets = objects.secrets.map((secret) => {
      const file = secretFiles.get(`${secret.namespace}/${secret.name}`);
      return neededSecret(secret, file?.path ?? null);
    });
    const view = viewOf(objects, { order, left, notes, secrets, adoptions });
    const files = [...filesOf(objects), ...secretFiles.values()];
    if (secretFiles.size > 0) files.push({ path: "secrets/.gitignore", text: "*\n", isPrivate: false });
    if (files.length > 0) await writeFolder(order.output, files, signal);
    return { ...view, files: files.map(({ path }) => path).toSorted() };
  });
}

async function readAll(
  files: readonly string[],
  signal: AbortSignal,
): Promise<{ releases: readonly TerraformRelease[]; notes: readonly string[] }> {
  const releases = new Map<string, TerraformRelease>();
  const notes: string[] = [];
  for (const file of files) {
    const text = await readText(file, signal);
    try {
      const found = terraformReleases(text);
      for (const release of found.releases) {
        if (releases.has(release.address)) {
          throw new TerraformFileError(`it tells of ${release.address}, and so does another of the files`);
        }
        releases.set(release.address, release);
      }
      notes.push(...found.notes);
    } catch (error) {
      if (!(error instanceof TerraformFileError)) throw error;
      throw new CliError(`Cannot migrate ${file}: ${error.message}`, { exitCode: exitCode.usage, cause: error });
    }
  }
  return { releases: [...releases.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1)), notes };
}

async function draftAll(
  releases: readonly TerraformRelease[],
  { pools, dropped }: { pools: HelperPools; dropped: readonly string[] },
  signal: AbortSignal,
): Promise<{ drafts: readonly CompleteDraft[]; left: readonly LeftRelease[] }> {
  const drafts: CompleteDraft[] = [];
  const left: { from: TerraformRelease; reasons: readonly string[] }[] = [];
  for (const release of releases) {
    const drafted = draftOf(release, dropped);
    if ("left" in drafted) {
      left.push(drafted.left);
      continue;
    }
    try {
      drafts.push({ ...drafted.draft, values: await releaseValues(pools.full, drafted.draft.parts, signal) });
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.code !== "invalid-values") throw error;
      left.push({ from: release, reasons: [error.message] });
    }
  }
  return withWholeResources(drafts, left);
}

/** Terraform forgets whole resources: where one instance stays, all do. */
function withWholeResources(
  drafts: readonly CompleteDraft[],
  left: readonly { from: TerraformRelease; reasons: readonly string[] }[],
): { drafts: readonly CompleteDraft[]; left: readonly LeftRelease[] } {
  const staying = new Map(left.map(({ from }) => [from.resource, from.address]));
  const held = drafts.filter(({ from }) => staying.has(from.resource));
  const whole = held.map(({ from }) => ({
    address: from.address,
    reasons: [`${staying.get(from.resource)} stays, and Terraform forgets only whole resources`],
  }));
  const all = [...left.map(({ from, reasons }) => ({ address: from.address, reasons })), ...whole];
  return {
    drafts: drafts.filter((draft) => !held.includes(draft)),
    left: all.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
  };
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

function filesOf({ releases, sources }: MigrationObjects): MigrationFile[] {
  if (releases.length === 0) return [];
  const objects = [...sources, ...releases.map(({ object }) => object)];
  const text = removedBlocks(releases.map(({ draft }) => draft.from.resource));
  return [...objects.map(fileOf), { path: "terraform/removed.tf", text, isPrivate: false }];
}

function fileOf(object: Resource): MigrationFile {
  const { name, namespace = "" } = object.metadata;
  const path = `manifests/${namespace}/${object.kind.toLowerCase()}-${name}.yaml`;
  return { path, text: yamlDocuments([object]), isPrivate: false };
}

function secretFilesOf({ secrets }: MigrationObjects): Map<string, MigrationFile> {
  const files = new Map<string, MigrationFile>();
  for (const secret of secrets) {
    const { namespace, name } = secret;
    const object = secretObject(secret);
    if (!object) continue;
    const path = `secrets/${namespace}/${name}.yaml`;
    files.set(`${namespace}/${name}`, { path, text: yamlDocuments([object]), isPrivate: true });
  }
  return files;
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

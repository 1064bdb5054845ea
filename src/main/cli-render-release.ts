import { appKey } from "#core/app/app.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { RenderQuery } from "#cli/render.ts";
import { fluxHelmDialect } from "#dialects/flux/flux-helm-dialect.ts";
import type { ClusterClient } from "#engine/ports.ts";
import type { AppRecord } from "./cli-app-record.ts";
import { declaredRelease } from "./cli-declared-release.ts";
import { readObjects } from "./cli-files.ts";
import { releaseReader } from "./cli-release-reader.ts";
import { vendorSettings } from "./cli-session.ts";
import { withTarget } from "./cli-target.ts";

const [releaseKind] = fluxHelmDialect.appKinds;

type Query = Pick<RenderQuery, "with" | "source" | "revision">;

/** What a release of a cluster makes: definitions, objects, hooks. Objects of files count before those of the cluster. */
export async function renderRelease(
  { client, record }: { readonly client: ClusterClient; readonly record: AppRecord },
  query: Query,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const files = await readObjects(query.with, signal);
  const objects = files.flatMap((file) => file.objects);
  const found = { client, record };
  return withTarget(found, (target) => contentOf({ objects, client, target, record }, query, signal), signal);
}

/** What the one HelmRelease of a file makes, with nothing but files. @throws CliError */
export async function renderReleaseFile(
  query: Query & Pick<RenderQuery, "what">,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const files = await readObjects([query.what, ...query.with], signal);
  const objects = files.flatMap((file) => file.objects);
  const found = (files[0]?.objects ?? []).filter(isRelease);
  const [object] = found;
  if (!object || found.length > 1) {
    const count = object ? `${found.length} HelmReleases` : "no HelmRelease";
    const advice = "Of other kinds of app, name the directory.";
    throw new CliError(`Cannot render ${query.what}: it holds ${count}, and it must be one`, {
      advice,
      exitCode: exitCode.usage,
    });
  }
  return contentOf({ objects, client: null, target: null, record: recordOf(object) }, query, signal);
}

async function contentOf(
  place: {
    readonly objects: readonly Resource[];
    readonly client: ClusterClient | null;
    readonly target: ClusterClient | null;
    readonly record: AppRecord;
  },
  { source: folder, revision }: Query,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const { objects: files, client, target, record } = place;
  if (revision !== undefined) {
    const message = `Cannot render ${record.key} at ${revision}: which chart it has is in its spec`;
    throw new CliError(message, { exitCode: exitCode.usage });
  }
  const from = { client: releaseReader(files, client), target: releaseReader(files, target), record, folder };
  const { crds, objects, hooks } = await declaredRelease(from, { fresh: true }, signal).catch((error: unknown) => {
    throw client ? error : ofFiles(error);
  });
  return [...crds, ...objects, ...hooks.map(({ object }) => object)];
}

/** Without a cluster, what is missing is missing in the files. */
function ofFiles(error: unknown): unknown {
  if (!(error instanceof CliError) || error.exitCode === exitCode.usage) return error;
  const advice = "Only files are looked at: name those with its source and its values by --with.";
  return new CliError(error.message, { advice, exitCode: error.exitCode, cause: error });
}

function isRelease(object: Resource): boolean {
  return object.kind === releaseKind?.kind && gvkOf(object).group === releaseKind.group;
}

/** A file for a kustomization may leave the namespace to it. */
function recordOf(written: Resource): AppRecord {
  if (!releaseKind) throw new CliError("Cannot render releases: no dialect has them");
  const namespace = written.metadata.namespace ?? "default";
  const object = { ...written, metadata: { ...written.metadata, namespace } };
  const parsed = fluxHelmDialect.parseApp(object, () => null, vendorSettings);
  const key = appKey(releaseKind.short, namespace, object.metadata.name);
  return { key, dialect: fluxHelmDialect, kind: releaseKind, object, parsed };
}

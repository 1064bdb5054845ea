import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import { decodeHelmRelease } from "#adapters/upstream/helm-release.ts";
import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { AdoptionView } from "#contract/migration-view.ts";
import { fieldAt } from "#core/health/condition.ts";
import { releaseSelector } from "#core/helm/release-record.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { ClusterClient } from "#engine/ports.ts";
import type { CompleteDraft } from "./migration-objects.ts";
import { differingPaths } from "./split-values.ts";

const secrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] };

/** Compares what is written with what Helm recorded of the release that runs. Never tells a value. */
export async function checkAdoption(
  draft: CompleteDraft,
  { client, pools }: { readonly client: ClusterClient; readonly pools: HelperPools },
  signal: AbortSignal,
): Promise<AdoptionView> {
  const { name, namespace } = draft;
  const selection = { namespace, labelSelector: releaseSelector(name), metadataOnly: true };
  const newest = newestOf(await client.list(secrets, selection, { signal }));
  const secret =
    newest && (await client.get({ apiVersion: "v1", kind: "Secret", namespace, name: newest }, { signal }));
  if (!secret) {
    return { verdict: "missing", differences: [`namespace ${namespace} holds no record of a release ${name}`] };
  }
  const secretData = fieldAt(secret, ["data", "release"]);
  try {
    const asked = { secretData: typeof secretData === "string" ? secretData : "" };
    const { release, configDigest } = await decodeHelmRelease(pools.full, asked, signal);
    return adoptionOf(draft, { ...release, configDigest });
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.code === "died") throw error;
    return { verdict: "unknown", differences: [`${newest} cannot be read as a record of Helm's`] };
  }
}

/** Name of the record with the highest version. */
function newestOf(found: readonly Resource[]): string | undefined {
  const versionOf = (secret: Resource) => Number(labelsOf(secret)["version"] ?? 0);
  return found.toSorted((a, b) => versionOf(b) - versionOf(a))[0]?.metadata.name;
}

type Recorded = Awaited<ReturnType<typeof decodeHelmRelease>>["release"] & { readonly configDigest: string };

function adoptionOf({ origin, version, values, namespace }: CompleteDraft, recorded: Recorded): AdoptionView {
  const { metadata } = recorded.chart;
  const differences: string[] = [];
  if (recorded.info.status !== "deployed") differences.push(`its newest revision is ${recorded.info.status}`);
  if (recorded.namespace !== namespace) differences.push(`it is released into namespace ${recorded.namespace}`);
  if (metadata.name !== origin.chart) differences.push(`it is of the chart ${metadata.name}`);
  if (metadata.version !== version) differences.push(`it is of version ${metadata.version}`);
  if (values.configDigest === null) {
    const hidden = values.secretPaths.join(", ");
    return { verdict: "unknown", differences: [...differences, `only Terraform knows the values at ${hidden}`] };
  }
  if (values.configDigest !== recorded.configDigest) {
    const paths = differingPaths(values.whole, recorded.config ?? {});
    differences.push(`other values at ${paths.length === 0 ? "some path, by their type" : paths.join(", ")}`);
  }
  return { verdict: differences.length === 0 ? "nothing" : "upgrade", differences };
}

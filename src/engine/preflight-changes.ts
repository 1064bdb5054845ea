import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { type Change, changesOf } from "#core/plan/plan.ts";
import { gvkOf, type IdKey, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork, RunningSync } from "./app-state.ts";
import { asUser, eachInParallel, failureText, isImmutable } from "./requests.ts";

const PARALLEL = 16;

/** One object that must not be written, with the reason. */
export interface Refusal {
  readonly key: IdKey;
  readonly message: string;
}

/**
 * Checks changes before anything is written: each against discovery and the server's schema in memory, and by a server
 * dry run where only the server can tell (updates, and kinds that admission watches). What this sync itself will make
 * possible (a definition, a namespace) is not asked for yet.
 * @throws when the server does not answer: that is no verdict on the objects.
 */
export async function preflightChanges(
  work: AppWork,
  input: { running: RunningSync; changes: readonly Change[] },
  signal: AbortSignal,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const coming = comingWith(input.running);
  await eachInParallel(input.changes, PARALLEL, async (change) => {
    const refusal = await refusalOf(work, { change, coming }, signal);
    if (!refusal) return;
    const reason = refusal.reason ? ` (${refusal.reason})` : "";
    refusals.push({ key: change.key, message: `${idText(change.id)} dry-run failed${reason}: ${refusal.text}` });
  });
  return refusals.sort((a, b) => (a.key < b.key ? -1 : 1));
}

interface Verdict {
  /** The API server's own reason, when it was asked. */
  readonly reason?: string;
  readonly text: string;
}

/** Kinds and namespaces that do not exist yet but are part of the same sync. */
interface Coming {
  readonly kinds: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

function comingWith(running: RunningSync): Coming {
  const made = (change: Change) => change.action === "create" || change.action === "run";
  const created = changesOf(running.machine.plan).filter((change) => made(change) && change.desired);
  const kinds = created.flatMap((change) => definedKind(change.desired as Resource));
  const namespaces = created.filter((change) => change.id.kind === "Namespace" && change.id.group === "");
  return { kinds: new Set(kinds), namespaces: new Set(namespaces.map((change) => change.id.name)) };
}

/** `<group>/<Kind>` of what a definition defines; nothing for other objects. */
export function definedKind(resource: Resource): string[] {
  if (resource.kind !== "CustomResourceDefinition") return [];
  const spec = resource["spec"] as { group?: string; names?: { kind?: string } } | undefined;
  return [`${spec?.group ?? ""}/${spec?.names?.kind ?? ""}`];
}

async function refusalOf(
  work: AppWork,
  item: { change: Change; coming: Coming },
  signal: AbortSignal,
): Promise<Verdict | null> {
  const { context } = work;
  const { change, coming } = item;
  const resource = change.desired;
  if (!resource) return null;
  const gvk = gvkOf(resource);
  const lookup = await context.client.kind(gvk, { signal });
  if (lookup.known === "unknown") return { text: `the API group ${gvk.group} cannot be read now: ${lookup.reason}` };
  if (lookup.known === "no") {
    if (coming.kinds.has(`${gvk.group}/${gvk.kind}`) || change.options?.mayLackKind) return null;
    return { text: `no matches for kind "${gvk.kind}" in version "${resource.apiVersion}"` };
  }
  if (lookup.info.namespaced && change.id.namespace === "") return { text: "namespace not specified" };
  const problems = change.options?.unchecked ? [] : await context.client.preflight(resource, { signal });
  if (problems.length > 0) return { text: problems.join("; ") };
  if (coming.namespaces.has(change.id.namespace)) return null;
  const asksServer = change.action === "update" || (await context.client.hasAdmission(change.id, { signal }));
  return asksServer ? dryRun(work, { change, resource }, signal) : null;
}

async function dryRun(
  work: AppWork,
  item: { change: Change; resource: Resource },
  signal: AbortSignal,
): Promise<Verdict | null> {
  const { context, state } = work;
  try {
    await context.client.apply(item.resource, {
      manager: state.dialect.rules.manager,
      dryRun: true,
      signal,
      ...asUser(state.app),
    });
    return null;
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    const { options, action } = item.change;
    // What an earlier run of a hook left is deleted before the next.
    const recreates = options?.force || options?.replace || action === "run";
    return recreates && isImmutable(error) ? null : { reason: error.reason, text: failureText(error) };
  }
}

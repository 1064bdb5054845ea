import type { ObjectDiff } from "#contract/diff-view.ts";
import { diffText } from "#core/diff/diff-text.ts";
import { pointerInto } from "#core/diff/json-pointer.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import { labelsOf } from "#core/resource/resource.ts";
import type { FieldQueries } from "#engine/field-queries.ts";
import { ignoredBetween } from "#engine/ignored-fields.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, usableApp } from "./cli-app-record.ts";

/** How one declared object differs from the cluster's; `marked`: only by a label of ours; null: in nothing. */
export async function declaredDiff(
  { client, queries }: { readonly client: ClusterClient; readonly queries: FieldQueries },
  item: { record: AppRecord; desired: Desired },
  signal: AbortSignal,
): Promise<ObjectDiff | "marked" | null> {
  const { rules } = item.record.dialect;
  const { key, id, resource } = item.desired;
  const found = await client.kind(gvkOf(resource), { signal });
  const ref = { apiVersion: resource.apiVersion, kind: id.kind, namespace: id.namespace, name: id.name };
  const live = found.known === "no" ? null : await client.get(ref, { signal });
  const options = rules.optionsOf(resource, live, usableApp(item.record));
  if (options.apply === "ignore" || (live && options.apply === "if-absent")) return null;
  const { manager, takeOver, ownLabel } = rules;
  const isUnmarked = live !== null && ownLabel !== null && labelsOf(live)[ownLabel] === undefined;
  const marks = isUnmarked ? [pointerInto("/metadata/labels", ownLabel)] : [];
  const counted = { ...options, ignoredPaths: [...options.ignoredPaths, ...marks] };
  const ignoredPaths = live ? await ignoredBetween(queries, { desired: resource, live, options: counted }, signal) : [];
  const text = diffText({ live, desired: resource, manager, takeOver, ignoredPaths });
  if (text === "") return isUnmarked ? "marked" : null;
  return { id: key, change: live ? "update" : "create", text };
}

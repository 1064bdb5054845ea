import type { ActionRunView } from "#contract/action-view.ts";
import type { App } from "#core/app/app.ts";
import type { ActionChange, DialectActions } from "#core/app/object-actions.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { gvkOf, idOf, idText, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ActionTarget, ObjectActions } from "#cli/actions.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { asUser } from "#engine/requests.ts";
import { type AppRecord, findApp, lookupFor, usableApp } from "./cli-app-record.ts";
import { noteEvent } from "./cli-note-event.ts";
import { findObject } from "./cli-object-address.ts";
import { listActions, runAction } from "./cli-object-actions.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { vendorSettings, withClient } from "./cli-session.ts";
import { withTarget } from "./cli-target.ts";

/** Lists and does actions on the objects that apps own. */
export const objectActions: ObjectActions = {
  list: (target, signal) => onObject(target, ({ actions, object }) => listActions(actions, object, signal), signal),
  run: ({ action, params, ...target }, signal) =>
    onObject(
      target,
      async (found) => {
        const { actions, object, record } = found;
        const changes = await runAction(actions, { object, action, params }, signal);
        await refuseForbidden(found, changes, signal);
        const done: ActionRunView["changes"][number][] = [];
        for (const change of changes) {
          if (!(await written(found, change, signal))) continue;
          done.push({ operation: change.operation, id: keyOf(change.object) });
        }
        const message = `ran action ${action} on ${idText(idOf(object))}`;
        await noteEvent({ client: found.home, record }, { reason: "ResourceActionRan", message }, signal);
        return { action, changes: done };
      },
      signal,
    ),
};

/** An object of an app, what may be done to it, and where it is. */
interface FoundObject {
  readonly actions: DialectActions;
  readonly object: Resource;
  readonly record: AppRecord;
  readonly app: App;
  /** The cluster of the app itself. */
  readonly home: ClusterClient;
  /** The cluster of the object. */
  readonly client: ClusterClient;
}

async function onObject<T>(
  target: ActionTarget,
  work: (found: FoundObject) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return withClient(
    target,
    async (home) => {
      const record = await findApp(home, target, signal);
      const app = usableApp(record);
      const { actions } = record.dialect;
      if (!actions) throw refusal(target.object, `objects of ${record.key} have no actions`);
      const recorded = await recordedObjects(home, record.object.metadata.namespace, signal);
      const owned = ownedObjects(record, recorded).map(({ key }) => key);
      const search = {
        address: target.object,
        namespace: target.objectNamespace ?? app.target.namespace ?? "default",
        known: owned.map(parseIdKey),
      };
      return withTarget(
        { client: home, record },
        async (client) => {
          const object = await findObject(client, search, signal);
          if (!owned.includes(keyOf(object))) throw refusal(target.object, `it is no object of ${record.key}`);
          return work({ actions, object, record, app, home, client });
        },
        signal,
      );
    },
    signal,
  );
}

/** What an app may not declare, an action may not make or change. */
async function refuseForbidden(
  { app, record, home, client }: FoundObject,
  changes: readonly ActionChange[],
  signal: AbortSignal,
): Promise<void> {
  const lookup = await lookupFor(home, record.dialect, signal);
  for (const { object } of changes) {
    const kind = await client.kind(gvkOf(object), { signal });
    const scope = kind.known !== "yes" ? "unknown" : kind.info.namespaced ? "namespaced" : "cluster";
    const context = { app, scopeOf: () => scope, lookup, settings: vendorSettings } as const;
    const [refused] = record.dialect.prepare([object], context).refusals;
    if (refused) throw refusal(idText(idOf(object)), refused.message);
  }
}

/** Makes or changes one object; false: it was so already. */
async function written(
  { app, object, client }: FoundObject,
  change: ActionChange,
  signal: AbortSignal,
): Promise<boolean> {
  const options = { manager: CLI_MANAGER, signal, ...asUser(app) };
  if (change.operation === "create") {
    await client.create(change.object, options);
    return true;
  }
  const patch = mergePatch(object, change.object) as Readonly<Record<string, unknown>> | undefined;
  if (patch === undefined) return false;
  const { apiVersion, kind, metadata } = object;
  const ref = { apiVersion, kind, name: metadata.name, ...(metadata.namespace && { namespace: metadata.namespace }) };
  // Who else wrote meanwhile must not lose entries of lists, which a patch replaces whole.
  const at = (version: string | undefined, fields: object) => ({
    ...fields,
    metadata: { ...(fields as { metadata?: object }).metadata, resourceVersion: version },
  });
  const { status, ...rest } = patch;
  let version = metadata.resourceVersion;
  let body: object = rest;
  if (status !== undefined) {
    try {
      const stored = await client.patch(ref, at(version, { status }), {
        type: "merge",
        subresource: "status",
        ...options,
      });
      version = stored.metadata.resourceVersion;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
      // Some kinds keep their status with the rest.
      body = patch;
    }
  }
  if (Object.keys(body).length > 0) await client.patch(ref, at(version, body), { type: "merge", ...options });
  return true;
}

function refusal(what: string, why: string): CliError {
  return new CliError(`Cannot act on ${what}: ${why}`, { exitCode: exitCode.refused });
}

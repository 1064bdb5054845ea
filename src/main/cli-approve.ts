import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ApproveActions } from "#cli/approve.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { APPROVE_ANNOTATION } from "#engine/plan-app.ts";
import { findApp, refOfApp } from "./cli-app-record.ts";
import { heldOf } from "./cli-app-view.ts";
import { findSet, isSetAddress, setView } from "./cli-set-record.ts";
import { noteEvent } from "./cli-note-event.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";

/** Approves what an app's status says is held; the digest binds the approval to exactly those deletions. */
export const approveActions: ApproveActions = {
  approve: (query, signal) =>
    withClient(
      query,
      async (client) => {
        if (isSetAddress(query.name)) return approveSet(client, query, signal);
        const record = await findApp(client, query, signal);
        const held = heldOf(record.object);
        const advice = `See what it waits for: holdfast why ${record.key}`;
        const body = approvalOf(held, { key: record.key, advice });
        await client.patch(refOfApp(record), body, { type: "merge", manager: CLI_MANAGER, signal });
        const what = held.replace(/ Approve with: .*$/, "");
        await noteEvent({ client, record }, { reason: "DeletionsApproved", message: what }, signal);
        return { app: record.key, held: what };
      },
      signal,
    ),
};

async function approveSet(
  client: ClusterClient,
  query: Parameters<ApproveActions["approve"]>[0],
  signal: AbortSignal,
): ReturnType<ApproveActions["approve"]> {
  const object = await findSet(client, query, signal);
  const { key, state, message } = setView(object);
  const advice = "See its state: holdfast get appsets";
  const body = approvalOf(state === "Held" ? message : "", { key, advice });
  const { apiVersion, kind, metadata } = object;
  const ref = { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
  await client.patch(ref, body, { type: "merge", manager: CLI_MANAGER, signal });
  const held = message.replace(/ To let them happen: .*$/, "");
  await noteEvent({ client, record: { object } }, { reason: "DeletionsApproved", message: held }, signal);
  return { app: key, held };
}

/** The patch that approves what a message tells of. @throws CliError when it tells of nothing */
function approvalOf(held: string, { key, advice }: { key: string; advice: string }): Record<string, unknown> {
  const digest = /\(plan ([0-9a-f]+)\)/.exec(held)?.[1];
  if (digest === undefined) {
    const message = `Cannot approve anything for ${key}: no deletion is held back`;
    throw new CliError(message, { advice, exitCode: exitCode.refused });
  }
  return { metadata: { annotations: { [APPROVE_ANNOTATION]: digest } } };
}

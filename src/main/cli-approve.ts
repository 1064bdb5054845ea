import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ApproveActions } from "#cli/approve.ts";
import { APPROVE_ANNOTATION } from "#engine/plan-app.ts";
import { findApp, refOfApp } from "./cli-app-record.ts";
import { heldOf } from "./cli-app-view.ts";
import { noteEvent } from "./cli-note-event.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";

/** Approves what an app's status says is held; the digest binds the approval to exactly those deletions. */
export const approveActions: ApproveActions = {
  approve: (query, signal) =>
    withClient(
      query,
      async (client) => {
        const record = await findApp(client, query, signal);
        const held = heldOf(record.object);
        const digest = /\(plan ([0-9a-f]+)\)/.exec(held)?.[1];
        if (digest === undefined) {
          throw new CliError(`Cannot approve anything for ${record.key}: no deletion is held back`, {
            advice: `See what it waits for: holdfast why ${record.key}`,
            exitCode: exitCode.refused,
          });
        }
        const body = { metadata: { annotations: { [APPROVE_ANNOTATION]: digest } } };
        await client.patch(refOfApp(record), body, { type: "merge", manager: CLI_MANAGER, signal });
        const what = held.replace(/ Approve with: .*$/, "");
        await noteEvent({ client, record }, { reason: "DeletionsApproved", message: what }, signal);
        return { app: record.key, held: what };
      },
      signal,
    ),
};

import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { SyncQuery } from "#cli/sync.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";
import { hasSeveralSources } from "./cli-app-sources.ts";
import { withCheckout } from "./cli-checkout.ts";
import { renderedLocally } from "./cli-local-render.ts";

/** The objects of a directory here, rendered as the app's own, for an operation. @throws CliError where it may bring none */
export async function localManifests(
  found: FoundApp,
  { local, dryRun }: Pick<SyncQuery, "local" | "dryRun">,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  if (local === undefined) return null;
  const { record } = found;
  const refusal = (why: string, advice: string) =>
    new CliError(`Cannot sync ${record.key} from ${local}: ${why}`, { advice, exitCode: exitCode.refused });
  if (usableApp(record).policy.mode === "auto" && !dryRun) {
    throw refusal("auto-sync would undo it", "See what it would change with --dry-run, or push it.");
  }
  if (hasSeveralSources(record)) {
    throw refusal("it has several sources", "One of them has to be its only one for a directory to stand for it.");
  }
  const resources = await withCheckout(found, (checkout) => renderedLocally(checkout, local, signal), signal);
  return resources.map((resource) => JSON.stringify(resource));
}

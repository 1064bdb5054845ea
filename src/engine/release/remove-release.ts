import type { AppPhase } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { AppWork } from "../app-state.ts";
import { compareApp } from "../compare-app.ts";
import { holdDesired } from "../refresh-desired.ts";
import { failureText } from "../requests.ts";
import { beginAction } from "./begin-action.ts";
import { concludeAction } from "./conclude-action.ts";
import { heldRelease, recordOwned } from "./held-release.ts";
import { driveRun } from "./release-run.ts";
import type { ReleaseStorage } from "./release-store-index.ts";
import { type ReleaseWork, releaseWork } from "./release-work.ts";

const MOST_TURNS = 8;
const AGAIN_MS = 5_000;
const removing: AppPhase = { kind: "syncing", step: "prune" };

/** Uninstalls the release of an app that is being deleted; null: it is gone. */
export async function removeRelease(work: AppWork, signal: AbortSignal): Promise<AppPhase | null> {
  const one = releaseWork(work);
  try {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const phase = await removalTurn(one, signal);
      if (phase !== "again") return phase;
    }
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    return failed(one, failureText(error));
  }
  return removing;
}

async function removalTurn(one: ReleaseWork, signal: AbortSignal): Promise<AppPhase | null | "again"> {
  const { release, policy } = one;
  const { run, ended } = release;
  if (run && ended) {
    await concludeAction(one, signal);
    if (run.action !== "uninstall") return "again";
    return ended.machine.outcome === "succeeded" ? null : failed(one, ended.machine.message);
  }
  if (run) return driveRun(one, run.action === "uninstall" ? "resume" : "supersede", signal);
  const [latest] = release.memory.history;
  const storage = {
    name: latest?.name ?? policy.name,
    namespace: release.memory.storageNamespace || policy.storageNamespace,
  };
  return uninstallAt(one, storage, signal);
}

/** Begins to uninstall the release whose records lie at a place; null: there is none. */
export async function uninstallAt(
  one: ReleaseWork,
  storage: ReleaseStorage,
  signal: AbortSignal,
): Promise<AppPhase | null | "again"> {
  const { work, release } = one;
  const known = work.context.releases.records(work.state.app.key, storage);
  if (known.kind === "pending") return removing;
  if (known.kind === "failed") return failed(one, `cannot read release records: ${known.reason}`);
  const [newest] = known.records;
  if (!newest || newest.status === "uninstalled") return null;
  const ociDigest = release.memory.history[0]?.ociDigest ?? "";
  const held = await heldRelease(work, { summary: newest, ociDigest, held: release.held }, signal);
  release.held = held;
  if (work.state.desired !== held.desired) holdDesired(work, held.desired);
  await recordOwned(work, held.desired, signal);
  if ((await compareApp(work, { takeover: false }, signal)) === "pending") return removing;
  return beginAction(
    one,
    { action: "uninstall", reason: "the release goes", storage, wanted: null, held, records: known.records },
    signal,
  );
}

function failed({ work }: ReleaseWork, message: string): AppPhase {
  return { kind: "sync-failed", step: "prune", message, retryAt: work.context.clock.now() + AGAIN_MS };
}

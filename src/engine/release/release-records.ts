import { ApiError } from "#core/cluster/api-error.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import type { ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { StoredRelease } from "../ports.ts";
import type { ReleaseRun } from "./release-state.ts";
import type { ReleaseStorage, StoredSummary } from "./release-store-index.ts";
import type { WrittenRecord } from "./release-store.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Writes how an action left its record, lets it take the place of its predecessors, and drops the oldest. */
export async function finishRecords(
  one: ReleaseWork,
  end: {
    readonly run: ReleaseRun;
    readonly summary: StoredSummary;
    readonly stored: StoredRelease;
  },
  signal: AbortSignal,
): Promise<WrittenRecord> {
  const { run, summary, stored } = end;
  const written = await rewrite(one, { summary, stored, ociDigest: ociDigestOf(one, run) }, signal);
  if (run.action === "test") return written;
  const others = recordsOf(one, run.storage).filter(({ version }) => version !== summary.version);
  await settleRecords(one, [written.summary, ...others], signal);
  return written;
}

/**
 * Lets the newest record, when it is deployed, take the place of its predecessors, and drops the oldest. Records newest
 * first; where all is in order, nothing is asked.
 */
export async function settleRecords(
  one: ReleaseWork,
  [newest, ...others]: readonly StoredSummary[],
  signal: AbortSignal,
): Promise<void> {
  if (!newest) return;
  if (newest.status === "deployed")
    for (const other of others) if (other.status === "deployed") await supersede(one, other, signal);
  await prune(one, { newest, others }, signal);
}

/** Deletes the records of a release that was removed, or keeps the newest as a trace of it. */
export async function removeRecords(
  one: ReleaseWork,
  { run, ok, endedAt }: { readonly run: ReleaseRun; readonly ok: boolean; readonly endedAt: number },
  signal: AbortSignal,
): Promise<WrittenRecord | null> {
  const { policy, work } = one;
  const records = recordsOf(one, run.storage);
  const newest = run.record;
  if (!ok) return null;
  if (newest && policy.uninstall.keepHistory) {
    const { stored, summary } = newest;
    const deleted = new Date(endedAt).toISOString();
    const info = { ...stored.release.info, deleted, status: "uninstalled" as const };
    const release = { ...stored.release, info: { ...info, description: "Uninstallation complete" } };
    return rewrite(one, { summary, stored: { ...stored, release }, ociDigest: ociDigestOf(one, run) }, signal);
  }
  for (const summary of records) await work.context.releases.remove({ app: work.state.app, summary }, signal);
  return null;
}

/** Digest of the artifact of the chart that an action's record is about; a rollback is about an earlier one. */
export function ociDigestOf({ release }: ReleaseWork, { action, wanted, record }: ReleaseRun): string {
  if (wanted && (action === "install" || action === "upgrade")) return wanted.ociDigest;
  const { history } = release.memory;
  const made = history.find(({ version }) => version === record?.summary.version);
  const sameChart = history.find(({ chartVersion }) => chartVersion === record?.stored.release.chart.metadata.version);
  return (made ?? sameChart)?.ociDigest ?? "";
}

function recordsOf({ work }: ReleaseWork, storage: ReleaseStorage): readonly StoredSummary[] {
  const known = work.context.releases.records(work.state.app.key, storage);
  if (known.kind !== "read") throw new Error(`Cannot conclude: release records are not readable now`);
  return known.records;
}

/** An answer may be lost: a record that says already what shall be written is taken as it is. */
async function rewrite(
  one: ReleaseWork,
  record: {
    readonly summary: StoredSummary;
    readonly stored: StoredRelease;
    readonly ociDigest: string;
  },
  signal: AbortSignal,
): Promise<WrittenRecord> {
  const { work } = one;
  const { summary, stored, ociDigest } = record;
  const { app, dialect } = work.state;
  try {
    const write = { app, manager: dialect.rules.manager, summary, stored, ociDigest };
    return await work.context.releases.update(write, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    const now = recordsOf(one, summary).find(({ version }) => version === summary.version);
    const isDone = now?.status === stored.release.info.status && now.writtenFor === app.object.uid;
    if (!now || !isDone) throw error;
    return { summary: now, stored: await work.context.releases.read({ app, summary: now, ociDigest }, signal) };
  }
}

async function supersede(one: ReleaseWork, summary: StoredSummary, signal: AbortSignal): Promise<void> {
  const { memory } = one.release;
  const { app } = one.work.state;
  const known = memory.history.find(({ name, version }) => name === summary.name && version === summary.version);
  const ociDigest = known?.ociDigest ?? "";
  const stored = await one.work.context.releases.read({ app, summary, ociDigest }, signal);
  const info = { ...stored.release.info, status: "superseded" as const };
  const release: HelmRelease = { ...stored.release, info };
  const written = await rewrite(one, { summary, stored: { ...stored, release }, ociDigest }, signal);
  if (!known) return;
  const { digest } = written.stored;
  const now: ReleaseSnapshot = { ...known, status: "superseded", digest, action: "" };
  one.release.memory = { ...memory, history: memory.history.map((snapshot) => (snapshot === known ? now : snapshot)) };
}

/** As many records are kept as the policy says; what is deployed stays whatever its age. */
async function prune(
  { work, policy }: ReleaseWork,
  { newest, others }: { readonly newest: StoredSummary; readonly others: readonly StoredSummary[] },
  signal: AbortSignal,
): Promise<void> {
  if (policy.maxHistory === 0) return;
  const isInUse = newest.status !== "deployed";
  const inUse = isInUse ? others.find(({ status }) => status === "deployed") : undefined;
  const free = others.filter((summary) => summary !== inUse);
  const kept = policy.maxHistory - 1 - (inUse ? 1 : 0);
  for (const summary of free.slice(Math.max(0, kept)))
    await work.context.releases.remove({ app: work.state.app, summary }, signal);
}

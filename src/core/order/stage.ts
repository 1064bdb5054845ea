/** Where in a sync an object belongs: stages run in ascending order of phase, then wave, then rank. */
export interface StageKey {
  readonly phase: number;
  readonly wave: number;
  readonly rank: number;
}

/**
 * What must be true of a stage's objects before the next stage starts.
 * - `none`: nothing; `established`: their API is served (definitions are established, namespaces active).
 * - `healthy`: their health table says so; `complete`: and Jobs among them have completed.
 * - `finished`: Jobs have completed and Pods have succeeded; everything else only exists.
 * - `gone`: they are not on the cluster any more.
 */
export type StageGate = "none" | "established" | "healthy" | "complete" | "finished" | "gone";

/** Ascending order of stage keys. */
export function compareStages(a: StageKey, b: StageKey): number {
  return a.phase - b.phase || a.wave - b.wave || a.rank - b.rank;
}

/** The map key of a stage. */
export function stageText(key: StageKey): string {
  return `${key.phase}/${key.wave}/${key.rank}`;
}

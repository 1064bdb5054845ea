import type { SourceRef } from "#core/source/source.ts";
import type { Repository } from "#engine/ports.ts";

/** What a ref stands for on the server now. @throws SourceError */
export async function resolved(
  repository: Repository,
  ref: SourceRef,
  signal: AbortSignal,
): Promise<{ commit: string; refName: string | null }> {
  const [result] = await repository.sync([ref], { timeoutMs: 60_000 }, signal);
  if (!result || "error" in result) throw result?.error ?? new Error(`Cannot resolve ${ref.value}: no answer`);
  return { commit: result.commit, refName: result.refName };
}

import type { TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { LeftRelease } from "#contract/migration-view.ts";
import { attributeRules } from "./attribute-rules.ts";
import type { CompleteDraft } from "./migration-objects.ts";
import type { ReadReleases } from "./read-releases.ts";
import { draftOf, type LeftOut } from "./release-draft.ts";
import { releaseValues } from "./release-values.ts";

/** What can be written of releases, and what cannot. */
export interface DraftedReleases {
  readonly drafts: readonly CompleteDraft[];
  readonly left: readonly LeftRelease[];
}

/** Drafts every release with its values. @throws CliError when an argument is dropped that needs not be */
export async function draftReleases(
  { wanted, others }: Pick<ReadReleases, "wanted" | "others">,
  { pool, dropped }: { readonly pool: HelperPool; readonly dropped: readonly string[] },
  signal: AbortSignal,
): Promise<DraftedReleases> {
  checkDropped(dropped);
  const drafts: CompleteDraft[] = [];
  const left: LeftOut[] = [];
  for (const release of wanted) {
    const drafted = draftOf(release, dropped);
    if ("left" in drafted) {
      left.push(drafted.left);
      continue;
    }
    const { draft } = drafted;
    const same = drafts.find(({ name, namespace }) => name === draft.name && namespace === draft.namespace);
    if (same) {
      left.push({
        from: release,
        reasons: [`${same.from.address} is the same release ${draft.namespace}/${draft.name}`],
      });
      continue;
    }
    try {
      drafts.push({ ...draft, values: await releaseValues(pool, draft.parts, signal) });
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.code !== "invalid-values") throw error;
      left.push({ from: release, reasons: [error.message] });
    }
  }
  return wholeResources(drafts, { left, others });
}

function checkDropped(dropped: readonly string[]): void {
  for (const name of dropped) {
    const rule = attributeRules[name] ?? { refuse: "" };
    if (typeof rule === "object" && "refuse" in rule) continue;
    const advice = "Name only arguments that a release is left out for.";
    throw new CliError(`Cannot do without ${name}: no release is left out for it`, {
      advice,
      exitCode: exitCode.usage,
    });
  }
}

/** Terraform forgets whole resources: where one instance stays, all do. */
function wholeResources(
  drafts: readonly CompleteDraft[],
  { left, others }: { readonly left: readonly LeftOut[]; readonly others: readonly TerraformRelease[] },
): DraftedReleases {
  const staying = [...left.map(({ from }) => from), ...others];
  const heldBy = ({ from }: CompleteDraft) => staying.find(({ resource }) => resource === from.resource)?.address;
  const held = drafts.flatMap((draft): LeftRelease[] => {
    const other = heldBy(draft);
    const reasons = [`${other} stays, and Terraform forgets only whole resources`];
    return other === undefined ? [] : [{ address: draft.from.address, reasons }];
  });
  const all = [...left.map(({ from, reasons }) => ({ address: from.address, reasons })), ...held];
  return {
    drafts: drafts.filter((draft) => heldBy(draft) === undefined),
    left: all.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
  };
}

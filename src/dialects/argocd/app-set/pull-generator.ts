import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import type { RemotePull } from "#core/app/provider.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import { addressOf, providerOf, rhythmOf } from "./provider-address.ts";
import { patternOf } from "./scm-generator.ts";
import type { GeneratorFields } from "./set-schema.ts";

type PullFields = NonNullable<GeneratorFields["pullRequest"]>;

/** Parameters of the open requests of a repository to merge a branch into another. */
export function* pullParams(fields: PullFields, making: Making): Asking<readonly Params[]> {
  const provider = providerOf("pullRequest", fields, making);
  const { repo, project = "", labels = [], pullRequestState: state = "" } = provider.fields;
  const address = addressOf(provider, making);
  const call = { get: "pulls", repository: repo ?? project, labels, state } as const;
  const answer = yield* ask("provider", { address, call, everyMs: rhythmOf(fields) });
  const pulls = answer as readonly RemotePull[] | null;
  if (pulls === null) {
    if (fields.continueOnRepoNotFoundError) return [];
    throw new SetError("parameters", `error listing repos: ${call.repository} was not found`);
  }
  const isWanted = filterOf(fields);
  const chosen = pulls
    .filter((pull) => labels.every((label) => pull.labels.includes(label)) && isWanted(pull))
    .toSorted((a, b) => Number(a.number) - Number(b.number));
  const made = chosen.map((pull) => paramsOf(pull, making.style.goTemplate));
  return yield* withValues(making.style, fields.values, made);
}

function filterOf({ filters = [] }: PullFields): (pull: RemotePull) => boolean {
  const parsed = filters.map(({ branchMatch, targetBranchMatch, titleMatch }) => ({
    branch: patternOf("BranchMatch", branchMatch),
    target: patternOf("TargetBranchMatch", targetBranchMatch),
    title: patternOf("TitleMatch", titleMatch),
  }));
  if (parsed.length === 0) return () => true;
  return (pull) =>
    parsed.some(({ branch, target, title }) => {
      if (branch && !branch.finds(pull.branch)) return false;
      if (target && !target.finds(pull.targetBranch)) return false;
      return !title || title.finds(pull.title);
    });
}

function paramsOf(pull: RemotePull, hasLists: boolean): Params {
  const { number, title, branch, targetBranch, sha, author, labels } = pull;
  return {
    number,
    title,
    branch,
    branch_slug: slugOf(branch),
    target_branch: targetBranch,
    target_branch_slug: slugOf(targetBranch),
    head_sha: sha,
    head_short_sha: sha.slice(0, 8),
    head_short_sha_7: sha.slice(0, 7),
    author,
    ...(hasLists && { labels }),
  };
}

const LONGEST_SLUG = 50;

/** Letters that are not another with a mark on it. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  þ: "th",
  ð: "d",
};

/** A text made fit for a part of a name, cut between words where it is too long. */
function slugOf(text: string): string {
  const bare = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const plain = bare.replace(/[ßæœøłđþð]/g, (letter) => LETTERS[letter] ?? letter);
  const slug = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (slug.length <= LONGEST_SLUG) return slug;
  const at = slug.lastIndexOf("-", LONGEST_SLUG);
  return slug.slice(0, at > 0 ? at : LONGEST_SLUG);
}

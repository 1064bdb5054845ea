import { type Asking, ask, type Params, SetError, type TemplateJob } from "#core/app/app-set.ts";

/** Whose templates count, and how strict they are. */
export interface TemplateStyle {
  readonly goTemplate: boolean;
  readonly options: readonly string[];
}

/** So many jobs at once that one request stays small. */
const BATCH = 500;

/** Fills trees in: one value for each job, in their order. @throws SetError with the first that cannot be filled in */
export function* filled(
  style: TemplateStyle,
  work: { readonly trees: readonly unknown[]; readonly jobs: readonly TemplateJob[] },
  stage: SetError["stage"],
): Asking<readonly unknown[]> {
  if (!style.goTemplate) return work.jobs.map(({ tree, params }) => filledPlainly(work.trees[tree], params));
  const values: unknown[] = [];
  for (let at = 0; at < work.jobs.length; at += BATCH) {
    const jobs = work.jobs.slice(at, at + BATCH);
    const answers = yield* ask("template", { trees: work.trees, jobs, options: style.options });
    for (const answer of answers) {
      if ("error" in answer) throw new SetError(stage, answer.error);
      values.push(answer.value);
    }
  }
  return values;
}

/** The same values for every set of parameters, filled in with it and added to it as `values`. */
export function* withValues(
  style: TemplateStyle,
  values: Readonly<Record<string, string>> | undefined,
  sets: readonly Params[],
): Asking<readonly Params[]> {
  if (!values || Object.keys(values).length === 0) return sets;
  const jobs = sets.map((params) => ({ tree: 0, params }));
  const made = (yield* filled(style, { trees: [values], jobs }, "parameters")) as readonly Params[];
  return sets.map((params, index) => {
    const own = made[index] ?? {};
    if (style.goTemplate) return { ...params, values: own };
    return { ...params, ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`values.${name}`, value])) };
  });
}

/** Texts of a tree, names of members included, with `{{name}}` replaced; what names no text stays as it stands. */
function filledPlainly(tree: unknown, params: Params): unknown {
  if (typeof tree === "string") return filledText(tree, params);
  if (Array.isArray(tree)) return tree.map((member) => filledPlainly(member, params));
  if (typeof tree !== "object" || tree === null) return tree;
  const members = Object.entries(tree).map(([name, member]) => [
    filledText(name, params),
    filledPlainly(member, params),
  ]);
  return Object.fromEntries(members) as unknown;
}

function filledText(text: string, params: Params): string {
  if (!/\{\{.*\}\}/.test(text)) return text;
  let made = "";
  let at = 0;
  for (;;) {
    const open = text.indexOf("{{", at);
    if (open < 0) return made + text.slice(at);
    const close = text.indexOf("}}", open + 2);
    if (close < 0) {
      throw new SetError(
        "template",
        `invalid template: Cannot find end tag="}}" in the template="${text.slice(0, 200)}"`,
      );
    }
    const tag = text.slice(open + 2, close);
    const name = tag.trim();
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    made += text.slice(at, open) + (typeof value === "string" && name !== "" ? value : `{{${tag}}}`);
    at = close + 2;
  }
}

import type { EvalObjectActions, ActionFile } from "#cli/eval-actions.ts";
import type { DialectActions } from "#core/app/object-actions.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { argoDialect } from "#dialects/argocd/argo-dialect.ts";
import { dialectUnder } from "./cli-eval-config.ts";
import { readObjects } from "./cli-files.ts";
import { listActions, runAction } from "./cli-object-actions.ts";

/** What may be done to an object of a file. */
export const evalObjectActions: EvalObjectActions = {
  listActions: async (input, signal) => {
    const { actions, object } = await opened(input, signal);
    return listActions(actions, object, signal);
  },
  runAction: async ({ action, params, ...input }, signal) => {
    const { actions, object } = await opened(input, signal);
    const changes = await runAction(actions, { object, action, params }, signal);
    return changes.map(({ operation, object: resource }) => ({ operation, resource }));
  },
};

async function opened(
  { file, config }: ActionFile,
  signal: AbortSignal,
): Promise<{ readonly actions: DialectActions; readonly object: Resource }> {
  const dialect = config === undefined ? argoDialect : await dialectUnder(argoDialect, config, signal);
  const [read] = await readObjects([file], signal);
  const [object, ...more] = read?.objects ?? [];
  if (!object || more.length > 0) throw new CliError(`Cannot use ${file}: it must hold one object`);
  if (!dialect.actions) throw new CliError(`Cannot use ${file}: nothing may be done by the rules of ${dialect.name}`);
  return { actions: dialect.actions, object };
}

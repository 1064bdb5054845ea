import type { AppSource } from "#core/app/app.ts";
import { jointRender, type Rendered } from "#core/app/rendered.ts";
import { withNamedSources } from "#core/source/named-sources.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ReadSource } from "#engine/read-sources.ts";
import { secretsOf } from "#engine/source-secrets.ts";
import { visibleTree } from "#engine/source-tree.ts";
import { type AppRecord, type FoundApp, usableApp } from "./cli-app-record.ts";
import { completedSource } from "./cli-complete-render.ts";
import { type Fetching, withFetchers } from "./cli-fetchers.ts";
import { renderWithBases } from "./cli-render-bases.ts";
import { resolved } from "./cli-resolved.ts";

/** What an app of several sources renders to now, and what these are at. @throws RenderError */
export async function renderedSources(
  found: FoundApp,
  signal: AbortSignal,
): Promise<{ readonly commit: string; readonly rendered: Rendered }> {
  return withFetchers(async (fetching) => {
    const sources: ReadSource[] = [];
    for (const declared of usableApp(found.record).sources) {
      sources.push(await readSource({ ...found, fetching, declared }, signal));
    }
    const named = new Map(sources.flatMap(({ declared, tree }) => (declared.name ? [[declared.name, tree]] : [])));
    const parts: Rendered[] = [];
    for (const [at, source] of sources.entries()) {
      const spec = await completedSource(found, source, signal);
      const input = {
        tree: withNamedSources(source.tree, named),
        path: source.declared.path,
        spec,
        record: found.record,
      };
      const which = (message: string) => `source ${at + 1} of ${sources.length}: ${message}`;
      parts.push(
        await renderWithBases(fetching, input, signal).catch((error: unknown) => {
          if (!(error instanceof RenderError)) throw error;
          throw new RenderError(error.code, which(error.message), { cause: error });
        }),
      );
    }
    return { commit: sources.map(({ revision }) => revision.text).join(","), rendered: jointRender(parts, null) };
  }, found);
}

/** Whether an app takes from more than one source. */
export function hasSeveralSources(record: AppRecord): boolean {
  return usableApp(record).sources.length > 1;
}

/** @throws CliError for a revision of one where there are several */
export function mustBeTracked({ record }: FoundApp, revision: string | undefined): void {
  if (revision === undefined) return;
  throw new CliError(`Cannot take ${record.key} at ${revision}: it has several sources`, {
    advice: "Leave --revision out: each source is taken as it is tracked.",
    exitCode: exitCode.usage,
  });
}

async function readSource(
  one: FoundApp & { readonly fetching: Fetching; readonly declared: AppSource },
  signal: AbortSignal,
): Promise<ReadSource> {
  const { client, record, fetching, declared } = one;
  const source = inlineOf(one);
  const repository = fetching.fetchers.open(source, await secretsOf(client, source, signal));
  const { commit, refName } = await resolved(repository, source.ref, signal);
  const whole = await repository.tree(commit, signal);
  const tree = await visibleTree({ source, whole, included: [] }, signal);
  return { declared, tree, revision: record.dialect.revisionOf(source, commit, refName) };
}

/** Of several sources each is declared by the app itself. */
function inlineOf({ record, declared }: Pick<FoundApp, "record"> & { readonly declared: AppSource }): Source {
  if (declared.inline) return declared.inline;
  throw new CliError(`Cannot read ${declared.source} for ${record.key}: it is an object of its own`, {
    exitCode: exitCode.refused,
  });
}

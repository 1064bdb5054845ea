import { Command } from "commander";
import type { OrphansView } from "#contract/orphan-view.ts";
import { idText, parseIdKey, type IdKey } from "#core/resource/resource-id.ts";
import { type ConnectionOptions, withCluster } from "./connection-options.ts";
import { ageText } from "./duration.ts";
import { labelNames } from "./object-name.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** Where to look; no namespaces: wherever apps deploy to. */
export interface OrphansQuery extends Pick<ConnectionOptions, "kubeconfig" | "context"> {
  readonly namespaces: readonly string[];
}

/** What `orphans` needs. */
export interface OrphansActions {
  orphans(query: OrphansQuery, signal: AbortSignal): Promise<OrphansView>;
}

type Options = Omit<OrphansQuery, "namespaces"> & {
  readonly namespace: readonly string[];
  readonly output: OutputFormat;
};

/** The command `orphans`: what lies in the namespaces of apps and belongs to none of them. */
export function orphansCommand(actions: OrphansActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("orphans")
    .description("list live objects, of the kinds that apps use, that no app owns and no other object made")
    .option("-n, --namespace <names>", "namespaces to look at (default: all that apps deploy to)", namesSoFar, [])
    .action(async ({ namespace, output, ...where }: Options) => {
      const view = await actions.orphans({ ...where, namespaces: namespace }, signal);
      if (output === "table") show(view, terminal);
      else terminal.out(formatted(view, output));
    });
  return withOutput(withCluster(command));
}

function show({ namespaces, objects, notes }: OrphansView, terminal: Terminal): void {
  const rows = objects.map(({ id, createdAt, markedFor }) => [
    idText(parseIdKey(id as IdKey)),
    ageText(createdAt),
    markedFor === "" ? "-" : markedFor,
  ]);
  if (rows.length > 0) terminal.out(textTable(["OBJECT", "AGE", "MARKED FOR"], rows));
  else if (namespaces.length === 0) terminal.note("No app deploys to a namespace yet.");
  else terminal.note(`Every object in ${namespaces.join(", ")} belongs to an app.`);
  for (const note of notes) terminal.note(note);
}

function namesSoFar(text: string, names: readonly string[]): readonly string[] {
  return [...new Set([...names, ...labelNames(text)])];
}

import { Command } from "commander";
import type { PermissionView } from "#contract/access-view.ts";
import { CliError } from "./cli-error.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** May an app deploy objects of a kind to a namespace? */
export interface PermissionQuery extends ConnectionOptions {
  readonly name: string;
  /** `Deployment`, `deploy` or `Certificate.cert-manager.io`, perhaps with `/NAME`. */
  readonly kind: string;
  /** Null: that of the app's destination. */
  readonly to: string | null;
}

/** What `project` needs. */
export interface ProjectActions {
  can(query: PermissionQuery, signal: AbortSignal): Promise<PermissionView>;
}

/** The command group `project`: what projects permit. */
export function projectCommand(actions: ProjectActions, terminal: Terminal, signal: AbortSignal): Command {
  const can = new Command("can")
    .description("tell whether an app may deploy a kind of object, and by which rules of its project; exits 5 when not")
    .argument("<app>", "app/NAME or NAME")
    .argument("<words...>", "deploy KIND [to NAMESPACE]")
    .action(async (name: string, words: string[], options: ConnectionOptions & { output: OutputFormat }) => {
      const view = await actions.can({ ...options, name, ...asked(words) }, signal);
      if (options.output === "table") terminal.out(permissionText(view, terminal));
      else terminal.out(formatted(view, options.output));
      if (!view.permitted) process.exitCode = exitCode.refused;
    });
  return new Command("project").description("ask what projects permit").addCommand(withOutput(withNamespace(can)));
}

function asked(words: readonly string[]): { kind: string; to: string | null } {
  const [verb, kind, preposition, namespace, ...rest] = words;
  const isWhole = preposition === undefined || (preposition === "to" && namespace !== undefined && rest.length === 0);
  if (verb === "deploy" && kind !== undefined && isWhole) return { kind, to: namespace ?? null };
  throw new CliError(`Cannot tell what "${words.join(" ")}" asks`, {
    advice: "Write: holdfast project can APP deploy KIND to NAMESPACE",
    exitCode: exitCode.usage,
  });
}

function permissionText({ app, project, permitted, rules }: PermissionView, { paint }: Terminal): string {
  const word = permitted ? paint.green("may") : paint.red("may not");
  const rows = rules.map((one) => [one.about, one.permitted ? "allowed" : "denied", one.rule]);
  return `${paint.bold(app)} ${word}, by project ${project}\n\n${textTable(["ABOUT", "VERDICT", "RULE"], rows)}`;
}

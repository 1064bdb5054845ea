import { Command } from "commander";
import type { ActionRunView, ActionView } from "#contract/action-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { collectParam } from "./param-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** An object of an app. */
export interface ActionTarget extends ConnectionOptions {
  readonly name: string;
  /** `KIND/NAME` or `KIND.GROUP/NAME` */
  readonly object: string;
  /** Where the object is; absent: where the app's objects go. */
  readonly objectNamespace?: string;
}

/** An action and what a person chose for it. */
export interface ActionOrder extends ActionTarget {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What `actions` needs. */
export interface ObjectActions {
  list(target: ActionTarget, signal: AbortSignal): Promise<readonly ActionView[]>;
  run(order: ActionOrder, signal: AbortSignal): Promise<ActionRunView>;
}

type Options = ConnectionOptions & { objectNamespace?: string };

/** The command group `actions`: what may be done to an app's objects beside syncing them. */
export function actionsCommand(actions: ObjectActions, terminal: Terminal, signal: AbortSignal): Command {
  const group = new Command("actions").description("what may be done to an app's objects: list, run");
  group.addCommand(
    withOutput(targeted(new Command("list")))
      .description("print the actions of an object")
      .action(async (name: string, object: string, { output, ...options }: Options & { output: OutputFormat }) => {
        const views = await actions.list({ ...options, name, object }, signal);
        terminal.out(output === "table" ? actionTable(views) : formatted(views, output));
      }),
  );
  group.addCommand(
    targeted(new Command("run"))
      .description("do an action, as the app's own user where it has one; the app's events tell of it")
      .argument("<action>", "its name")
      .option("--param <name=value>", "a parameter of the action; may be given several times", collectParam, {})
      .action(async (...given: [string, string, string, Options & { param: Record<string, string> }]) => {
        const [name, object, action, { param, ...options }] = given;
        terminal.out(runText(await actions.run({ ...options, name, object, action, params: param }, signal)));
      }),
  );
  return group;
}

function targeted(command: Command): Command {
  return withNamespace(command)
    .argument("<app>", "app/NAME or NAME")
    .argument("<object>", "KIND/NAME or KIND.GROUP/NAME")
    .option("--object-namespace <name>", "namespace of the object (default: where the app's objects go)");
}

/** Actions for people. */
export function actionTable(views: readonly ActionView[]): string {
  if (views.length === 0) return "Nothing may be done to it.\n";
  const rows = views.map(({ name, displayName, disabled, params }) => [
    name,
    disabled ? "no" : "yes",
    params.map((one) => (one.default === null ? one.name : `${one.name}=${one.default}`)).join(","),
    displayName ?? "",
  ]);
  return textTable(["ACTION", "ENABLED", "PARAMETERS", "TITLE"], rows);
}

function runText({ action, changes }: ActionRunView): string {
  if (changes.length === 0) return `${action} changed nothing\n`;
  return changes
    .map(({ operation, id }) => `${action}: ${operation === "create" ? "created" : "patched"} ${id}\n`)
    .join("");
}

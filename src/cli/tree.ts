import { Command } from "commander";
import type { TreeNode, TreeView } from "#contract/tree-view.ts";
import { idText, parseIdKey, type IdKey } from "#core/resource/resource-id.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { shortRevision } from "./revision-text.ts";
import { type Paint, plainText, type Terminal } from "./terminal.ts";

/** What `tree` needs. */
export interface TreeActions {
  tree(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<TreeView>;
}

/** The command `tree`: an app's objects with their health, and what they made. */
export function treeCommand(actions: TreeActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("tree")
    .description("show an app's objects with their health, and the objects that these made")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions & { output: OutputFormat }) => {
      const view = await actions.tree({ ...options, name }, signal);
      if (options.output === "table") show(view, terminal);
      else terminal.out(formatted(view, options.output));
    });
  return withOutput(withNamespace(command));
}

function show({ app, state, revision, objects, notes }: TreeView, terminal: Terminal): void {
  const at = revision === "" ? "" : ` at ${shortRevision(revision)}`;
  terminal.out(`${terminal.paint.bold(app)} is ${state}${at}\n`);
  for (const line of linesOf(objects, "", terminal.paint)) terminal.out(`${line}\n`);
  if (objects.length === 0) terminal.note("It holds no objects.");
  for (const note of notes) terminal.note(note);
}

function linesOf(nodes: readonly TreeNode[], indent: string, paint: Paint): string[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    const name = plainText(idText(parseIdKey(node.id as IdKey)));
    const line = `${indent}${isLast ? "└── " : "├── "}${name}${healthText(node, paint)}`;
    return [line, ...linesOf(node.children, `${indent}${isLast ? "    " : "│   "}`, paint)];
  });
}

const well: readonly string[] = ["Healthy", "Current"];
const ill: readonly string[] = ["Degraded", "Failed", "Missing", "NotFound"];

function healthText({ health, message }: TreeNode, paint: Paint): string {
  if (health === "") return "";
  if (well.includes(health)) return ` ${paint.green(health)}`;
  const painted = ill.includes(health) ? paint.red(health) : paint.yellow(health);
  return message === "" ? ` ${painted}` : ` ${painted}: ${plainText(message).slice(0, 200)}`;
}

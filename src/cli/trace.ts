import { Command } from "commander";
import type { OwnerView, TraceView } from "#contract/trace-view.ts";
import { idText, parseIdKey, type IdKey } from "#core/resource/resource-id.ts";
import { type ConnectionOptions, withCluster } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { plainText, type Terminal } from "./terminal.ts";

/** What `trace` needs. */
export interface TraceActions {
  trace(query: ConnectionOptions & { object: string }, signal: AbortSignal): Promise<TraceView>;
}

/** The command `trace`: from a live object to the app that owns it, and to the commit. */
export function traceCommand(actions: TraceActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("trace")
    .description("find the app that owns a live object, and the source, revision and commit that it comes from")
    .argument("<kind/name>", "deployment/web, ConfigMap/settings, Certificate.cert-manager.io/web")
    .option("-n, --namespace <name>", "namespace of the object (default: default)")
    .action(async (object: string, options: ConnectionOptions & { output: OutputFormat }) => {
      const view = await actions.trace({ ...options, object }, signal);
      if (options.output === "table") show(view, terminal);
      else terminal.out(formatted(view, options.output));
    });
  return withOutput(withCluster(command));
}

function show({ object, owners, apps, notes }: TraceView, terminal: Terminal): void {
  terminal.out(`${terminal.paint.bold(nameOf(object))}\n`);
  for (const owner of owners) terminal.out(`  made by   ${nameOf(owner)}\n`);
  for (const app of apps) terminal.out(ownerText(app));
  if (apps.length === 0) terminal.out("  No app owns it.\n");
  for (const note of notes) terminal.note(note);
}

function ownerText({ app, state, source, url, ref, path, origin, revision, commit }: OwnerView): string {
  const lines = [
    ["owned by", `${app} (${state})`],
    ["source", [source, origin ? "" : url].filter(Boolean).join(" ")],
    ...(origin ? [["made of", [origin.source, url, origin.revision].filter(Boolean).join(" ")]] : []),
    ["ref", ref],
    ...(origin ? [] : [["path", path === "" ? "." : path]]),
    ["revision", revision === "" ? "none yet" : revision],
    ...(commit ? [["commit", `${commit.subject} (${commit.author}, ${commit.date})`]] : []),
  ];
  return lines.map(([name = "", text = ""]) => `  ${name.padEnd(8)}  ${plainText(text)}\n`).join("");
}

function nameOf(id: string): string {
  return plainText(idText(parseIdKey(id as IdKey)));
}

import { Command, InvalidArgumentError } from "commander";
import type { PushView } from "#contract/push-view.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";

/** What to push, where to, and as whom. */
export interface PushOrder {
  /** `oci://HOST/REPOSITORY:TAG` */
  readonly address: string;
  readonly path: string;
  readonly source: string;
  readonly revision: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly username?: string;
  /** `-` is standard input. */
  readonly passwordFile?: string;
}

/** What `push` needs. */
export interface PushActions {
  artifact(order: PushOrder, signal: AbortSignal): Promise<PushView>;
}

type Options = Omit<PushOrder, "address" | "annotations"> & {
  readonly annotation: Readonly<Record<string, string>>;
  readonly output: OutputFormat;
};

/** The command group `push`: files to where sources read them. */
export function pushCommand(actions: PushActions, terminal: Terminal, signal: AbortSignal): Command {
  const artifact = new Command("artifact")
    .description("push a directory to a registry as an artifact that an OCIRepository reads")
    .argument("<address>", "oci://HOST/REPOSITORY:TAG")
    .requiredOption("--path <dir>", "directory to push, less what .sourceignore names")
    .requiredOption("--source <url>", "where the files come from, e.g. the repository's URL")
    .requiredOption("--revision <revision>", "which state of them, e.g. main@sha1:HASH")
    .option("--annotation <key=value>", "further annotation; may be repeated", annotationsSoFar, {})
    .option("--username <name>", "user (default: what docker's configuration holds)")
    .option("--password-file <file>", "file with the password; - is standard input")
    .option("--insecure", "allow plain http", false)
    .action(async (address: string, { annotation, output, ...options }: Options) => {
      const view = await actions.artifact({ ...options, address, annotations: annotation }, signal);
      if (output === "table") terminal.out(`${view.artifact}\n`);
      else terminal.out(formatted(view, output));
      for (const path of view.left) terminal.note(`${path} is a link, which artifacts do not hold: it is left out`);
    });
  return new Command("push").description("push files to where sources read them").addCommand(withOutput(artifact));
}

function annotationsSoFar(
  text: string,
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write KEY=VALUE.");
  return { ...annotations, [text.slice(0, at)]: text.slice(at + 1) };
}

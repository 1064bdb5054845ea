import { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Which apps: some by name, all that carry labels, or all there are. */
export interface AppsQuery extends ConnectionOptions {
  readonly names: readonly string[];
  readonly selector?: string;
  readonly all?: boolean;
}

/** Which apps to give back, and how. */
export interface ReleaseQuery extends AppsQuery {
  /** Also what is not to be touched now, which adopting and releasing each refuse for reasons of their own. */
  readonly force?: boolean;
}

/** Which apps to adopt, and how. */
export interface AdoptQuery extends ReleaseQuery {
  /** Only tells what would be written. */
  readonly dryRun?: boolean;
}

/** What became of one app. */
export interface Handled {
  readonly app: string;
  /** In words: `adopted; Flux keeps off it`. */
  readonly message: string;
}

/** Acts on several apps. */
export type AppsAction<Query extends AppsQuery = AppsQuery> = (
  query: Query,
  signal: AbortSignal,
) => Promise<readonly Handled[]>;

/** The command `adopt`: takes apps over from the vendor's controller. */
export function adoptCommand(action: AppsAction<AdoptQuery>, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("adopt").description(
    "take apps over from a vendor's controller that is alive: it is told to keep off, in its own way",
  );
  command
    .option("--dry-run", "only tell what would be written")
    .option("--force", "adopt also what runs the vendor's controller while that serves other apps");
  return severalApps(command, { action, terminal, signal });
}

/** The command `release`: gives apps back. */
export function releaseCommand(action: AppsAction<ReleaseQuery>, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("release").description("give adopted apps back to the vendor's controller");
  command.option("--force", "give back also a Helm release in the middle of an action, which is then done again");
  return severalApps(command, { action, terminal, signal });
}

/** The command `suspend`: nothing is applied until `resume`. */
export function suspendCommand(action: AppsAction, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("suspend").description("stop reconciling apps until they are resumed");
  return severalApps(command, { action, terminal, signal });
}

/** The command `resume`: ends what `suspend` or `pause` began. */
export function resumeCommand(action: AppsAction, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("resume").description("go on with apps that are suspended or paused");
  return severalApps(command, { action, terminal, signal });
}

function severalApps<Query extends AppsQuery>(
  command: Command,
  parts: { action: AppsAction<Query>; terminal: Terminal; signal: AbortSignal },
): Command {
  command
    .argument("[apps...]", "app/NAME, ks/NAME, hr/NAME or NAME; to adopt or release also appset/NAME")
    .option("-l, --selector <labels>", "all apps with these labels, such as team=shop")
    .option("--all", "all apps")
    .action(async (names: string[], options: Omit<Query, "names">) => {
      const ways = [names.length > 0, options.selector !== undefined, options.all === true];
      if (ways.filter(Boolean).length !== 1) {
        throw new CliError("Cannot tell which apps you mean", {
          advice: "Name them, or choose them with --selector or --all.",
          exitCode: exitCode.usage,
        });
      }
      const query = { ...options, names } as unknown as Query;
      for (const { app, message } of await parts.action(query, parts.signal)) {
        parts.terminal.out(`${app} ${message}\n`);
      }
    });
  return withNamespace(command);
}

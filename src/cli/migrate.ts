import { Command, InvalidArgumentError } from "commander";
import type { AdoptionView, MigrationView } from "#contract/migration-view.ts";
import { CliError } from "./cli-error.ts";
import { type ConnectionOptions, withCluster } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import { labelName } from "./object-name.ts";
import { formatted } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** Which files of Terraform's to read, and what to make of them. */
export interface TerraformOrder extends Pick<ConnectionOptions, "kubeconfig" | "context"> {
  /** `-` is standard input. */
  readonly files: readonly string[];
  readonly output: string;
  /** Whether files of the same names are written over. */
  readonly force: boolean;
  /** Namespace of the objects, by default that of each release. */
  readonly namespace?: string;
  readonly interval: string;
  readonly withSecrets: boolean;
  /** Arguments that the objects may do without. */
  readonly drop: readonly string[];
  /** Addresses of releases, resources and modules to migrate; none: all. */
  readonly only: readonly string[];
  /** Whether to compare with the releases that run. */
  readonly check: boolean;
}

/** What `migrate` needs. */
export interface MigrateActions {
  terraform(order: TerraformOrder, signal: AbortSignal): Promise<MigrationView>;
}

type Options = Omit<TerraformOrder, "files"> & { readonly json: boolean };

/** The command group `migrate`: objects for what other tools hold today. */
export function migrateCommand(actions: MigrateActions, terminal: Terminal, signal: AbortSignal): Command {
  const terraform = new Command("terraform")
    .description("write HelmReleases for Terraform's helm_release, and what lets Terraform forget them")
    .argument(
      "<files...>",
      "plans or states in JSON (terraform show -json), terraform.tfstate, or *.tf.json; - is standard input",
    )
    .requiredOption("--output <dir>", "folder to write")
    .option("--force", "write over files of the same names", false)
    .option("--namespace <name>", "namespace of the objects (default: that of each release)", labelName)
    .option("--interval <duration>", "how often the objects look", durationOf, "10m")
    .option("--with-secrets", "write Secrets too, in the clear, for you to encrypt", false)
    .option("--drop <arguments>", "comma-separated arguments that have no counterpart, to do without", namesOf, [])
    .option("--only <addresses...>", "addresses of releases, resources or modules to migrate (default: all)", [])
    .option("--check", "compare with the releases in the cluster: would adopting them upgrade anything?", false)
    .option("--json", "print the summary for programs", false)
    .action(async (files: readonly string[], { json, ...options }: Options) => {
      const view = await actions.terraform({ ...options, files }, signal);
      if (json) terminal.out(formatted(view, "json"));
      else show(view, terminal);
      end(view);
    });
  return new Command("migrate")
    .description("write objects for what other tools hold")
    .addCommand(withCluster(terraform));
}

function show(view: MigrationView, terminal: Terminal): void {
  const { releases, left, secrets, notes, steps, files, folder } = view;
  const rows = releases.map(({ address, object, chart, version, adoption }) => {
    return [address, object, `${chart}@${version}`, ...(adoption ? [adoptionText(adoption)] : [])];
  });
  const isChecked = releases.some(({ adoption }) => adoption !== null);
  const header = ["TERRAFORM", "HELMRELEASE", "CHART", ...(isChecked ? ["ADOPTING IT"] : [])];
  if (rows.length > 0) terminal.out(textTable(header, rows));
  section(
    terminal,
    "Left out:",
    left.flatMap(({ address, reasons }) => reasons.map((reason) => `${address}: ${reason}`)),
  );
  const decisions = releases.flatMap(({ address, decisions: all }) => all.map((one) => `${address}: ${one}`));
  section(terminal, "For you to decide:", decisions);
  section(terminal, "Mind:", notes);
  if (files.length > 0) terminal.out(`\n${files.length} files were written to ${folder}.\n`);
  if (secrets.length > 0)
    terminal.out("No manifest holds a secret value: they refer to Secrets, which must be there first.\n");
  const remaining = steps.map((step, index) => `${index + 1}. ${step.replaceAll("\n", "\n     ")}`);
  section(terminal, "What remains to be done:", remaining);
}

function section(terminal: Terminal, title: string, lines: readonly string[]): void {
  if (lines.length > 0) terminal.out(`\n${title}\n${lines.map((line) => `  ${line}\n`).join("")}`);
}

function adoptionText({ verdict, differences }: AdoptionView): string {
  if (verdict === "nothing") return "upgrades nothing";
  const words = { upgrade: "upgrades it", missing: "installs it", unknown: "cannot be told" } as const;
  return `${words[verdict]}: ${differences.join("; ")}`;
}

/** What is left out must not be overlooked by a script. */
function end({ releases, left }: MigrationView): void {
  if (left.length > 0) {
    const message = `${left.length} of ${left.length + releases.length} releases were left out, and stay with Terraform`;
    throw new CliError(message, { exitCode: exitCode.refused });
  }
  if (releases.length > 0) return;
  const advice = "Give a plan or a state of the workspace that holds them: terraform show -json PLAN";
  throw new CliError("There is no helm_release in these files", { advice, exitCode: exitCode.notFound });
}

function durationOf(text: string): string {
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return text;
  throw new InvalidArgumentError("Write a duration, as 10m or 1h30m.");
}

function namesOf(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}

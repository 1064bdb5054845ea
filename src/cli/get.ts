import { Command, Option } from "commander";
import type { AccessView } from "#contract/access-view.ts";
import type { AppStateWord, AppView } from "#contract/app-view.ts";
import type { SetView } from "#contract/set-view.ts";
import type { SourceView } from "#contract/source-view.ts";
import { CliError } from "./cli-error.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { ageText } from "./duration.ts";
import { exitCode } from "./exit-code.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { shortRevision } from "./revision-text.ts";
import type { Paint, Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** What a word such as `ks` or `gitrepositories` stands for; without a kind: all of them. */
export interface KindWord {
  readonly of: "apps" | "sources" | "sets" | "all" | AccessView["of"];
  readonly kind: string | null;
}

/** What `get` needs; `name` narrows to one and is refused when there is none. */
export interface GetActions {
  /** The kind that a word names; null when it names none. */
  kindOf(word: string): Promise<KindWord | null>;
  apps(query: GetQuery, signal: AbortSignal): Promise<readonly AppView[]>;
  sources(query: GetQuery, signal: AbortSignal): Promise<readonly SourceView[]>;
  sets(query: GetQuery, signal: AbortSignal): Promise<readonly SetView[]>;
  /** Projects, clusters or repositories of an installation. */
  access(query: GetQuery & { of: AccessView["of"] }, signal: AbortSignal): Promise<readonly AccessView[]>;
}

/** Which objects to get. */
export interface GetQuery extends ConnectionOptions {
  readonly name: string | null;
  /** Only these, e.g. `ks`. */
  readonly kind: string | null;
}

type Options = ConnectionOptions & { readonly output: OutputFormat };

/** The command `get`: apps and sources with their state. */
export function getCommand(actions: GetActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("get")
    .description("list apps, sources or sets of apps with their state")
    .argument(
      "[what]",
      "apps, sources, appsets, projects, clusters, repos, all, a kind such as kustomizations or hr, or the name of an app",
      "apps",
    )
    .argument("[name]", "show only this one")
    .addOption(new Option("-A, --all-namespaces", "all namespaces, as without -n").conflicts("namespace"))
    .action(async (what: string, name: string | undefined, options: Options) => {
      const word = await actions.kindOf(what);
      const query = { ...options, kind: word?.kind ?? null, name: word ? (name ?? null) : what };
      if (word?.of === "project" || word?.of === "cluster" || word?.of === "repository") {
        const views = await actions.access({ ...query, of: word.of }, signal);
        return show(views, options.output, { terminal, table: () => accessTable(views, terminal.paint) });
      }
      if (word?.of === "all" && name !== undefined) throw nameOfAll(name);
      const sources = word?.of === "sources" || word?.of === "all" ? await actions.sources(query, signal) : [];
      const sets = word?.of === "sets" || word?.of === "all" ? await actions.sets(query, signal) : [];
      const isApart = word?.of === "sources" || word?.of === "sets";
      const apps = isApart ? [] : await actions.apps(query, signal);
      const tables = [
        ...(sets.length > 0 ? [setTable(sets, terminal.paint)] : []),
        ...(sources.length > 0 ? [sourceTable(sources, terminal.paint)] : []),
        ...(apps.length > 0 ? [appTable(apps, terminal.paint)] : []),
      ];
      return show([...sets, ...sources, ...apps], options.output, { terminal, table: () => tables.join("\n") });
    });
  return withOutput(withNamespace(command));
}

function nameOfAll(name: string): CliError {
  const advice = `Leave "all" out: holdfast get ${name}, or holdfast get sources ${name}`;
  return new CliError(`Cannot get all of the name ${name}`, { advice, exitCode: exitCode.usage });
}

/** Paints a state: green is well, yellow goes on or waits, red needs somebody. */
export function paintState(
  state: AppStateWord | SourceView["state"] | SetView["state"],
  paint: Paint,
): (text: string) => string {
  if (state === "Ready") return paint.green;
  return state === "Failed" ? paint.red : paint.yellow;
}

function show(rows: readonly unknown[], format: OutputFormat, view: { terminal: Terminal; table: () => string }): void {
  if (format !== "table") view.terminal.out(formatted(rows, format));
  else if (rows.length > 0) view.terminal.out(view.table());
  else view.terminal.note("There is nothing yet. Begin with: holdfast create source NAME --url URL");
}

function appTable(apps: readonly AppView[], paint: Paint): string {
  const rows = apps.map((app) => [
    app.key,
    { text: app.state, paint: paintState(app.state, paint) },
    app.health === "" ? "-" : app.health,
    app.revision === "" ? "-" : shortRevision(app.revision),
    ageText(app.createdAt),
    app.held === "" ? app.message : `deletions are held: holdfast why ${app.key}`,
  ]);
  return textTable(["APP", "STATE", "HEALTH", "REVISION", "AGE", "MESSAGE"], rows.map(shortened));
}

function sourceTable(sources: readonly SourceView[], paint: Paint): string {
  const rows = sources.map((source) => [
    source.key,
    { text: source.state, paint: paintState(source.state, paint) },
    source.revision === "" ? "-" : shortRevision(source.revision),
    ageText(source.createdAt),
    source.state === "Failed" ? source.message : `${source.url} ${source.ref}`.trim(),
  ]);
  return textTable(["SOURCE", "STATE", "REVISION", "AGE", "MESSAGE"], rows.map(shortened));
}

function setTable(sets: readonly SetView[], paint: Paint): string {
  const rows = sets.map((set) => [
    set.key,
    { text: set.state, paint: paintState(set.state, paint) },
    String(set.apps),
    ageText(set.createdAt),
    set.message,
  ]);
  return textTable(["SET", "STATE", "APPS", "AGE", "MESSAGE"], rows.map(shortened));
}

function accessTable(views: readonly AccessView[], paint: Paint): string {
  const [first] = views;
  const names = Object.keys(first?.details ?? {});
  const rows = views.map(({ name, details, problem }) => [
    name,
    ...names.map((key) => details[key] || "-"),
    { text: problem === "" ? "-" : problem, paint: problem === "" ? paint.dim : paint.red },
  ]);
  const header = [first?.of ?? "", ...names, "problem"].map((word) => word.toUpperCase());
  return textTable(header, rows.map(shortened));
}

function shortened<T>(row: readonly (T | string)[]): (T | string)[] {
  return row.map((cell) => (typeof cell === "string" && cell.length > 120 ? `${cell.slice(0, 119)}…` : cell));
}

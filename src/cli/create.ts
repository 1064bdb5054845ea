import { Command } from "commander";
import type { Resource } from "#core/resource/resource.ts";
import { stringify } from "yaml";
import { CliError } from "./cli-error.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import type { CreateActions, CreateParts } from "./create-parts.ts";
import { secretCommand } from "./create-secret.ts";
import { tenantCommand } from "./create-tenant.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

interface Common extends ConnectionOptions {
  readonly url?: string;
  readonly export: boolean;
}

interface SourceOptions extends Common {
  readonly branch?: string;
  readonly tag?: string;
  readonly semver?: string;
  readonly commit?: string;
  readonly interval: string;
  readonly secret?: string;
}

interface KustomizationOptions extends SourceOptions {
  readonly source?: string;
  readonly path: string;
  readonly prune: boolean;
  readonly wait: boolean;
  readonly targetNamespace?: string;
}

interface AppOptions extends Common {
  readonly url: string;
  readonly path: string;
  readonly revision: string;
  readonly project: string;
  readonly destNamespace?: string;
  readonly auto: boolean;
  readonly prune: boolean;
}

/** The command group `create`: what people would otherwise write as YAML by hand. */
export function createCommand(actions: CreateActions, terminal: Terminal, signal: AbortSignal): Command {
  const parts = { actions, terminal, signal };
  const group = new Command("create").description("create an app, its source, a Secret, or a tenant");
  const commands = [appCommand, kustomizationCommand, sourceCommand, secretCommand, tenantCommand];
  for (const command of commands) group.addCommand(command(parts));
  return group;
}

function appCommand(parts: CreateParts): Command {
  const command = new Command("app")
    .description("create an Argo CD Application")
    .argument("<name>")
    .requiredOption("--url <url>", "repository")
    .option("--path <dir>", "directory in the repository", ".")
    .option("--revision <revision>", "branch, tag, range or commit", "HEAD")
    .option("--dest-namespace <name>", "namespace for objects that name none; created when missing")
    .option("--project <name>", "project", "default")
    .option("--no-auto", "sync only by order")
    .option("--no-prune", "keep what leaves the source");
  return finished(command, parts, (name, options: AppOptions) => [applicationOf(name, options)]);
}

function kustomizationCommand(parts: CreateParts): Command {
  const command = new Command("kustomization")
    .alias("ks")
    .description("create a Flux Kustomization, and with --url its GitRepository")
    .argument("<name>")
    .option("--source <name>", "GitRepository to follow, when it is there already (default: the app's own name)")
    .option("--path <dir>", "directory in the repository", "./")
    .option("--target-namespace <name>", "namespace for everything it holds")
    .option("--no-prune", "keep what leaves the source")
    .option("--wait", "ready only when everything is healthy", false);
  return finished(withSource(command, false), parts, (name, options: KustomizationOptions) => {
    const source = options.url === undefined ? [] : [gitRepositoryOf(options.source ?? name, options)];
    return [...source, kustomizationOf(name, options)];
  });
}

function sourceCommand(parts: CreateParts): Command {
  const command = new Command("source").description("create a Flux GitRepository").argument("<name>");
  return finished(withSource(command, true), parts, (name, options: SourceOptions) => [gitRepositoryOf(name, options)]);
}

function withSource(command: Command, isNeeded: boolean): Command {
  const described = isNeeded
    ? command.requiredOption("--url <url>", "repository")
    : command.option("--url <url>", "repository; makes a GitRepository too");
  return described
    .option("--branch <name>", "branch to follow (default: main)")
    .option("--tag <name>", "tag to follow")
    .option("--semver <range>", "newest tag in this range")
    .option("--commit <hash>", "stay at this commit")
    .option("--interval <duration>", "how often to look", "1m")
    .option("--secret <name>", "Secret with the credential, in the same namespace");
}

function finished<T extends Common>(
  command: Command,
  { actions, terminal, signal }: CreateParts,
  objectsOf: (name: string, options: T) => readonly Resource[],
): Command {
  command.option("--export", "print YAML instead of applying it", false).action(async (name: string, options: T) => {
    const objects = objectsOf(name, options);
    if (options.export) {
      for (const object of objects) terminal.out(`---\n${stringify(object)}`);
      return;
    }
    for (const line of await actions.apply(objects, options, signal)) terminal.out(`${line}\n`);
    terminal.note("Follow it with: holdfast get");
  });
  return withNamespace(command);
}

function applicationOf(name: string, options: AppOptions): Resource {
  const { url, path, revision, project, destNamespace, auto, prune, namespace = "argocd" } = options;
  const syncPolicy = {
    ...(auto ? { automated: { prune, selfHeal: true } } : {}),
    ...(destNamespace === undefined ? {} : { syncOptions: ["CreateNamespace=true"] }),
  };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace, finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {
      project,
      source: { repoURL: url, path, targetRevision: revision },
      destination: { name: "in-cluster", ...(destNamespace === undefined ? {} : { namespace: destNamespace }) },
      ...(Object.keys(syncPolicy).length > 0 ? { syncPolicy } : {}),
    },
  };
}

function kustomizationOf(name: string, options: KustomizationOptions): Resource {
  const { path, prune, wait, targetNamespace, source = name, namespace = "flux-system" } = options;
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name, namespace },
    spec: {
      interval: "10m",
      path,
      prune,
      sourceRef: { kind: "GitRepository", name: source.split("/").at(-1) ?? source },
      ...(targetNamespace === undefined ? {} : { targetNamespace }),
      ...(wait ? { wait } : {}),
    },
  };
}

function gitRepositoryOf(name: string, options: SourceOptions): Resource {
  const { url = "", branch, tag, semver, commit, interval, secret, namespace = "flux-system" } = options;
  const given = Object.entries({ branch, tag, semver, commit }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([option]) => `--${option}`).join(" and ");
    throw new CliError(`Cannot follow ${names} at once`, { advice: "Choose one of them.", exitCode: exitCode.usage });
  }
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: name.split("/").at(-1) ?? name, namespace },
    spec: {
      interval,
      url,
      ref: given.length === 0 ? { branch: "main" } : Object.fromEntries(given),
      ...(secret === undefined ? {} : { secretRef: { name: secret } }),
    },
  };
}

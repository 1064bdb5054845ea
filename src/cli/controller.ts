import { parseLabelSelector, type WrittenSelector } from "#core/policy/label-selector.ts";
import { Command, InvalidArgumentError, Option } from "commander";

/** How a controller is asked to run. */
export interface ControllerArguments {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Namespaces to serve; null: all. */
  readonly namespaces: readonly string[] | null;
  /** Namespace of the lease. */
  readonly namespace: string;
  readonly dataDir: string;
  /** undefined: the usual one, when it is free; null: nowhere. */
  readonly metricsAddress?: Address | null;
  /** Where what sources have is served to others; absent: nowhere. */
  readonly storageAddr?: Address;
  /** What others find that by. */
  readonly storageAdvAddr?: string;
  /** Where webhooks are taken; absent: nowhere. */
  readonly webhookAddr?: Address;
  /** Labels of sets of apps that metrics tell. */
  readonly metricsApplicationsetLabels: readonly string[];
  readonly logLevel: (typeof levels)[number];
  readonly allowFileUrls: boolean;
  /** false: sources of other namespaces are refused. */
  readonly crossNamespaceRefs: boolean;
  /** false: kustomizations may take nothing from other repositories. */
  readonly remoteBases: boolean;
  /** Programs that may be run where the Secret of a cluster names them. */
  readonly clusterCommand: readonly string[];
  /** Folder of plugins; absent: there are none. */
  readonly pluginDir?: string;
  /** Labels of the apps to serve. */
  readonly watchLabelSelector?: WrittenSelector;
  /** Whom apps act as that name nobody. */
  readonly defaultServiceAccount?: string;
  /** As whom clouds open what apps have encrypted that name nobody for it. */
  readonly defaultDecryptionServiceAccount?: string;
  /** As whom other clusters are reached whose ConfigMap names nobody. */
  readonly defaultKubeconfigServiceAccount?: string;
}

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Runs the controller until the signal aborts. */
export interface ControllerActions {
  /** Folder for state where none is named. */
  readonly defaultDataDir: string;
  run(args: ControllerArguments, signal: AbortSignal): Promise<void>;
}

const levels = ["debug", "info", "warn", "error", "silent"] as const;

/** The command `controller`: the engine itself, in the foreground. */
export function controllerCommand(actions: ControllerActions, signal: AbortSignal): Command {
  return new Command("controller")
    .description("run the controller until it is told to stop (inside a cluster it uses its service account)")
    .option("--kubeconfig <path>", "kubeconfig file (default: in-cluster, then $KUBECONFIG, then ~/.kube/config)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--namespaces <names>", "comma-separated namespaces to serve (default: the whole cluster)", namesOf)
    .option("--namespace <name>", "namespace of the leader lease", "holdfast-system")
    .option("--data-dir <path>", "folder for repositories and history", actions.defaultDataDir)
    .option(
      "--metrics-address <host:port>",
      "where metrics and health are served; off: nowhere (default: 127.0.0.1:8080, when free)",
      addressOf,
    )
    .option(
      "--storage-addr <host:port>",
      "where artifacts of sources are served to other tools (default: nowhere)",
      listeningOf,
    )
    .option(
      "--storage-adv-addr <host>",
      "host, perhaps with a port, by which other tools find these (default: of this machine)",
      advertisedOf,
    )
    .option(
      "--webhook-addr <host:port>",
      "where Git servers tell of pushes, at /api/webhook, with the secrets of argocd-secret (default: nowhere)",
      listeningOf,
    )
    .option(
      "--metrics-applicationset-labels <names>",
      "comma-separated labels of ApplicationSets that metrics tell (default: none)",
      labelNamesOf,
      [],
    )
    .option("--watch-label-selector <selector>", "serve only apps with these labels (default: all)", selectorOf)
    .option("--no-cross-namespace-refs", "refuse apps whose source is in another namespace")
    .option("--no-remote-bases", "refuse kustomizations that take bases or files from other repositories")
    .option(
      "--cluster-command <program>",
      "a program that may be run for credentials where a cluster's Secret names it; may be given again",
      (program: string, before: readonly string[]) => [...before, program],
      [],
    )
    .option("--plugin-dir <path>", "folder of config management plugins: sockets of sidecars, documents of commands")
    .option("--default-service-account <name>", "service account of its namespace that an app acts as which names none")
    .option(
      "--default-decryption-service-account <name>",
      "service account of its namespace as which clouds decrypt for an app that names none for it",
    )
    .option(
      "--default-kubeconfig-service-account <name>",
      "service account of its namespace as which another cluster is reached whose ConfigMap names none",
    )
    .addOption(new Option("--log-level <level>", "how much is logged").choices(levels).default("info"))
    .addOption(new Option("--allow-file-urls", "allow file:// repositories, for tests").hideHelp().default(false))
    .action((options: Omit<ControllerArguments, "namespaces"> & { namespaces?: readonly string[] }) =>
      actions.run({ ...options, namespaces: options.namespaces ?? null }, signal),
    );
}

function selectorOf(text: string): WrittenSelector {
  const parsed = parseLabelSelector(text);
  if (parsed.ok) return { text, parsed: parsed.value };
  throw new InvalidArgumentError(`${parsed.error}. Write a selector such as sharding.fluxcd.io/key=shard1.`);
}

function namesOf(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))) return names;
  throw new InvalidArgumentError("Write names of namespaces with commas between them.");
}

function labelNamesOf(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => /^[A-Za-z0-9]([-A-Za-z0-9_./]{0,315}[A-Za-z0-9])?$/.test(name))) return names;
  throw new InvalidArgumentError("Write names of labels with commas between them.");
}

function listeningOf(text: string): Address {
  const address = addressOf(text);
  if (address) return address;
  throw new InvalidArgumentError("Write HOST:PORT, such as :9090.");
}

function advertisedOf(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (URL.canParse(url) && !/[\s@?#]/.test(text)) return text;
  throw new InvalidArgumentError("Write a host, such as holdfast-controller.holdfast-system.svc.cluster.local.");
}

function addressOf(text: string): Address | null {
  if (text === "off") return null;
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError("Write HOST:PORT, such as 127.0.0.1:8080.");
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

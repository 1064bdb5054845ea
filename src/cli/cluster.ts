import { Command } from "commander";

/** A control plane as the commands show it. */
export interface ShownCluster {
  readonly name: string;
  readonly running: boolean;
  readonly server?: string;
  readonly startedAt?: string;
  readonly kubeconfig: string;
  readonly logs: string;
}

/** What the commands need from whatever runs control planes. */
export interface ClusterActions {
  start(name: string, options: { withNodes: boolean; signal: AbortSignal }): Promise<ShownCluster>;
  stop(name: string, signal: AbortSignal): Promise<boolean>;
  list(signal: AbortSignal): Promise<readonly ShownCluster[]>;
  kubeconfig(name: string, signal: AbortSignal): Promise<string>;
  /** Returns kubectl's exit code. */
  kubectl(name: string, args: readonly string[], signal: AbortSignal): Promise<number>;
}

const defaultName = "default";
const nameOption = ["--name <name>", "which cluster, when you run several", defaultName] as const;

/** The command group `cluster`: throwaway Kubernetes control planes on this machine, without containers. */
export function clusterCommand(actions: ClusterActions, signal: AbortSignal): Command {
  // Positional options let `kubectl` have every option behind it for itself.
  const cluster = new Command("cluster")
    .description("run a real Kubernetes API server on this machine, to try things out and to test")
    .enablePositionalOptions();
  cluster
    .command("up")
    .description("start a cluster and leave it running in the background")
    .option(...nameOption)
    .option("--no-nodes", "without a node: nothing runs pods, which needs less memory")
    .action((options: { name: string; nodes: boolean }) => up(actions, options, signal));
  cluster
    .command("down")
    .description("stop a cluster and remove its data; its logs are kept")
    .option(...nameOption)
    .option("--all", "every cluster", false)
    .action((options: { name: string; all: boolean }) => down(actions, options, signal));
  cluster
    .command("status")
    .description("list the clusters on this machine")
    .option("-o, --output <format>", "table or json", "table")
    .action((options: { output: string }) => status(actions, options.output, signal));
  cluster
    .command("kubeconfig")
    .description('print the path of the kubeconfig: export KUBECONFIG="$(holdfast cluster kubeconfig)"')
    .option(...nameOption)
    .action(async (options: { name: string }) => {
      process.stdout.write(`${await actions.kubeconfig(options.name, signal)}\n`);
    });
  cluster
    .command("kubectl")
    .description("run the built-in kubectl on the cluster, with all its own options")
    .usage("[--name <name>] <kubectl command and options…>")
    .option(...nameOption)
    .argument("[args...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[], options: { name: string }) => {
      process.exitCode = await actions.kubectl(options.name, args, signal);
    });
  return cluster;
}

async function up(
  actions: ClusterActions,
  options: { name: string; nodes: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { name } = options;
  const startedAt = performance.now();
  const hint = name === defaultName ? "" : ` --name ${name}`;
  const stopProgress = showProgress(`Starting cluster ${name}`);
  const shown = await actions.start(name, { withNodes: options.nodes, signal }).finally(stopProgress);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`Cluster ${name} is ready after ${seconds} s at ${shown.server}

Look around   holdfast cluster kubectl${hint} get nodes,pods --all-namespaces
Use it        export KUBECONFIG="${shown.kubeconfig}"
Stop it       holdfast cluster down${hint}
Logs          ${shown.logs}
`);
}

async function down(
  actions: ClusterActions,
  options: { name: string; all: boolean },
  signal: AbortSignal,
): Promise<void> {
  const names = options.all ? (await runningOf(actions, signal)).map((cluster) => cluster.name) : [options.name];
  if (names.length === 0) process.stdout.write("No cluster is running\n");
  for (const name of names) {
    const stopProgress = showProgress(`Stopping cluster ${name}`);
    const wasRunning = await actions.stop(name, signal).finally(stopProgress);
    process.stdout.write(`Cluster ${name} ${wasRunning ? "is stopped" : "was not running"}\n`);
  }
}

async function status(actions: ClusterActions, output: string, signal: AbortSignal): Promise<void> {
  const clusters = await actions.list(signal);
  if (output === "json") {
    process.stdout.write(`${JSON.stringify(clusters, null, 2)}\n`);
  } else if (output !== "table") {
    throw new Error(`Cannot print "${output}": choose table or json`);
  } else if (clusters.length === 0) {
    process.stdout.write('There is no cluster; start one with "holdfast cluster up"\n');
  } else {
    process.stdout.write(table(clusters, Date.now()));
  }
}

async function runningOf(actions: ClusterActions, signal: AbortSignal): Promise<ShownCluster[]> {
  return (await actions.list(signal)).filter((cluster) => cluster.running);
}

function table(clusters: readonly ShownCluster[], nowMs: number): string {
  const rows = clusters.map((cluster) => [
    cluster.name,
    cluster.running ? "running" : "stopped",
    cluster.startedAt === undefined ? "-" : age(nowMs - Date.parse(cluster.startedAt)),
    cluster.server ?? "-",
    cluster.running ? cluster.kubeconfig : `logs in ${cluster.logs}`,
  ]);
  const cells = [["NAME", "STATE", "AGE", "SERVER", "KUBECONFIG"], ...rows];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)}s`;
  if (minutes < 120) return `${minutes}m`;
  return `${Math.floor(minutes / 60)}h`;
}

/** Shows on a terminal that something goes on; returns how to end that. */
function showProgress(what: string): () => void {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${what}…\n`);
    return () => undefined;
  }
  const startedAt = performance.now();
  const tick = () => process.stderr.write(`\r${what}… ${Math.floor((performance.now() - startedAt) / 1000)} s`);
  tick();
  const timer = setInterval(tick, 1_000);
  return () => {
    clearInterval(timer);
    process.stderr.write("\r\x1b[K");
  };
}

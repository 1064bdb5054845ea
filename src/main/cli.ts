import { type Command, CommanderError } from "commander";
import { actionsCommand } from "#cli/actions.ts";
import { adoptCommand, releaseCommand, resumeCommand, suspendCommand } from "#cli/adopt.ts";
import { diffCommand } from "#cli/diff.ts";
import { projectCommand } from "#cli/project.ts";
import { windowsCommand } from "#cli/windows.ts";
import { pauseCommand } from "#cli/pause.ts";
import { terminateCommand, waitCommand } from "#cli/operation.ts";
import { syncCommand } from "#cli/sync.ts";
import { checkCommand } from "#cli/check.ts";
import { completionCommand } from "#cli/completion.ts";
import { createCommand } from "#cli/create.ts";
import { eventsCommand } from "#cli/events.ts";
import { installCommand } from "#cli/install.ts";
import { renderCommand } from "#cli/render.ts";
import { orphansCommand } from "#cli/orphans.ts";
import { traceCommand } from "#cli/trace.ts";
import { treeCommand } from "#cli/tree.ts";
import { whyCommand } from "#cli/why.ts";
import { approveCommand } from "#cli/approve.ts";
import { appsetCommand } from "#cli/appset.ts";
import { historyCommand } from "#cli/history.ts";
import { rollbackCommand } from "#cli/rollback.ts";
import { clusterCommand } from "#cli/cluster.ts";
import { controllerCommand } from "#cli/controller.ts";
import { exportCommand } from "#cli/export.ts";
import { migrateCommand } from "#cli/migrate.ts";
import { pushCommand } from "#cli/push.ts";
import { evalCommand } from "#cli/eval.ts";
import { exitCode, type ExitCode } from "#cli/exit-code.ts";
import { getCommand } from "#cli/get.ts";
import { rootProgram, showFailure } from "#cli/program.ts";
import { processTerminal } from "#cli/terminal.ts";
import { versionCommand } from "#cli/version.ts";
import { defaultDataDir } from "./default-data-dir.ts";
import { loadedLater } from "./loaded-later.ts";

const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // A second request does not wait for what the first one did not end.
    if (signal.aborted) process.exit(exitCode.interrupted);
    stop.abort(new Error(`stopped by ${name}`));
  });
}
process.stdout.on("error", endOfReader);
process.stderr.on("error", endOfReader);

const terminal = processTerminal();
const adopting = () => import("./cli-adopt.ts");
const operated = loadedLater(async () => (await import("./cli-operation.ts")).operationActions);
const standstill = () => import("./cli-standstill.ts");
const controlled = loadedLater(async () => (await import("./cli-controller.ts")).controllerActions);
const program: Command = rootProgram([
  getCommand(
    loadedLater(async () => (await import("./cli-get.ts")).getActions),
    terminal,
    signal,
  ),
  treeCommand(
    loadedLater(async () => (await import("./cli-tree.ts")).treeActions),
    terminal,
    signal,
  ),
  traceCommand(
    loadedLater(async () => (await import("./cli-trace.ts")).traceActions),
    terminal,
    signal,
  ),
  orphansCommand(
    loadedLater(async () => (await import("./cli-orphans.ts")).orphansActions),
    terminal,
    signal,
  ),
  whyCommand(
    loadedLater(async () => (await import("./cli-why.ts")).whyActions),
    terminal,
    signal,
  ),
  windowsCommand(
    loadedLater(async () => (await import("./cli-windows.ts")).windowsActions),
    terminal,
    signal,
  ),
  projectCommand(
    loadedLater(async () => (await import("./cli-project.ts")).projectActions),
    terminal,
    signal,
  ),
  diffCommand(
    loadedLater(async () => (await import("./cli-diff.ts")).diffActions),
    terminal,
    signal,
  ),
  waitCommand(operated, terminal, signal),
  terminateCommand(operated, terminal, signal),
  syncCommand(
    loadedLater(async () => (await import("./cli-sync.ts")).syncActions),
    terminal,
    signal,
  ),
  renderCommand(
    loadedLater(async () => (await import("./cli-render.ts")).renderActions),
    terminal,
    signal,
  ),
  historyCommand(
    loadedLater(async () => (await import("./cli-history.ts")).historyActions),
    terminal,
    signal,
  ),
  rollbackCommand(
    loadedLater(async () => (await import("./cli-rollback.ts")).rollbackActions),
    terminal,
    signal,
  ),
  approveCommand(
    loadedLater(async () => (await import("./cli-approve.ts")).approveActions),
    terminal,
    signal,
  ),
  appsetCommand(
    loadedLater(async () => (await import("./cli-appset.ts")).setActions),
    terminal,
    signal,
  ),
  actionsCommand(
    loadedLater(async () => (await import("./cli-actions.ts")).objectActions),
    terminal,
    signal,
  ),
  adoptCommand(async (query) => (await adopting()).adopt(query, signal), terminal, signal),
  releaseCommand(async (query) => (await adopting()).release(query, signal), terminal, signal),
  suspendCommand(async (query) => (await standstill()).suspend(query, signal), terminal, signal),
  resumeCommand(async (query) => (await standstill()).resume(query, signal), terminal, signal),
  pauseCommand(
    loadedLater(async () => (await standstill()).pauseActions),
    terminal,
    signal,
  ),
  eventsCommand(
    loadedLater(async () => (await import("./cli-events.ts")).eventsActions),
    terminal,
    signal,
  ),
  createCommand(
    loadedLater(async () => (await import("./cli-create.ts")).createActions),
    terminal,
    signal,
  ),
  exportCommand(
    loadedLater(async () => (await import("./cli-export.ts")).exportActions),
    terminal,
    signal,
  ),
  pushCommand(
    loadedLater(async () => (await import("./cli-push.ts")).pushActions),
    terminal,
    signal,
  ),
  migrateCommand(
    loadedLater(async () => (await import("./cli-migrate.ts")).migrateActions),
    terminal,
    signal,
  ),
  evalCommand(
    loadedLater(async () => (await import("./cli-eval.ts")).evalActions),
    terminal,
    signal,
  ),
  checkCommand(
    loadedLater(async () => (await import("./cli-check.ts")).checkActions),
    terminal,
    signal,
  ),
  installCommand(
    loadedLater(async () => (await import("./cli-install.ts")).installActions),
    terminal,
    signal,
  ),
  controllerCommand({ defaultDataDir, run: controlled.run }, signal),
  clusterCommand(
    loadedLater(async () => (await import("./cli-cluster.ts")).clusterActions),
    signal,
  ),
  versionCommand(terminal),
  completionCommand(() => program, terminal),
]);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = signal.aborted ? exitCode.interrupted : await shown(error);
}

/** A failure of the world is told in other words than one of the command line, which needs none of its code. */
async function shown(error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError) return showFailure(error, terminal);
  const { explained } = await import("./cli-failure.ts");
  return showFailure(explained(error), terminal);
}

/** Whoever read our output has read enough. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? exitCode.ok);
}

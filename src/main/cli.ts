import type { Command } from "commander";
import {
  clusterKubeconfig,
  listClusters,
  runKubectl,
  startCluster,
  stopCluster,
} from "#adapters/cluster/cluster-control.ts";
import { adoptCommand, releaseCommand, resumeCommand, suspendCommand } from "#cli/adopt.ts";
import { diffCommand } from "#cli/diff.ts";
import { pauseCommand } from "#cli/pause.ts";
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
import { historyCommand } from "#cli/history.ts";
import { rollbackCommand } from "#cli/rollback.ts";
import { clusterCommand } from "#cli/cluster.ts";
import { controllerCommand } from "#cli/controller.ts";
import { exportCommand } from "#cli/export.ts";
import { migrateCommand } from "#cli/migrate.ts";
import { pushCommand } from "#cli/push.ts";
import { evalCommand } from "#cli/eval.ts";
import { exitCode } from "#cli/exit-code.ts";
import { getCommand } from "#cli/get.ts";
import { rootProgram, showFailure } from "#cli/program.ts";
import { processTerminal } from "#cli/terminal.ts";
import { versionCommand } from "#cli/version.ts";
import { diffActions } from "./cli-diff.ts";
import { adopt, release } from "./cli-adopt.ts";
import { pauseActions, resume, suspend } from "./cli-standstill.ts";
import { syncActions } from "./cli-sync.ts";
import { checkActions } from "./cli-check.ts";
import { createActions } from "./cli-create.ts";
import { eventsActions } from "./cli-events.ts";
import { installActions } from "./cli-install.ts";
import { renderActions } from "./cli-render.ts";
import { orphansActions } from "./cli-orphans.ts";
import { traceActions } from "./cli-trace.ts";
import { treeActions } from "./cli-tree.ts";
import { whyActions } from "./cli-why.ts";
import { approveActions } from "./cli-approve.ts";
import { historyActions } from "./cli-history.ts";
import { rollbackActions } from "./cli-rollback.ts";
import { controllerActions } from "./cli-controller.ts";
import { exportActions } from "./cli-export.ts";
import { migrateActions } from "./cli-migrate.ts";
import { pushActions } from "./cli-push.ts";
import { evalActions } from "./cli-eval.ts";
import { explained } from "./cli-failure.ts";
import { getActions } from "./cli-get.ts";

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
const clusterActions = {
  start: startCluster,
  stop: stopCluster,
  list: listClusters,
  kubeconfig: clusterKubeconfig,
  kubectl: runKubectl,
};
const program: Command = rootProgram([
  getCommand(getActions, terminal, signal),
  treeCommand(treeActions, terminal, signal),
  traceCommand(traceActions, terminal, signal),
  orphansCommand(orphansActions, terminal, signal),
  whyCommand(whyActions, terminal, signal),
  diffCommand(diffActions, terminal, signal),
  syncCommand(syncActions, terminal, signal),
  renderCommand(renderActions, terminal, signal),
  historyCommand(historyActions, terminal, signal),
  rollbackCommand(rollbackActions, terminal, signal),
  approveCommand(approveActions, terminal, signal),
  adoptCommand(adopt, terminal, signal),
  releaseCommand(release, terminal, signal),
  suspendCommand(suspend, terminal, signal),
  resumeCommand(resume, terminal, signal),
  pauseCommand(pauseActions, terminal, signal),
  eventsCommand(eventsActions, terminal, signal),
  createCommand(createActions, terminal, signal),
  exportCommand(exportActions, terminal, signal),
  pushCommand(pushActions, terminal, signal),
  migrateCommand(migrateActions, terminal, signal),
  evalCommand(evalActions, terminal, signal),
  checkCommand(checkActions, terminal, signal),
  installCommand(installActions, terminal, signal),
  controllerCommand(controllerActions, signal),
  clusterCommand(clusterActions, signal),
  versionCommand(terminal),
  completionCommand(() => program, terminal),
]);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = signal.aborted ? exitCode.interrupted : showFailure(explained(error), terminal);
}

/** Whoever read our output has read enough. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? exitCode.ok);
}

// Owns a control plane for `holdfast cluster up`, which starts this file in the background and waits for its message.
import { startControlPlane } from "./start-control-plane.ts";

/** What the background process tells the one that started it, once. */
export type DaemonMessage = { readonly ready: true } | { readonly ready: false; readonly reason: string };

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(name: string, withNodes: boolean): Promise<void> {
  const starting = new AbortController();
  const giveUp = () => starting.abort(new Error("Cannot finish the start: the command that asked for it has ended"));
  process.once("disconnect", giveUp);
  for (const signal of stopSignals) process.once(signal, giveUp);
  const controlPlane = await startControlPlane({ name, withNodes, signal: starting.signal });
  process.off("disconnect", giveUp);
  for (const signal of stopSignals) process.once(signal, () => void controlPlane.stop());
  tell({ ready: true });
  // A control plane does not keep its owner alive; here it is all that the owner is for.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  await controlPlane.stopped;
  clearInterval(keepAlive);
}

function tell(message: DaemonMessage): void {
  if (!process.connected) return;
  process.send?.(message, () => {
    if (process.connected) process.disconnect();
  });
}

try {
  await main(process.argv[2] ?? "", process.argv[3] !== "--no-nodes");
} catch (error) {
  tell({ ready: false, reason: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}

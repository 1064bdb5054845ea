// Owns a control plane in the folder given, says so on standard output and waits to be killed.
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";

const controlPlane = await startControlPlane({
  name: "owned",
  dir: process.argv[2]!,
  signal: new AbortController().signal,
});
process.stdout.write(`${JSON.stringify(controlPlane.pids)}\n`);
setInterval(() => undefined, 60_000);

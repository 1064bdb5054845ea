// The controller alone, as a process that a test kills: arguments are the API server's address and a
// folder, and perhaps that of plugins.
import { writeSync } from "node:fs";
import { quietTelemetry } from "#engine/testing/quiet.ts";
import { vendorSettings } from "#main/cli-session.ts";
import { runController } from "#main/run-controller.ts";
import { quickWatch } from "./quick-watch.ts";

const [server = "", dataDir = "", pluginDir] = process.argv.slice(2);
const ignore = () => {};
// Written at once, because a killed process flushes nothing.
const tell = (message: object) => writeSync(1, `${JSON.stringify(message)}\n`);

process.stdin.resume().once("end", () => process.exit(1));
await runController(
  {
    settings: { server, credential: { kind: "none" } },
    dataDir,
    namespace: "holdfast-system",
    namespaces: null,
    vendorSettings: { ...vendorSettings, plugins: pluginDir !== undefined },
    ...(pluginDir !== undefined && { pluginDir }),
    watch: quickWatch,
    audit: { append: (record) => tell({ record }) },
    telemetry: quietTelemetry,
    log: {
      info: (_fields, message) => message === "controller is ready" && tell({ ready: true }),
      warn: ignore,
      error: ignore,
    },
    eventSink: () => ({ push: ignore, run: async () => {} }),
  },
  new AbortController().signal,
);

import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { addReadMetric } from "./read-metric.ts";

const sampledEveryMs = 100;
const nanosecondsPerSecond = 1e9;

/** Measures this process for as long as it lives; call what is returned to end that. */
export function watchProcess(registry: Registry): () => void {
  const add = (name: string, help: string, read: () => number) =>
    addReadMetric(registry, { name: `holdfast_process_${name}`, help, read });
  const startedAt = Date.now() / 1000 - process.uptime();
  add("cpu_seconds_total", "User and system time of this process, without its children", cpuSeconds);
  add("start_time_seconds", "When the process started, seconds since the epoch", () => startedAt);
  add("resident_memory_bytes", "Resident memory of this process", () => process.memoryUsage.rss());
  add("heap_bytes", "Used JavaScript heap", () => process.memoryUsage().heapUsed);
  add("open_files", "Open file descriptors; 0 where the system does not tell", openFiles);
  return watchEventLoop(registry);
}

function watchEventLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: sampledEveryMs });
  delay.enable();
  new Gauge({
    name: "holdfast_event_loop_delay_seconds",
    help: "How late the event loop was since the last scrape",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      const late = (nanoseconds: number) => Math.max(0, nanoseconds / nanosecondsPerSecond - sampledEveryMs / 1000);
      this.set({ quantile: "0.5" }, late(delay.percentile(50)));
      this.set({ quantile: "0.99" }, late(delay.percentile(99)));
      this.set({ quantile: "1" }, late(delay.max));
      delay.reset();
    },
  });
  return () => {
    delay.disable();
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

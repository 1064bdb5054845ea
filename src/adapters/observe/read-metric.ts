import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** A number that somebody else keeps. */
export interface ReadMetric {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

/** Adds a number that is read at each scrape: a counter when its name says so, else a gauge. */
export function addReadMetric(registry: Registry, metric: ReadMetric): void {
  const { name, help, read } = metric;
  const registers = [registry];
  if (!name.endsWith("_total")) {
    new Gauge({ name, help, registers, collect: gaugeReader(read) });
    return;
  }
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

function gaugeReader(read: () => number): (this: Gauge) => void {
  return function collect(this: Gauge) {
    this.set(read());
  };
}

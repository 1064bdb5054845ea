import { createHash } from "node:crypto";
import type { TlsSettings } from "./tls-secret.ts";

/** Connections by the TLS settings that they share. */
export class TlsWires<Wire> {
  readonly #make: (tls: TlsSettings) => Wire;
  readonly #wires = new Map<string, Wire>();

  constructor(make: (tls: TlsSettings) => Wire) {
    this.#make = make;
  }

  /** The connections for these settings. */
  of(tls: TlsSettings): Wire {
    const key = createHash("sha256").update(JSON.stringify(tls)).digest("hex");
    const wire = this.#wires.get(key) ?? this.#make(tls);
    this.#wires.set(key, wire);
    return wire;
  }

  /** Ends all of them. */
  async close(end: (wire: Wire) => Promise<void>): Promise<void> {
    await Promise.all([...this.#wires.values()].map(end));
    this.#wires.clear();
  }
}

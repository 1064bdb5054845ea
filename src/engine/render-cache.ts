import type { Rendered } from "#core/app/rendered.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import { sha256Hex } from "#core/source/sha256.ts";
import { LRUCache } from "lru-cache";
import type { Renderer, Telemetry } from "./ports.ts";

/**
 * Remembers renders by what they read: an entry is valid on a new tree while every file read, directory listed and
 * absence observed is the same there. A hit returns the very same value, so "nothing changed" is an identity check.
 */
export class RenderCache {
  readonly #renderer: Renderer;
  readonly #telemetry: Telemetry;
  readonly #entries: LRUCache<string, Rendered>;

  constructor(renderer: Renderer, telemetry: Telemetry, maxEntries = 20_000) {
    this.#renderer = renderer;
    this.#telemetry = telemetry;
    this.#entries = new LRUCache({ max: maxEntries });
  }

  /** The objects at `path`; `scope` keeps apps of different sources apart. @throws RenderError */
  async render(
    input: { tree: FileTree; path: string; spec: RenderSpec; scope: string },
    signal: AbortSignal,
  ): Promise<Rendered> {
    const key = `${input.scope}\n${input.path}\n${specDigest(input.spec)}`;
    const known = this.#entries.get(key);
    if (known && readSetHolds(known.readSet, input.tree)) {
      this.#telemetry.render(true);
      return known;
    }
    this.#telemetry.render(false);
    const rendered = await this.#renderer.render(input, signal);
    this.#entries.set(key, rendered);
    return rendered;
  }
}

/** A spec may hold secrets, which the key must not show, nor may anybody craft one that has another's digest. */
function specDigest(spec: RenderSpec): string {
  return sha256Hex(stableText(spec));
}

import type { FileTree } from "#core/source/file-tree.ts";
import { placeOfBase, type RemoteBase, textOfBase } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import type { Reply } from "./helper-process.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Tells a helper where a tree has what a kustomization takes from other repositories, and notes what it lacks. */
export class BaseAnswers {
  readonly #tree: FileTree;
  readonly #used = new Map<string, RemoteBase>();
  readonly #missing = new Map<string, RemoteBase>();

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** The place of a base in the tree, or that it has none. */
  answer({ kind, url, ref, noSubmodules, chart }: RemoteBase): Reply {
    const base = { kind, url, ref, noSubmodules, ...(chart !== undefined && { chart }) };
    const place = placeOfBase(base);
    if (this.#tree.entry(place) !== undefined) {
      this.#used.set(place, base);
      return { message: { place } };
    }
    this.#missing.set(place, base);
    return { message: { error: { code: "base-missing", message: `${textOfBase(base)} is not here` } } };
  }

  /** What was taken. */
  used(): readonly RemoteBase[] {
    return [...this.#used.values()];
  }

  /** The failure behind a refused request, in words that name a base by its address. */
  causeOf(error: unknown): unknown {
    if (this.#missing.size > 0) return new MissingBasesError([...this.#missing.values()]);
    if (!(error instanceof UpstreamError)) return error;
    let { message } = error;
    for (const [place, base] of this.#used) message = message.replaceAll(place, textOfBase(base));
    return message === error.message ? error : new UpstreamError({ code: error.code, message }, { cause: error });
  }
}

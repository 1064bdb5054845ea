import { textOfBase, type RemoteBase } from "./remote-base.ts";

/** Files that cannot be rendered; `path`: the app's directory does not exist. The message names file, line and cause. */
export class RenderError extends Error {
  override readonly name = "RenderError";
  readonly code: "path" | "build";

  constructor(code: "path" | "build", message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A render that cannot go on without files of other repositories, which the tree does not have. */
export class MissingBasesError extends RenderError {
  readonly bases: readonly RemoteBase[];

  constructor(bases: readonly RemoteBase[]) {
    super("build", `remote bases are not fetched here: ${bases.map(textOfBase).join(", ")}`);
    this.bases = bases;
  }
}

/** Files that cannot be rendered; `path`: the app's directory does not exist. The message names file, line and cause. */
export class RenderError extends Error {
  override readonly name = "RenderError";
  readonly code: "path" | "build";

  constructor(code: "path" | "build", message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

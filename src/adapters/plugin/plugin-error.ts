/** Thrown when a plugin cannot be reached, refuses or fails; the message is for operators. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}

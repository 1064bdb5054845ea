/** Leadership went to another process; this one must end and may start afresh. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

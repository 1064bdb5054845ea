/** One thing that was looked at before or while Holdfast works on a cluster. */
export interface CheckView {
  /** `tools`, `cluster`, `definitions`, `rights`, `rivals` or `controller`. */
  readonly area: string;
  readonly verdict: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do about it; "" when nothing is to be done. */
  readonly advice: string;
}

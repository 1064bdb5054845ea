/** One reason why an app is not further, or a thing worth knowing about it. */
export interface Reason {
  /** Short name of the rule that decides, e.g. `deletion-budget`. */
  readonly rule: string;
  /** Whether it holds the app up. */
  readonly blocks: boolean;
  readonly message: string;
  /** What to do about it; "" when it passes by itself. */
  readonly advice: string;
}

/** What exactly an app waits for or was refused. */
export interface WhyView {
  readonly app: string;
  readonly state: string;
  readonly reasons: readonly Reason[];
}

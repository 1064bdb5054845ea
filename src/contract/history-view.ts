/** One earlier state of an app, newest first in lists. */
export interface HistoryView {
  readonly revision: string;
  readonly commit: string;
  /** RFC 3339; "" when unknown. */
  readonly at: string;
  readonly succeeded: boolean;
  /** The dialect's own words: how it ended, who asked. */
  readonly message: string;
}

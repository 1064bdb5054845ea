/** An event about an app, as people read it. */
export interface EventView {
  /** RFC 3339 */
  readonly at: string;
  readonly type: string;
  readonly reason: string;
  readonly from: string;
  readonly count: number;
  readonly message: string;
}

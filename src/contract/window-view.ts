/** The windows of time of an app, judged for one moment; times are RFC 3339. */
export interface WindowsView {
  readonly app: string;
  readonly at: string;
  /** Whether the controller, and whether people, may sync it then. */
  readonly controller: boolean;
  readonly people: boolean;
  /** The windows that decide that, and how they stand. */
  readonly by: string;
  readonly windows: readonly {
    readonly window: string;
    readonly active: boolean;
    /** When it ends, or begins next; "" when never. */
    readonly changes: string;
  }[];
}

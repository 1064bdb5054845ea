/** A live object that no app owns. */
export interface OrphanView {
  /** `group/kind/namespace/name` */
  readonly id: string;
  /** RFC 3339; "" when unknown. */
  readonly createdAt: string;
  /** The app that its marks name, which owns it no more; "" for none. */
  readonly markedFor: string;
}

/** What was found in which namespaces. */
export interface OrphansView {
  readonly namespaces: readonly string[];
  readonly objects: readonly OrphanView[];
  /** What could not be asked, or makes the answer less certain. */
  readonly notes: readonly string[];
}

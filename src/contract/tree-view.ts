/** One object of an app, and what the cluster made of it. */
export interface TreeNode {
  /** `group/kind/namespace/name` */
  readonly id: string;
  /** The dialect's own word; "" when it has no check. */
  readonly health: string;
  readonly message: string;
  readonly children: readonly TreeNode[];
}

/** An app and its objects. */
export interface TreeView {
  readonly app: string;
  readonly state: string;
  readonly revision: string;
  readonly objects: readonly TreeNode[];
  /** What could not be asked. */
  readonly notes: readonly string[];
}

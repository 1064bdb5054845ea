/** What a cloud says of a cluster: where it is, and the PEM of its authorities. */
export interface CloudCluster {
  readonly address: string;
  readonly ca: string;
}

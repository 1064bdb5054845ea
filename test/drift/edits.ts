/** One request by somebody else. */
export interface Edit {
  readonly name: string;
  readonly type: "merge" | "strategic" | "json" | "apply";
  readonly body: unknown;
  readonly manager: string;
  readonly subresource?: "status" | "scale";
  /** Whether it is drift, where that is a promise and not only whatever the server says. */
  readonly drifts?: boolean;
}

/** Edits that every object takes. */
export const COMMON_EDITS: readonly Edit[] = [
  merge(false, "foreign label", { metadata: { labels: { foreign: "yes" } } }),
  merge(false, "foreign annotation", { metadata: { annotations: { foreign: "yes" } } }),
  {
    name: "foreign finalizer",
    type: "json",
    manager: "somebody",
    body: [{ op: "add", path: "/metadata/finalizers", value: ["drift.example/ours", "drift.example/foreign"] }],
    drifts: false,
  },
  merge(true, "owned label", { metadata: { labels: { tier: "back" } } }),
  merge(false, "owned label put back", { metadata: { labels: { tier: "front" } } }),
  merge(true, "removed label", { metadata: { labels: { tier: null } } }),
  merge(true, "wiped managedFields", { metadata: { managedFields: [{}] } }),
];

/** An addition by somebody whose fields are taken over, and the path that names it. */
export const TAKEN_OVER: readonly (Edit & { readonly path: string })[] = [
  {
    ...strategic(true, "an env entry", containers({ name: "web", env: [{ name: "taken", value: "9" }] })),
    manager: "kubectl-edit",
    path: "/spec/template/spec/containers/0/env/0",
  },
  {
    ...merge(true, "a label", { metadata: { labels: { taken: "yes" } } }),
    manager: "kubectl-label",
    path: "/metadata/labels/taken",
  },
  {
    ...merge(true, "a restart", { spec: { template: { metadata: { annotations: { taken: "now" } } } } }),
    manager: "kubectl-rollout",
    path: "/spec/template/metadata/annotations",
  },
  {
    ...strategic(true, "a container", containers({ name: "taken", image: "registry.example/i:1" })),
    manager: "kubectl",
    path: "/spec/template/spec/containers/0",
  },
];

/** A merge patch by somebody, and whether it is drift. */
export function merge(drifts: boolean, name: string, body: unknown): Edit {
  return { name, type: "merge", manager: "somebody", body, drifts };
}

/** A strategic merge patch by somebody, and whether it is drift. */
export function strategic(drifts: boolean, name: string, body: unknown): Edit {
  return { name, type: "strategic", manager: "somebody", body, drifts };
}

/** A JSON patch by somebody, and whether it is drift. */
export function json(drifts: boolean, name: string, body: unknown): Edit {
  return { name, type: "json", manager: "somebody", body, drifts };
}

/** A patch of a pod template's containers. */
export function containers(...list: readonly unknown[]): unknown {
  return { spec: { template: { spec: { containers: list } } } };
}

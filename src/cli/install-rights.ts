import type { Resource } from "#core/resource/resource.ts";

/** What rights are made for. */
export interface RightsOptions {
  /** Namespace of the controller. */
  readonly namespace: string;
  /** Namespaces that are served; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** The kinds that the controller defines. */
  readonly crds: readonly Resource[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Name of the controller's service account, and of everything that is about it. */
export const controllerName = "holdfast-controller";

const rbac = "rbac.authorization.k8s.io";
const reading = ["get", "list", "watch"] as const;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Roles and bindings of the controller: those of one namespaces list, or of the whole cluster. */
export function rightsOf(options: RightsOptions): readonly Resource[] {
  const own = rightsToLease(options);
  return options.namespaces === null
    ? [...own, ...clusterRights(options)]
    : [...own, ...definitionRights(options), ...options.namespaces.flatMap((served) => servedRights(options, served))];
}

function rightsToLease(options: RightsOptions): readonly Resource[] {
  // Each shard leads by a lease of its own name, all in this namespace.
  const rules: Rule[] = [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update", "patch"] },
  ];
  return grant(options, { kind: "Role", name: "holdfast-lease", namespace: options.namespace, rules });
}

/** The second binding is what lets apps hold objects of every kind; a narrower one may take its place. */
function clusterRights(options: RightsOptions): readonly Resource[] {
  const admin = { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" };
  return [
    ...grant(options, { kind: "ClusterRole", name: controllerName, rules: controllerRules(options.crds) }),
    binding(options, { kind: "ClusterRoleBinding", name: "holdfast-cluster-admin", role: admin }),
  ];
}

/** What the controller itself needs, whatever apps hold. */
function controllerRules(crds: readonly Resource[]): readonly Rule[] {
  return [
    ...crds.map(ruleOfKind),
    { apiGroups: [""], resources: ["secrets", "configmaps"], verbs: reading },
    { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get", "impersonate"] },
    // As whom sources and other clusters are asked.
    { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
    { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: reading },
    { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: reading },
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["*"], verbs: ["get", "list"] },
  ];
}

/** Kinds whose objects the controller makes itself: its own records, charts of releases, artifacts of generators, apps of sets. */
const made: ReadonlySet<string> = new Set([
  "inventories.holdfast.dev",
  "helmcharts.source.toolkit.fluxcd.io",
  "externalartifacts.source.toolkit.fluxcd.io",
  "applications.argoproj.io",
]);

function ruleOfKind(crd: Resource): Rule {
  const { group, names, versions } = crd["spec"] as CrdFields;
  const hasStatus = versions.some((version) => version.subresources?.status !== undefined);
  return {
    apiGroups: [group],
    resources: [names.plural, ...(hasStatus ? [`${names.plural}/status`] : [])],
    verbs: [...reading, ...(made.has(crd.metadata.name) ? ["create", "delete"] : []), "patch", "update"],
  };
}

interface CrdFields {
  readonly group: string;
  readonly names: { readonly plural: string };
  readonly versions: readonly { readonly subresources?: { readonly status?: object } }[];
}

/** The only cluster-wide right of a controller that serves some namespaces: to see its own definitions. */
function definitionRights(options: RightsOptions): readonly Resource[] {
  const resourceNames = options.crds.map((crd) => crd.metadata.name);
  const resources = ["customresourcedefinitions"];
  const rules: Rule[] = [{ apiGroups: ["apiextensions.k8s.io"], resources, resourceNames, verbs: ["get"] }];
  return grant(options, { kind: "ClusterRole", name: `holdfast-definitions-${options.namespace}`, rules });
}

function servedRights(options: RightsOptions, served: string): readonly Resource[] {
  const rules: Rule[] = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
  return grant(options, { kind: "Role", name: controllerName, namespace: served, rules });
}

interface RoleOptions {
  readonly kind: "Role" | "ClusterRole";
  readonly name: string;
  readonly namespace?: string;
  readonly rules: readonly Rule[];
}

/** A role, and its binding to the controller. */
function grant(options: RightsOptions, role: RoleOptions): readonly Resource[] {
  const { kind, name, rules } = role;
  const inNamespace = role.namespace === undefined ? {} : { namespace: role.namespace };
  const metadata = { name, ...inNamespace, labels: options.labels };
  const reference = { apiGroup: rbac, kind, name };
  return [
    { apiVersion: `${rbac}/v1`, kind, metadata, rules },
    binding(options, { kind: `${kind}Binding`, name, ...inNamespace, role: reference }),
  ];
}

function binding(
  options: RightsOptions,
  bound: { kind: string; name: string; namespace?: string; role: object },
): Resource {
  const { kind, name, namespace, role } = bound;
  return {
    apiVersion: `${rbac}/v1`,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: options.labels },
    roleRef: role,
    subjects: [{ kind: "ServiceAccount", name: controllerName, namespace: options.namespace }],
  };
}

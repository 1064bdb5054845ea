/** What becomes of an attribute that is set. */
export type AttributeRule =
  /** A field of the objects says it, or it needs none. */
  | "kept"
  /** The release is written; a person should know what is different. */
  | { readonly decide: string }
  /** Without it something else would be released, or less would be checked. */
  | { readonly refuse: string };

/**
 * Every argument of the resource `helm_release`, of the provider's versions 2 and 3
 * (terraform-provider-helm@00b1612 helm/resource_helm_release.go).
 */
export const attributeRules: Readonly<Record<string, AttributeRule>> = {
  atomic: "kept",
  chart: "kept",
  cleanup_on_fail: "kept",
  count: { refuse: "only Terraform knows how many there are: give the plan" },
  create_namespace: "kept",
  dependency_update: { decide: "has no effect on a chart of a repository, which holds its dependencies" },
  description: { decide: "is not written: the controller describes each revision itself" },
  devel: "kept",
  disable_crd_hooks: { decide: "has no counterpart: hooks of definitions run like all others" },
  disable_openapi_validation: "kept",
  disable_webhooks: "kept",
  for_each: { refuse: "only Terraform knows which there are: give the plan" },
  dynamic: { refuse: "only Terraform knows which blocks it makes: give the plan" },
  force_update: {
    decide: "is written, but objects are applied by the server, and none is deleted to be made anew",
  },
  id: "kept",
  keyring: "kept",
  lint: { decide: "has no counterpart: run helm lint where the chart is made" },
  manifest: "kept",
  max_history: "kept",
  metadata: "kept",
  name: "kept",
  namespace: "kept",
  pass_credentials: "kept",
  postrender: {
    refuse: "a program changes what is rendered: write the change as spec.postRenderers",
  },
  recreate_pods: { decide: "has no counterpart: pods follow their workloads" },
  render_subchart_notes: "kept",
  replace: "kept",
  repository: "kept",
  repository_ca_file: "kept",
  repository_cert_file: "kept",
  repository_key_file: "kept",
  repository_password: "kept",
  repository_username: "kept",
  reset_values: "kept",
  resources: "kept",
  reuse_values: {
    decide: "is written as upgrade.preserveValues: values of earlier revisions that Terraform does not name stay",
  },
  set: "kept",
  set_list: "kept",
  set_sensitive: "kept",
  set_wo: { refuse: "its values are in neither plan nor state: put them into a Secret and name it in spec.valuesFrom" },
  set_wo_revision: {
    refuse: "values of set_wo are in neither plan nor state: put them into a Secret and name it in spec.valuesFrom",
  },
  skip_crds: "kept",
  status: "kept",
  take_ownership: "kept",
  timeout: "kept",
  timeouts: { decide: "has no counterpart: timeout bounds each single wait" },
  upgrade_install: "kept",
  values: "kept",
  verify: { refuse: "signatures by a keyring cannot be verified here, so nobody would look at them any more" },
  version: "kept",
  wait: "kept",
  wait_for_jobs: "kept",
};

/** Whether an attribute says something: what is empty or false is what it would be anyway. */
export function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "" || value === "false") return false;
  return typeof value !== "object" || Object.values(value).some((member) => isSet(member));
}

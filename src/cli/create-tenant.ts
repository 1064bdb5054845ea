import { Command } from "commander";
import type { Resource } from "#core/resource/resource.ts";
import { withCluster } from "./connection-options.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { CreateParts } from "./create-parts.ts";
import { labelName, labelNames } from "./object-name.ts";
import { yamlDocuments } from "./yaml-documents.ts";

/** The label that tells whose a namespace is. */
export const tenantLabel = "toolkit.fluxcd.io/tenant";

interface Options extends Pick<ConnectionOptions, "kubeconfig" | "context"> {
  readonly withNamespace: readonly string[];
  readonly account?: string;
  readonly clusterRole: string;
  readonly export: boolean;
}

/** The command `create tenant`: namespaces, and an account in each that may do everything there and nothing elsewhere. */
export function tenantCommand({ actions, terminal, signal }: CreateParts): Command {
  const command = new Command("tenant")
    .description("create a tenant's namespaces, with an account in each that its apps act as")
    .argument("<name>", "name of the tenant", labelName)
    .requiredOption("--with-namespace <names>", "comma-separated namespaces of the tenant", labelNames)
    .option("--account <name>", "service account in each of them (default: the tenant's name)", labelName)
    .option("--cluster-role <name>", "ClusterRole that the account has within its namespace", "cluster-admin")
    .option("--export", "print YAML instead of applying it", false)
    .action(async (name: string, options: Options) => {
      const objects = tenantObjects(name, options);
      if (options.export) terminal.out(yamlDocuments(objects));
      else for (const line of await actions.ensure(objects, options, signal)) terminal.out(`${line}\n`);
      for (const line of restOfTheFence(options.account ?? name)) terminal.note(line);
    });
  return withCluster(command);
}

function tenantObjects(name: string, { withNamespace, account = name, clusterRole }: Options): readonly Resource[] {
  const labels = { [tenantLabel]: name };
  const group = "rbac.authorization.k8s.io";
  return withNamespace.flatMap((namespace): Resource[] => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace, labels } },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { name: `${name}-reconciler`, namespace, labels },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: clusterRole },
      subjects: [
        { apiGroup: group, kind: "User", name: `gotk:${namespace}:reconciler` },
        { kind: "ServiceAccount", name: account, namespace },
      ],
    },
  ]);
}

/** What a tenant's rights alone do not keep apart. */
function restOfTheFence(account: string): readonly string[] {
  return [
    "An account binds only the apps that use it. What else keeps tenants apart:",
    `  holdfast controller --default-service-account ${account}   apps that name no account act as this one of their namespace`,
    "  holdfast controller --no-cross-namespace-refs   apps may not use sources of other namespaces",
  ];
}

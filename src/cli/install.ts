import { Command, Option } from "commander";
import type { Resource } from "#core/resource/resource.ts";
import manifest from "../../package.json" with { type: "json" };
import { type ConnectionOptions, withCluster } from "./connection-options.ts";
import { installObjects } from "./install-manifests.ts";
import { labelName, labelNames } from "./object-name.ts";
import type { Terminal } from "./terminal.ts";
import { yamlDocuments } from "./yaml-documents.ts";

/** What `install` needs. */
export interface InstallActions {
  /** The definitions that come with this version. */
  crds(signal: AbortSignal): Promise<readonly Resource[]>;
  /** Applies objects in their order, definitions first and until they are served; tells of each. */
  apply(order: InstallOrder, signal: AbortSignal): Promise<void>;
}

/** What is to be applied, and how. */
export interface InstallOrder extends Pick<ConnectionOptions, "kubeconfig" | "context"> {
  readonly crds: readonly Resource[];
  readonly objects: readonly Resource[];
  /** Whether fields that others own are taken over. */
  readonly force: boolean;
  readonly onApplied: (object: Resource, outcome: "created" | "changed" | "unchanged") => void;
}

interface Options extends Pick<ConnectionOptions, "kubeconfig" | "context"> {
  readonly apply: boolean;
  readonly image?: string;
  readonly namespace: string;
  readonly namespaced?: readonly string[];
  readonly crdsOnly: boolean;
  readonly skipCrds: boolean;
  readonly ownCrds: boolean;
  readonly forceConflicts: boolean;
  readonly serveArtifacts: boolean;
  readonly takeWebhooks: boolean;
}

/** The image that `deploy/Dockerfile` builds; no registry holds it. */
export const defaultImage = `holdfast:${manifest.version}`;
/** Where the controller lives unless told otherwise. */
export const defaultNamespace = "holdfast-system";

/** The command `install`: prints or applies what runs Holdfast inside a cluster. */
export function installCommand(actions: InstallActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("install")
    .description("print, or with --apply apply, definitions, rights and the controller's Deployment")
    .option("--apply", "apply it to the cluster instead of printing it", false)
    .option("--image <image>", `image that you built from deploy/Dockerfile and pushed (default: ${defaultImage})`)
    .option("--namespace <name>", "namespace of the controller", labelName, defaultNamespace)
    .option(
      "--namespaced <names>",
      "comma-separated namespaces: serve only these, with rights to no others",
      labelNames,
    )
    .option("--serve-artifacts", "let other tools fetch what sources have, at a Service", false)
    .option("--take-webhooks", "let Git servers tell of pushes, at the Service holdfast-webhooks", false)
    .option("--force-conflicts", "take over fields that others changed since, or that another tool installed", false)
    .addOption(new Option("--crds-only", "only the definitions").default(false).conflicts("skipCrds"))
    .addOption(new Option("--skip-crds", "everything but the definitions").default(false).conflicts("ownCrds"))
    .option("--own-crds", "of the definitions only Holdfast's own: the vendors' are there already", false)
    .action((options: Options) => install(options, { actions, terminal }, signal));
  return withCluster(command);
}

async function install(
  options: Options,
  { actions, terminal }: { actions: InstallActions; terminal: Terminal },
  signal: AbortSignal,
): Promise<void> {
  const known = await actions.crds(signal);
  const crds = options.skipCrds ? [] : options.ownCrds ? known.filter(isOwn) : known;
  const objects = options.crdsOnly ? [] : installObjects(chosen(options, known));
  if (!options.crdsOnly && options.image === undefined) {
    terminal.note(`${defaultImage} is in no registry: build deploy/Dockerfile, push it and name it with --image`);
  }
  if (!options.apply) {
    terminal.out(yamlDocuments([...crds, ...objects]));
    return;
  }
  const { kubeconfig, context, forceConflicts: force } = options;
  const where = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  const onApplied: InstallOrder["onApplied"] = (object, outcome) => {
    const { name, namespace } = object.metadata;
    terminal.out(`${object.kind}/${namespace === undefined ? name : `${namespace}/${name}`} ${outcome}\n`);
  };
  await actions.apply({ ...where, crds, objects, force, onApplied }, signal);
}

function isOwn({ metadata }: Resource): boolean {
  return metadata.name.endsWith(".holdfast.dev");
}

function chosen(options: Options, crds: readonly Resource[]): Parameters<typeof installObjects>[0] {
  const { namespace, namespaced, image, serveArtifacts: servesArtifacts, takeWebhooks: takesWebhooks } = options;
  const served = { servesArtifacts, takesWebhooks };
  return { namespace, namespaces: namespaced ?? null, image: image ?? defaultImage, ...served, crds };
}

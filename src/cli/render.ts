import { Command, Option } from "commander";
import type { Resource } from "#core/resource/resource.ts";
import { stringify } from "yaml";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import type { Terminal } from "./terminal.ts";

/** What to render: a directory or a HelmRelease in a file here, or an app of the cluster. */
export interface RenderQuery extends ConnectionOptions {
  readonly what: string;
  readonly dialect?: "flux" | "argocd";
  readonly revision?: string;
  readonly showSecrets: boolean;
  /** Files with objects that a HelmRelease refers to. */
  readonly with: readonly string[];
  /** Folder with the chart of a HelmRelease, or the checkout that the chart is in. */
  readonly source?: string;
  /** Folder of plugins here. */
  readonly pluginDir?: string;
}

/** What `render` needs; Secrets come masked unless they were asked for. */
export interface RenderActions {
  render(query: RenderQuery, signal: AbortSignal): Promise<readonly Resource[]>;
}

/** The command `render`: the objects that a path or an app declares. */
export function renderCommand(actions: RenderActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("render")
    .alias("manifests")
    .description("print the objects that a directory, a HelmRelease in a file (both offline) or an app declares")
    .argument(
      "<path|app>",
      "a directory such as ./apps/shop, a file with a HelmRelease, or app/NAME, ks/NAME, hr/NAME, NAME",
    )
    .addOption(
      new Option(
        "--dialect <name>",
        "for a directory without kustomization: flux takes all manifests below it, argocd those in it",
      ).choices(["flux", "argocd"]),
    )
    .option("--revision <revision>", "for an app: this commit, branch or tag")
    .option("--with <files...>", "for a HelmRelease: files with its source, and ConfigMaps and Secrets with values", [])
    .option("--source <directory>", "for a HelmRelease: its chart here, or the checkout that the chart is in")
    .option("--plugin-dir <path>", "for an app of a plugin: a folder of plugins here, as the controller has one")
    .option("--show-secrets", "print Secrets as they are", false)
    .addOption(new Option("-o, --output <format>", "yaml or json").choices(["yaml", "json"]).default("yaml"))
    .action(async (what: string, options: Omit<RenderQuery, "what"> & { output: "yaml" | "json" }) => {
      const resources = await actions.render({ ...options, what }, signal);
      if (resources.length === 0) terminal.note(`${what} declares no objects`);
      if (options.output === "json") return terminal.out(`${JSON.stringify(resources, null, 2)}\n`);
      for (const resource of resources) {
        terminal.out(`---\n${stringify(resource, { aliasDuplicateObjects: false, version: "1.1" })}`);
      }
    });
  return withNamespace(command);
}

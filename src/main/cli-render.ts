import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { localTree } from "#adapters/local/local-tree.ts";
import { maskSecrets } from "#core/diff/mask-secrets.ts";
import type { RenderSpec, TemplateSpec } from "#core/app/render-spec.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { RenderActions, RenderQuery } from "#cli/render.ts";
import { findApp, usableApp } from "./cli-app-record.ts";
import { hasSeveralSources, mustBeTracked, renderedSources } from "./cli-app-sources.ts";
import { commitOf, withCheckout } from "./cli-checkout.ts";
import { renderRelease, renderReleaseFile } from "./cli-render-release.ts";
import { withFetchers } from "./cli-fetchers.ts";
import { renderWithBases } from "./cli-render-bases.ts";
import { withClient } from "./cli-session.ts";

/** Renders as the controller does. */
export const renderActions: RenderActions = {
  async render(query, signal) {
    const resources = await rendered(query, signal);
    return query.showSecrets ? resources : resources.map(maskSecrets);
  },
};

async function rendered(query: RenderQuery, signal: AbortSignal): Promise<readonly Resource[]> {
  const found = existsSync(query.what) ? statSync(query.what) : null;
  if (found?.isFile()) return renderReleaseFile(query, signal);
  if (!found?.isDirectory()) return renderApp(query, signal);
  if (query.source !== undefined || query.with.length > 0) throw onlyReleases(query.what);
  return renderPath(query, signal);
}

function onlyReleases(what: string): CliError {
  return new CliError(`Cannot use --with and --source with ${what}: it is no HelmRelease`, {
    exitCode: exitCode.usage,
  });
}

async function renderPath(query: RenderQuery, signal: AbortSignal): Promise<readonly Resource[]> {
  const place = resolve(query.what);
  const root = repositoryRoot(place) ?? place;
  const input = { tree: localTree(root), path: relative(root, place), spec: specFor(query) };
  const rendered = await withFetchers((fetching) => renderWithBases(fetching, input, signal));
  return rendered.resources;
}

async function renderApp(query: RenderQuery, signal: AbortSignal): Promise<readonly Resource[]> {
  if (/^\.{0,2}\//.test(query.what)) {
    throw new CliError(`Cannot render ${query.what}: there is no such file or directory`, {
      exitCode: exitCode.notFound,
    });
  }
  return withClient(
    query,
    async (client) => {
      const record = await findApp(client, { name: query.what, namespace: query.namespace }, signal);
      if (usableApp(record).release) return renderRelease({ client, record }, query, signal);
      if (query.source !== undefined || query.with.length > 0) throw onlyReleases(record.key);
      const found = { client, record, ...(query.pluginDir !== undefined && { pluginDir: query.pluginDir }) };
      if (hasSeveralSources(record)) {
        mustBeTracked(found, query.revision);
        return (await renderedSources(found, signal)).rendered.resources;
      }
      return withCheckout(
        found,
        async (checkout) => {
          const { repository, head } = checkout;
          const commit = query.revision === undefined ? head.commit : await commitOf(checkout, query.revision, signal);
          return (await checkout.render(await repository.tree(commit, signal), signal)).resources;
        },
        signal,
      );
    },
    signal,
  );
}

/** The checkout around a directory, so that a kustomization may refer to its neighbours. */
function repositoryRoot(place: string): string | null {
  for (let directory = place; ; directory = dirname(directory)) {
    if (existsSync(join(directory, ".git"))) return directory;
    if (dirname(directory) === directory) return null;
  }
}

function specFor({ dialect, what }: RenderQuery): RenderSpec {
  if (dialect === "flux") return { kind: "kustomize", overrides: {}, generate: true };
  const directory = { kind: "directory", recurse: false, include: "", exclude: "" } as const;
  return { kind: "detect", template: plainTemplate(basename(resolve(what))), overrides: {}, directory };
}

/** A chart as its maker meant it, for a release of the folder's name. */
function plainTemplate(name: string): TemplateSpec {
  return {
    kind: "template",
    isPacked: false,
    mayNest: false,
    release: { name, namespace: "default" },
    valueFiles: [],
    ignoreMissingValueFiles: false,
    values: [],
    capabilities: { kubeVersion: "", apiVersions: [] },
    skipCrds: false,
    skipTests: false,
    skipSchemaValidation: false,
  };
}

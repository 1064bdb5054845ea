import type { WindowsView } from "#contract/window-view.ts";
import { appKey } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { WindowFiles } from "#cli/windows.ts";
import { withoutNulls } from "#dialects/argocd/fields.ts";
import { projectProblems } from "#dialects/argocd/project.ts";
import type { ProjectFields } from "#dialects/argocd/project-schema.ts";
import type { SpecFields } from "#dialects/argocd/schema.ts";
import { windowsOf } from "#dialects/argocd/sync-windows.ts";
import { readObjects } from "./cli-files.ts";
import { momentOf, windowsView } from "./cli-windows.ts";

/** Judges the windows of a project in files for an application. @throws CliError when there is no such project */
export async function evalWindows({ file, app, at }: WindowFiles, signal: AbortSignal): Promise<WindowsView> {
  const objects = (await readObjects(file, signal)).flatMap((read) => read.objects);
  const application = objects.find(({ kind, metadata }) => kind === "Application" && metadata.name === app);
  const spec = withoutNulls(application?.["spec"]) as Partial<SpecFields> | undefined;
  const project = projectIn(objects, spec?.project);
  const limits = (withoutNulls(project["spec"]) ?? {}) as ProjectFields;
  const [problem] = projectProblems({ name: project.metadata.name, limits, ownClusters: [] });
  if (problem) throw new CliError(`Cannot use the project: ${problem.message}`, { exitCode: exitCode.refused });
  const { name = "", server = "", namespace = "" } = spec?.destination ?? {};
  const windows = windowsOf(limits, { name: app, namespace, clusters: [name, server].filter(Boolean) });
  return windowsView({ key: appKey("app", application?.metadata.namespace ?? "argocd", app), windows }, momentOf(at));
}

function projectIn(objects: readonly Resource[], name: string | undefined): Resource {
  const projects = objects.filter(({ kind }) => kind === "AppProject");
  const found =
    projects.find(({ metadata }) => metadata.name === name) ?? (name === undefined ? projects[0] : undefined);
  if (found) return found;
  const which = name === undefined ? "no AppProject" : `no AppProject ${name}`;
  throw new CliError(`Cannot judge windows: the files hold ${which}`, { exitCode: exitCode.usage });
}

import type { GeneratedSet } from "#core/app/app-set.ts";
import type { Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { disabledCluster, parseDestination } from "../destination.ts";
import { textAt, withoutNulls } from "../fields.ts";
import { findProject } from "../project.ts";
import type { Installation } from "../settings.ts";
import { schemaProblems } from "../schema-problems.ts";
import { type SpecFields, specSchema } from "../schema.ts";

interface Checking {
  readonly set: Resource;
  readonly lookup: Lookup;
  readonly settings: Installation;
}

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_NAME = 253;
const LONGEST_SHOWN = 80;

/** Those of the made Applications that can be used, each name once, and why the others cannot. */
export function checkedApps(made: readonly Resource[], checking: Checking): GeneratedSet {
  const counts = new Map<string, number>();
  for (const { metadata } of made) counts.set(metadata.name, (counts.get(metadata.name) ?? 0) + 1);
  const apps: Resource[] = [];
  const problems = new Set<string>();
  for (const app of made) {
    const problem = (counts.get(app.metadata.name) ?? 0) > 1 ? twice(app, checking) : problemOf(app, checking);
    if (problem === null) apps.push(app);
    else problems.add(problem);
  }
  return { apps, made, names: new Set(counts.keys()), problems: [...problems] };
}

function twice({ metadata }: Resource, { set }: Checking): string {
  const name = metadata.name.slice(0, LONGEST_SHOWN);
  return `ApplicationSet ${set.metadata.name} contains applications with duplicate name: ${name}`;
}

function problemOf(app: Resource, { set, lookup, settings }: Checking): string | null {
  const { name } = app.metadata;
  if (name.length > LONGEST_NAME || !NAME.test(name)) {
    const shown = JSON.stringify(name.slice(0, LONGEST_SHOWN));
    return `ApplicationSet ${set.metadata.name} contains an application with an invalid name: ${shown}`;
  }
  const spec = withoutNulls(app["spec"]) as SpecFields;
  const [illTyped] = schemaProblems(specSchema, spec, "spec");
  if (illTyped) return `application ${name} is invalid: ${illTyped.message}`;
  const project = textAt(app["spec"], "project");
  if (findProject(project, lookup, settings) === null) {
    return `application references project ${project} which does not exist`;
  }
  const destination = parseDestination(spec.destination, project, lookup);
  const problems = destination.ok ? disabledCluster(destination.value, settings.argo.access) : destination.error;
  if (problems.length === 0) return null;
  return `application destination spec is invalid: ${problems.map(({ message }) => message).join("; ")}`;
}

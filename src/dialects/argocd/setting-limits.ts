import type { SettingsProblem } from "#core/app/dialect.ts";
import type { Problem } from "#core/result.ts";

/** Settings that keep the controller from writing or deleting something, or say whose objects are whose. */
const LIMITS: readonly string[] = [
  "resource.exclusions",
  "resource.inclusions",
  "resource.compareoptions",
  "resource.customizations",
  "resource.customizations.ignoreDifferences.*",
  "application.resourceTrackingMethod",
  "application.instanceLabelKey",
  "application.sync.impersonation.enabled",
  "cluster.inClusterEnabled",
  "globalProjects",
];

/**
 * Limits that cannot be used and never could since they were first looked at: nobody knows what they forbid. Of those that
 * could be read once the last reading counts. `before` is what this came to the last time; null: it is the first.
 */
export function missedLimits(
  problems: readonly SettingsProblem[],
  before: readonly SettingsProblem[] | null,
): readonly SettingsProblem[] {
  const missed = problems.filter(
    ({ path }) => LIMITS.some((limit) => fits(path, limit)) && (before?.some((one) => one.path === path) ?? true),
  );
  return [...new Map(missed.map((problem) => [problem.path, problem])).values()];
}

/** What people are told of such a setting. */
export function unreadableText({ object, path, message }: SettingsProblem): Problem {
  const text = `${object}: ${path} cannot be used: ${message}; nothing is written or deleted until it can`;
  return { path: `${object}: ${path}`, message: text };
}

/** Whether a problem is the installation's, and not the application's. */
export function isOfSettings({ path }: Problem): boolean {
  return path.startsWith("argocd-cm: ");
}

function fits(path: string, limit: string): boolean {
  return limit.endsWith("*") ? path.startsWith(limit.slice(0, -1)) : path === limit;
}

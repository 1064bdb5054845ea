import type { SourceRenders } from "#core/app/dialect.ts";
import type { AppSource } from "#core/app/app.ts";
import { ok, refused } from "#core/result.ts";
import { childPath } from "#core/source/read-set.ts";
import { detailsOf } from "./argo-details.ts";
import { buildEnvironment } from "./build-environment.ts";
import { kustomizeOptions } from "./parse-kustomize.ts";
import type { SourceDetails } from "./parse-source.ts";
import { isRegistry } from "./source-address.ts";
import { overriddenSource, overrideFiles } from "./source-overrides.ts";
import { renderSpec } from "./source-spec.ts";
import { unsupportedFields } from "./unsupported-fields.ts";

/** Completes renders by the override files that lie beside a source, the build environment and what the cluster can do. */
export const sourceRenders: SourceRenders = {
  needs(app, source, has) {
    const details = sourceDetails(source);
    if (!details) return { files: [], cluster: false };
    const { fields } = details;
    const mayBe = fields.chart || fields.helm || isRegistry(fields.repoURL);
    const isChart = Boolean(mayBe) || has(childPath(source.path, "Chart.yaml"));
    const files = fields.chart ? [] : overrideFiles(source.path, detailsOf(app).instance).filter(has);
    const isHelmed = Boolean(kustomizeOptions(fields.kustomize, details).enableHelm);
    const mayBePlugin = Boolean(fields.plugin) || (details.plugins && !fields.kustomize && !fields.directory);
    return { files, cluster: isChart || isHelmed || mayBePlugin };
  },
  complete(app, source, { revision, files, cluster }) {
    const details = sourceDetails(source);
    if (!details) return ok(source.render);
    const { instance, project } = detailsOf(app);
    const given = overrideFiles(source.path, instance).flatMap((path) => {
      const text = files.get(path);
      return text === undefined ? [] : [[path, text] as const];
    });
    const fields = overriddenSource(details.fields, given);
    if (!fields.ok) return fields;
    const unsupported = given.length === 0 ? [] : unsupportedFields({ source: fields.value });
    if (unsupported.length > 0) return refused(unsupported.map(({ message }) => message).join("; "));
    const { target } = app;
    const environment = buildEnvironment({ target, instance, project }, fields.value, { revision, cluster });
    const spec = renderSpec(fields.value, { ...details, environment, cluster });
    return spec.ok ? spec : refused(spec.error.map(({ message }) => message).join("; "));
  },
};

function sourceDetails({ details }: AppSource): SourceDetails | null {
  return (details ?? null) as SourceDetails | null;
}

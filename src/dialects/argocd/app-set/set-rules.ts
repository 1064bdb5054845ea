import type { DialectKind, SetRules } from "#core/app/dialect.ts";
import { withoutNulls } from "../fields.ts";
import { parseDestination } from "../destination.ts";
import { FINALIZER } from "../parse-policy.ts";
import type { ArgoSettings } from "../settings.ts";
import type { SpecFields } from "../schema.ts";
import { deletionOrder } from "./deletion-order.ts";
import { generate } from "./generate.ts";
import { changeOf, ignoredIn, ownerOf, release } from "./member-change.ts";
import { parseSet, SET_SHORT } from "./parse-set.ts";
import { rollout } from "./rollout.ts";
import { give, isHeld, take } from "./set-adoption.ts";
import { specOf } from "./set-spec.ts";
import { reportSet } from "./report-set.ts";

/** ApplicationSets, and the Applications that they make, in an installation with the given control namespace. */
export function setRules(controlNamespace: string, argo: ArgoSettings, member: DialectKind): SetRules {
  return {
    kind: {
      group: member.group,
      version: member.version,
      kind: "ApplicationSet",
      plural: "applicationsets",
      short: SET_SHORT,
    },
    member,
    manager: "argocd-applicationset-controller",
    parse: (object) => parseSet(object, argo.sets, controlNamespace),
    generate: (set, lookup, settings) => generate(set, lookup, { ...settings, controlNamespace, argo }),
    ownerOf,
    rollout,
    adoption: { isHeld, take: (object, now) => take(object, argo.sets, now), give },
    ordered: (order) => ({ operation: order }),
    ignoredIn: (set, name) => ignoredIn(specOf(set.object), name),
    changeOf: (set, app, ignored) => changeOf({ set, settings: argo.sets, ignored }, app),
    deletionOrder,
    release,
    // What runs on a cluster that nobody knows any more is left behind: nobody could delete it.
    beforeDelete: (app, lookup) => {
      const { finalizers = [] } = app.metadata;
      const { destination = {}, project = "" } = (withoutNulls(app["spec"]) ?? {}) as Partial<SpecFields>;
      const found = parseDestination(destination, project, lookup);
      const isKnown = found.ok || found.error.some(({ path }) => path !== "spec.destination");
      if (!finalizers.includes(FINALIZER) || isKnown) return null;
      return { metadata: { finalizers: finalizers.filter((name) => name !== FINALIZER) } };
    },
    report: reportSet,
  };
}

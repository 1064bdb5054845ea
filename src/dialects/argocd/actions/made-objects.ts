import type { ActionChoice } from "#core/app/object-actions.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fieldAt, textAt } from "../fields.ts";
import { timeText } from "./built-in-action.ts";

type Texts = Readonly<Record<string, string>>;

/** A Job as the CronJob would make it now. */
export function jobOf(cronJob: Resource, { now }: ActionChoice): Resource {
  const template = fieldAt(cronJob, "spec", "jobTemplate");
  const metadata = fieldAt(template, "metadata") as Partial<Resource["metadata"]> | undefined;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...metadata,
      ...placeOf(cronJob, digits(now).slice(2)),
      annotations: { ...metadata?.annotations, "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [{ ...referenceTo(cronJob), blockOwnerDeletion: true, controller: true }],
    },
    spec: fieldAt(template, "spec"),
  };
}

/** A Workflow as a schedule or a template makes it. */
export function workflowOf(maker: Resource, { now }: ActionChoice): Resource {
  const common = { apiVersion: "argoproj.io/v1alpha1", kind: "Workflow" };
  const { name } = maker.metadata;
  const place = { ...placeOf(maker, digits(now)), ownerReferences: [referenceTo(maker)] };
  if (maker.kind === "WorkflowTemplate") {
    const labels = { "workflows.argoproj.io/workflow-template": name };
    return { ...common, metadata: { ...place, labels }, spec: { workflowTemplateRef: { name } } };
  }
  const wanted = fieldAt(maker, "spec", "workflowMetadata");
  const finalizers = fieldAt(wanted, "finalizers") as readonly string[] | undefined;
  const instance = "workflows.argoproj.io/controller-instanceid";
  const instanceId = textAt(maker, "metadata", "labels", instance);
  return {
    ...common,
    metadata: {
      ...place,
      labels: {
        ...(fieldAt(wanted, "labels") as Texts | undefined),
        "workflows.argoproj.io/cron-workflow": name,
        ...(instanceId !== "" && { [instance]: instanceId }),
      },
      annotations: {
        ...(fieldAt(wanted, "annotations") as Texts | undefined),
        "workflows.argoproj.io/scheduled-time": timeText(now),
      },
      ...(finalizers && { finalizers }),
    },
    spec: fieldAt(maker, "spec", "workflowSpec"),
  };
}

function placeOf({ metadata: { name, namespace } }: Resource, ending: string): { name: string; namespace?: string } {
  return { name: `${name}-${ending}`, ...(namespace !== undefined && { namespace }) };
}

function referenceTo({ apiVersion, kind, metadata: { name, uid = "" } }: Resource) {
  return { apiVersion, kind, name, uid };
}

/** `YYYYMMDDhhmm` */
function digits(now: number): string {
  return timeText(now).replaceAll(/\D/g, "").slice(0, 12);
}

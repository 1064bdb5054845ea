import Type from "typebox";
import type { CrdSpec } from "#core/app/crd.ts";
import { operationSchema, specSchema, statusSchema } from "./schema.ts";
import { setSpecSchema, setStatusSchema } from "./app-set/set-schema.ts";
import { projectSpecSchema, projectStatusSchema } from "./project-schema.ts";

const header = {
  apiVersion: Type.Optional(Type.String()),
  kind: Type.Optional(Type.String()),
  metadata: Type.Unsafe<unknown>({ type: "object" }),
};

const application = Type.Object({
  ...header,
  spec: specSchema,
  operation: Type.Optional(operationSchema),
  status: Type.Optional(statusSchema),
});

const project = Type.Object({ ...header, spec: projectSpecSchema, status: Type.Optional(projectStatusSchema) });

const applicationSet = Type.Object({ ...header, spec: setSpecSchema, status: Type.Optional(setStatusSchema) });

/** The CustomResourceDefinitions of this dialect; only sets keep their status in a subresource. */
export const argoCrds: readonly CrdSpec[] = [
  {
    group: "argoproj.io",
    kind: "Application",
    plural: "applications",
    singular: "application",
    shortNames: ["app", "apps"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1alpha1",
        schema: { ...application },
        statusSubresource: false,
        columns: [
          { name: "Sync Status", type: "string", jsonPath: ".status.sync.status" },
          { name: "Health Status", type: "string", jsonPath: ".status.health.status" },
          { name: "Revision", type: "string", jsonPath: ".status.sync.revision", priority: 10 },
          { name: "Project", type: "string", jsonPath: ".spec.project", priority: 10 },
        ],
      },
    ],
  },
  {
    group: "argoproj.io",
    kind: "AppProject",
    plural: "appprojects",
    singular: "appproject",
    shortNames: ["appproj", "appprojs"],
    scope: "Namespaced",
    versions: [{ name: "v1alpha1", schema: { ...project }, statusSubresource: false, columns: [] }],
  },
  {
    group: "argoproj.io",
    kind: "ApplicationSet",
    plural: "applicationsets",
    singular: "applicationset",
    shortNames: ["appset", "appsets"],
    scope: "Namespaced",
    versions: [{ name: "v1alpha1", schema: { ...applicationSet }, statusSubresource: true, columns: [] }],
  },
];

import type { CrdSpec } from "#core/app/crd.ts";

/** The CustomResourceDefinition of our own record of what each app owns. */
export const inventoryCrd: CrdSpec = {
  group: "holdfast.dev",
  kind: "Inventory",
  plural: "inventories",
  singular: "inventory",
  shortNames: [],
  scope: "Namespaced",
  versions: [
    {
      name: "v1alpha1",
      statusSubresource: false,
      columns: [
        { name: "App", type: "string", jsonPath: ".app" },
        { name: "Part", type: "integer", jsonPath: ".part" },
        { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
      ],
      schema: {
        type: "object",
        description: "Inventory records the objects that an app owns; several of them together when there are many.",
        required: ["app", "part", "epoch", "format", "entries"],
        properties: {
          apiVersion: { type: "string" },
          kind: { type: "string" },
          metadata: { type: "object" },
          app: { type: "string", description: "Key of the app, e.g. `ks/shop/apps`." },
          part: { type: "integer", description: "Number of this part, from 0." },
          epoch: { type: "integer", format: "int64", description: "Writer that wrote it: it grows with each leader." },
          format: { type: "string", description: "How the entries are written." },
          cluster: {
            type: "string",
            description: "Which cluster the objects are on, and its identity; absent: this one.",
          },
          entries: { type: "array", items: { type: "string" }, description: "One compact row for each object." },
        },
      },
    },
  ],
};

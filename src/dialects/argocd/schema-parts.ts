import Type from "typebox";

/** A text field that may be absent. */
export const text = () => Type.Optional(Type.String());

/** A switch that may be absent. */
export const flag = () => Type.Optional(Type.Boolean());

/** A 64-bit number that may be absent. */
export const count = () => Type.Optional(Type.Integer({ format: "int64" }));

/** A list of texts that may be absent. */
export const texts = () => Type.Optional(Type.Array(Type.String()));

/** A point in time that may be absent. */
export const time = () => Type.Optional(Type.String({ format: "date-time" }));

/** A map of texts that may be absent; written as Kubernetes wants maps, which is not TypeBox's way. */
export const textMap = () =>
  Type.Optional(
    Type.Unsafe<Readonly<Record<string, string>>>({ type: "object", additionalProperties: { type: "string" } }),
  );

/** Free JSON below one field. */
export const anyObject = () =>
  Type.Optional(Type.Unsafe<unknown>({ type: "object", "x-kubernetes-preserve-unknown-fields": true }));

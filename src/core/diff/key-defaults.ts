/** The API server completes list keys from the schema's defaults; this is the only one in its own kinds. */
export const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: "TCP" };

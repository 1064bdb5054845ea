import { type Params, SetError } from "#core/app/app-set.ts";

/** An Application as a template makes it. */
export interface PatchedApp {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly spec?: Params;
  readonly operation?: unknown;
}

/** An Application with a patch merged into it: null deletes, lists are replaced, and the project stays what it was. */
export function patchedApp(app: PatchedApp, patch: unknown): PatchedApp {
  if (patch === null || patch === undefined) return app;
  if (!isMap(patch)) throw new SetError("template", "invalid templatePatch: it is no object");
  const patched = merged(app as Params, patch) as PatchedApp;
  return { ...patched, spec: { ...patched.spec, project: app.spec?.["project"] } };
}

function merged(before: Params, patch: Params): Params {
  const { $patch: directive, ...members } = patch;
  const after: Record<string, unknown> = directive === "replace" ? {} : { ...before };
  for (const [name, value] of Object.entries(members)) {
    const own = Object.hasOwn(after, name) ? after[name] : undefined;
    if (value === null || (isMap(value) && value["$patch"] === "delete")) delete after[name];
    else after[name] = isMap(value) ? merged(isMap(own) ? own : {}, value) : value;
  }
  return after;
}

function isMap(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

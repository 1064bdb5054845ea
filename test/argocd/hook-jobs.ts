/** What a hook is made with. */
export interface HookFields {
  readonly hook: string;
  readonly policy?: string;
  readonly wave?: number;
  /** `hang`: its pod never ends by itself; `crash`: it fails. */
  readonly behaviour?: "hang" | "crash";
  readonly generated?: boolean;
  readonly annotations?: Record<string, string>;
}

/** A Job that runs as a hook; it completes at once unless it is told otherwise. */
export function hookJob(name: string, fields: HookFields): string {
  const { hook, policy, wave, behaviour, generated, annotations } = fields;
  return JSON.stringify({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...(generated ? { generateName: `${name}-` } : { name }),
      annotations: {
        ...(hook === "" ? {} : { "argocd.argoproj.io/hook": hook }),
        ...(policy === undefined ? {} : { "argocd.argoproj.io/hook-delete-policy": policy }),
        ...(wave === undefined ? {} : { "argocd.argoproj.io/sync-wave": String(wave) }),
        ...annotations,
      },
    },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { annotations: behaviour ? { "holdfast.dev/test-behaviour": behaviour } : {} },
        spec: { restartPolicy: "Never", containers: [{ name: "c", image: "registry.example/job:1.0.0" }] },
      },
    },
  });
}

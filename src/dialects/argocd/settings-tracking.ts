import { SettingError, shown, type SettingValues } from "./setting-values.ts";

/** Where an object says which app it belongs to. */
export type TrackingMethod = "annotation" | "annotation+label" | "label";

/** How objects are tracked. */
export interface TrackingSettings {
  readonly method: TrackingMethod;
  /** The label that holds the app's name, where the method has one. */
  readonly labelKey: string;
  /** Tells installations that share a cluster apart; empty: there is one. */
  readonly installationId: string;
}

/** By annotation, in one installation. */
export const usualTracking: TrackingSettings = {
  method: "annotation",
  labelKey: "app.kubernetes.io/instance",
  installationId: "",
};

const METHODS: readonly TrackingMethod[] = ["annotation", "annotation+label", "label"];
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Reads `application.resourceTrackingMethod`, `application.instanceLabelKey` and `installationID`. */
export function parseTracking(values: SettingValues, before: TrackingSettings): TrackingSettings {
  const read = <Name extends keyof TrackingSettings>(
    name: Name,
    key: string,
    parse: (text: string) => TrackingSettings[Name],
  ) => values.read({ object: "argocd-cm", key }, { usual: usualTracking[name], before: before[name] }, parse);
  return {
    method: read("method", "application.resourceTrackingMethod", methodOf),
    labelKey: read("labelKey", "application.instanceLabelKey", labelKeyOf),
    installationId: read("installationId", "installationID", (text) => text),
  };
}

function methodOf(text: string): TrackingMethod {
  const known = METHODS.find((one) => one === text);
  if (!known) throw new SettingError(`${shown(text)} is none of ${METHODS.join(", ")}`);
  return known;
}

function labelKeyOf(text: string): string {
  if (!LABEL_KEY.test(text)) throw new SettingError(`${shown(text)} cannot be the key of a label`);
  return text;
}

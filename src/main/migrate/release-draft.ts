import type { TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import { type ChartOrigin, chartOriginOf } from "./chart-origin.ts";
import { releaseActions } from "./release-actions.ts";
import { ReleaseAttributes } from "./release-attributes.ts";
import { type OriginOfValues, valuesParts } from "./values-parts.ts";

/** A release as it shall be written, but for its values and for the names of objects. */
export interface ReleaseDraft {
  readonly from: TerraformRelease;
  readonly name: string;
  readonly namespace: string;
  readonly origin: ChartOrigin;
  readonly version: string;
  readonly createsNamespace: boolean;
  readonly actions: Readonly<Record<string, unknown>>;
  readonly parts: readonly OriginOfValues[];
  readonly decisions: readonly string[];
}

/** A release that is not written, and why. */
export interface LeftOut {
  readonly from: TerraformRelease;
  readonly reasons: readonly string[];
}

/** What becomes of a release. */
export type Drafted = { readonly draft: ReleaseDraft } | { readonly left: LeftOut };

/** Reads all that Terraform says of a release; `dropped` are arguments that a person gives up. */
export function draftOf(from: TerraformRelease, dropped: readonly string[]): Drafted {
  const attributes = new ReleaseAttributes(from);
  attributes.checkAll(dropped);
  const name = attributes.text("name");
  const namespace = attributes.text("namespace") || attributes.recorded("namespace") || "default";
  if (!/^[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?$/.test(name)) attributes.refusals.push("name is none that Helm takes");
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    attributes.refusals.push("namespace is no name of a namespace");
  }
  const origin = chartOriginOf(attributes);
  const version = versionOf(from, attributes);
  const actions = releaseActions(attributes);
  const parts = valuesParts(from, attributes);
  if (attributes.refusals.length > 0 || !origin) {
    return { left: { from, reasons: [...new Set(attributes.refusals)] } };
  }
  const createsNamespace = attributes.flag("create_namespace");
  const decisions = [...new Set(attributes.decisions)];
  return { draft: { from, name, namespace, origin, version, createsNamespace, actions, parts, decisions } };
}

/** What is installed, unless the plan is about to change it. */
function versionOf({ pending }: TerraformRelease, attributes: ReleaseAttributes): string {
  const [wanted, installed] = [attributes.text("version"), attributes.recorded("version")];
  const version = pending === "nothing" ? installed || wanted : wanted || installed;
  if (version === "") {
    attributes.refusals.push(
      "version is not told, and another one would be an upgrade: set it, or give a plan or state",
    );
  } else if (wanted !== "" && version !== wanted && version !== wanted.replace(/^v/, "")) {
    attributes.decisions.push(
      `version is ${JSON.stringify(wanted)} in Terraform; written is what is installed, ${version}`,
    );
  }
  return version;
}

import { configuredReleases } from "./configured-releases.ts";
import { objectOf } from "./json-shape.ts";
import { shownReleases } from "./shown-releases.ts";
import { stateReleases } from "./state-releases.ts";
import { TerraformFileError, type TerraformReleases } from "./terraform-release.ts";

/**
 * Releases of a file of Terraform's: a plan or a state as `terraform show -json` prints it, a state as it is kept, or
 * configuration in JSON. @throws TerraformFileError when it is none of these
 */
export function terraformReleases(text: string): TerraformReleases {
  const document = objectOf(parsed(text));
  if ("planned_values" in document || "format_version" in document) return shownReleases(document);
  if ("version" in document && "lineage" in document) return stateReleases(document);
  const isConfiguration = ["resource", "module", "provider", "terraform", "variable", "locals", "output", "data"].some(
    (block) => block in document,
  );
  if (isConfiguration) return configuredReleases(document);
  throw new TerraformFileError("it is neither a plan, nor a state, nor configuration in JSON");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the file, which may hold secrets.
    throw new TerraformFileError("it is no JSON: plans are shown as such by terraform show -json");
  }
}

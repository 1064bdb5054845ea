import { terraformReleases } from "#adapters/terraform/terraform-file.ts";
import { TerraformFileError, type TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { TerraformOrder } from "#cli/migrate.ts";
import { readText } from "../cli-files.ts";

/** The releases of files, in the order of their addresses. */
export interface ReadReleases {
  readonly wanted: readonly TerraformRelease[];
  /** Those that nobody asked for. */
  readonly others: readonly TerraformRelease[];
  readonly notes: readonly string[];
}

/** Reads files of Terraform's. @throws CliError naming the file that is wrong */
export async function readReleases(
  { files, only }: Pick<TerraformOrder, "files" | "only">,
  signal: AbortSignal,
): Promise<ReadReleases> {
  const releases = new Map<string, TerraformRelease>();
  const notes: string[] = [];
  for (const file of files) {
    const text = await readText(file, signal);
    try {
      const found = terraformReleases(text);
      for (const release of found.releases) addTo(releases, release);
      notes.push(...found.notes);
    } catch (error) {
      if (!(error instanceof TerraformFileError)) throw error;
      throw new CliError(`Cannot migrate ${file}: ${error.message}`, { exitCode: exitCode.usage, cause: error });
    }
  }
  const all = [...releases.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1));
  const isWanted = (release: TerraformRelease) => only.length === 0 || only.some((address) => isAt(release, address));
  return { wanted: all.filter(isWanted), others: all.filter((release) => !isWanted(release)), notes };
}

function addTo(releases: Map<string, TerraformRelease>, release: TerraformRelease): void {
  if (releases.has(release.address)) {
    throw new TerraformFileError(`it tells of ${release.address}, and so does another of the files`);
  }
  releases.set(release.address, release);
}

/** Whether an address is that of a release, of its resource, or of a module that holds it. */
function isAt({ address, resource }: TerraformRelease, wanted: string): boolean {
  return [address, resource].some(
    (one) => one === wanted || one.startsWith(`${wanted}.`) || one.startsWith(`${wanted}[`),
  );
}

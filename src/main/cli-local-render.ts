import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { localTree } from "#adapters/local/local-tree.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { Checkout } from "./cli-checkout.ts";

/** What an app would render to if a directory here were its repository. @throws CliError when there is none */
export async function renderedLocally(
  checkout: Pick<Checkout, "render">,
  directory: string,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const found = await stat(directory).catch(() => null);
  if (!found?.isDirectory()) {
    throw new CliError(`Cannot read ${directory}: there is no such directory`, { exitCode: exitCode.usage });
  }
  return (await checkout.render(localTree(resolve(directory)), signal)).resources;
}

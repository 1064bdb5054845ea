import type { Dialect } from "#core/app/dialect.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { referencedData } from "#engine/followed-objects.ts";
import { readObjects } from "./cli-files.ts";

/** A dialect under the settings that a file of ConfigMaps holds. @throws CliError when they cannot be used */
export async function dialectUnder(dialect: Dialect, file: string, signal: AbortSignal): Promise<Dialect> {
  const [read] = await readObjects([file], signal);
  const { settings } = dialect;
  if (!settings) {
    throw new CliError(`Cannot use --config with --dialect ${dialect.name}: it has no settings`, {
      exitCode: exitCode.usage,
    });
  }
  const found = (read?.objects ?? []).filter(({ kind, metadata }) => {
    return kind === "ConfigMap" && settings.names.includes(metadata.name);
  });
  if (found.length === 0) {
    throw new CliError(`Cannot use ${file} as --config: it holds no ConfigMap ${settings.names.join(" or ")}`, {
      exitCode: exitCode.usage,
    });
  }
  const data = Object.fromEntries(found.map((object) => [object.metadata.name, referencedData(object).text]));
  const { dialect: configured, problems } = settings.configured(data);
  const [problem] = problems;
  if (problem) throw new CliError(`Cannot use ${file}: ${problem.object}: ${problem.path}: ${problem.message}`);
  return configured;
}

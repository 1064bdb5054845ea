import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { localTree } from "#adapters/local/local-tree.ts";
import { dockerConfigCredential, type RegistryCredential } from "#adapters/oci/docker-config.ts";
import type { OciAddress } from "#adapters/oci/oci-address.ts";
import { pushArtifact } from "#adapters/oci/push-artifact.ts";
import type { PushView } from "#contract/push-view.ts";
import { ignoredTree } from "#core/source/source-ignore.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { PushActions, PushOrder } from "#cli/push.ts";
import { readText } from "./cli-files.ts";

/** Pushes files of this machine. */
export const pushActions: PushActions = { artifact };

async function artifact(order: PushOrder, signal: AbortSignal): Promise<PushView> {
  const [, url = "", tag = ""] = /^(oci:\/\/.+):([^:/]+)$/.exec(order.address) ?? [];
  if (url === "" || tag === "") {
    const advice = "Write oci://HOST/REPOSITORY:TAG.";
    throw new CliError(`Cannot push to "${order.address}": it is no address with a tag`, {
      advice,
      exitCode: exitCode.usage,
    });
  }
  if (!statSync(order.path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(`Cannot push ${order.path}: there is no such directory`, { exitCode: exitCode.notFound });
  }
  const { insecure, source, revision } = order;
  const annotations = {
    ...order.annotations,
    "org.opencontainers.image.created": new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    "org.opencontainers.image.source": source,
    "org.opencontainers.image.revision": revision,
  };
  const credential = await credentialFor(order, signal);
  const tree = await ignoredTree(localTree(order.path), null, signal);
  const { digest, files, left } = await pushArtifact({ url, tag, tree, annotations, credential, insecure }, signal);
  return { artifact: `${url}@${digest}`, tag, digest, files, left };
}

/** The user that was named, or what docker's own configuration holds for the registry. */
async function credentialFor(
  { username, passwordFile }: PushOrder,
  signal: AbortSignal,
): Promise<(address: OciAddress) => RegistryCredential> {
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw new CliError("Cannot push: --username and --password-file belong together", { exitCode: exitCode.usage });
  }
  if (username !== undefined && passwordFile !== undefined) {
    const password = (await readText(passwordFile, signal)).replace(/\r?\n$/, "");
    return () => ({ kind: "basic", username, password });
  }
  const path = join(process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error: unknown) => {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return () => ({ kind: "none" });
  return (address) => {
    try {
      return dockerConfigCredential(text, address).credential;
    } catch (error) {
      const why = (error as Error).message.replaceAll("`.dockerconfigjson`", "it");
      const advice = "Programs that keep docker's passwords are not asked: use --username and --password-file.";
      throw new CliError(`Cannot use ${path}: ${why}`, { advice });
    }
  };
}

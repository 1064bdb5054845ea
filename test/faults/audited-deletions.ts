import { readFile } from "node:fs/promises";

interface AuditLine {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestURI: string;
}

/** Records of our own, which nobody else's object depends on. */
const OWN = new Set(["leases", "inventories"]);

/** Deletions that a user sent and the API server carried out, oldest first, as `resource/namespace/name`. */
export async function auditedDeletions(path: string, user: string): Promise<readonly string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line.includes(`"verb":"delete`));
  return lines.flatMap((text) => {
    const line = JSON.parse(text) as AuditLine;
    const { resource = "", namespace = "", name = "*" } = line.objectRef ?? {};
    if (line.user.username !== user || (line.responseStatus?.code ?? 0) >= 300 || OWN.has(resource)) return [];
    return [`${resource}/${namespace}/${name}`];
  });
}

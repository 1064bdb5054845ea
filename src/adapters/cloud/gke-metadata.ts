import { request } from "undici";
import { readBounded } from "../http/read-bounded.ts";
import { CloudError } from "./cloud-error.ts";

/** The cluster of Google's that the controller runs in. */
export interface GkeCluster {
  readonly project: string;
  readonly location: string;
  readonly name: string;
}

const paths = {
  project: "project/project-id",
  location: "instance/attributes/cluster-location",
  name: "instance/attributes/cluster-name",
};
const maxBytes = 4_096;

/** Asks Google's metadata server which cluster this is. @throws CloudError when this is no cluster of Google's */
export async function readGkeCluster(signal: AbortSignal): Promise<GkeCluster> {
  const read = async (path: string) => await readValue(path, signal);
  return { project: await read(paths.project), location: await read(paths.location), name: await read(paths.name) };
}

async function readValue(path: string, signal: AbortSignal): Promise<string> {
  const { GCE_METADATA_HOST: host = "metadata.google.internal" } = process.env;
  const action = `read ${path} from Google's metadata server`;
  try {
    const headers = { "metadata-flavor": "Google" };
    const answer = await request(`http://${host}/computeMetadata/v1/${path}`, { headers, signal });
    const value = (await readBounded(answer.body, maxBytes, signal))?.toString("utf8").trim() ?? "";
    if (answer.statusCode === 200 && /^[\w.:-]+$/.test(value)) return value;
    throw new CloudError(`Cannot ${action}: it answers ${answer.statusCode}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CloudError) throw error;
    const way =
      "off GKE, name the provider in the service account's annotation gcp.auth.fluxcd.io/workload-identity-provider";
    throw new CloudError(`Cannot ${action}: it cannot be reached; ${way}`);
  }
}

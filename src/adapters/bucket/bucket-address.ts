import { isIP } from "node:net";
import type { BucketRemote } from "#core/source/remote.ts";
import { BucketError } from "./bucket-error.ts";

/** Where a bucket is. */
export interface BucketAddress {
  readonly origin: string;
  /** Host and port as they stand in a request. */
  readonly host: string;
  /** What comes before the key in a path, "/" at its end. */
  readonly base: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** How messages name the bucket. */
  readonly name: string;
}

const defaultRegion = "us-east-1";
const amazon = /(^|\.)amazonaws\.com(\.cn)?$/;

/** Reads an endpoint `host[:port]` and a bucket of it. @throws BucketError `refused-address` saying what is wrong */
export function bucketAddress(endpoint: string, { bucket, region, insecure }: BucketRemote): BucketAddress {
  const scheme = insecure ? "http" : "https";
  const { hostname, port } = endpointOf(endpoint, scheme);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket) || bucket.includes("..")) {
    throw refused(`${JSON.stringify(bucket.slice(0, 80))} is no name of a bucket`);
  }
  if (!/^[A-Za-z0-9-]{0,64}$/.test(region)) throw refused(`${JSON.stringify(region.slice(0, 80))} is no region`);
  const isAmazon = amazon.test(hostname) && isIP(hostname) === 0;
  // The one endpoint of all regions would only redirect.
  const server = isAmazon && hostname === "s3.amazonaws.com" && region !== "" ? `s3.${region}.amazonaws.com` : hostname;
  // A name with dots has no certificate as a part of the host's name.
  const isInHost = isAmazon && !bucket.includes(".");
  const host = `${isInHost ? `${bucket}.` : ""}${server}${port === "" ? "" : `:${port}`}`;
  return {
    origin: `${scheme}://${host}`,
    host,
    base: isInHost ? "/" : `/${bucket}/`,
    region: region || defaultRegion,
    name: `bucket "${bucket}" at ${endpoint}`,
  };
}

function endpointOf(endpoint: string, scheme: string): URL {
  if (endpoint.includes("://")) throw refused("the endpoint is a host without https:// before it");
  const parsed = URL.canParse(`${scheme}://${endpoint}`) ? new URL(`${scheme}://${endpoint}`) : undefined;
  const isHost = /^[A-Za-z0-9.:[\]_-]{1,300}$/.test(endpoint) && parsed !== undefined && parsed.hostname !== "";
  if (isHost) return parsed;
  // Somebody may have put credentials there.
  const shown = endpoint.includes("@") ? "it" : JSON.stringify(endpoint.slice(0, 80));
  throw refused(`${shown} is no endpoint, which is a host or a host and a port`);
}

function refused(why: string): BucketError {
  return new BucketError("refused-address", `Cannot use the address of the bucket: ${why}`);
}

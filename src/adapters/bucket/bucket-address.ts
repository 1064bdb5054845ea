import { isIP } from "node:net";
import type { BucketRemote } from "#core/source/remote.ts";
import { BucketError } from "./bucket-error.ts";

/** Where a bucket is. */
export interface BucketAddress {
  readonly origin: string;
  /** Host and port as they stand in a request. */
  readonly host: string;
  /** What comes before everything in a path that is asked for. */
  readonly base: string;
  /** What every request asks besides. */
  readonly query: Readonly<Record<string, string>>;
  /** How messages name the bucket. */
  readonly name: string;
}

/** Hosts of Google's storage, which alone are shown tokens of whom Google knows. */
const google = /^([a-z0-9.-]+\.)?googleapis\.com$/;
/** And those of Azure's. */
const azure = /^[a-z0-9.-]+\.blob\.(core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)|storage\.azure\.net)$/;
const amazon = /(^|\.)amazonaws\.com(\.cn)?$/;

/** Reads an endpoint and a bucket of it. @throws BucketError `refused-address` saying what is wrong */
export function bucketAddress(endpoint: string, remote: BucketRemote): BucketAddress {
  const { bucket, cloud } = remote;
  const { name, address } = (cloud && places[cloud]) ?? s3;
  if (!name.test(bucket) || bucket.includes("..")) {
    throw refused(`${JSON.stringify(bucket.slice(0, 80))} is no name of a bucket`);
  }
  return address(endpoint, remote);
}

/**
 * Whether a token of whom the cloud knows may be shown there: whoever writes the endpoint need not be who owns the token.
 */
export function isOwnHost({ origin }: BucketAddress, cloud: "gcp" | "azure"): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" && { gcp: google, azure }[cloud].test(hostname);
}

interface Place {
  /** What a bucket may be called. */
  readonly name: RegExp;
  readonly address: (endpoint: string, remote: BucketRemote) => BucketAddress;
}

const s3: Place = { name: /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/, address: s3Address };
const places: Readonly<Record<NonNullable<BucketRemote["cloud"]>, Place>> = {
  aws: s3,
  gcp: { name: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, address: gcsAddress },
  azure: { name: /^(\$root|\$web|[a-z0-9][a-z0-9-]{1,61}[a-z0-9])$/, address: azureAddress },
};

function gcsAddress(endpoint: string, { bucket, insecure }: BucketRemote): BucketAddress {
  const { host, origin } = urlOf(endpoint, insecure);
  return { origin, host, base: `/storage/v1/b/${bucket}/o`, query: {}, name: `bucket "${bucket}" at ${host}` };
}

function azureAddress(endpoint: string, { bucket, insecure }: BucketRemote): BucketAddress {
  const { host, origin, pathname, searchParams } = urlOf(endpoint, insecure);
  const base = `${pathname.replace(/\/$/, "")}/${bucket}`;
  return { origin, host, base, query: Object.fromEntries(searchParams), name: `container "${bucket}" at ${host}` };
}

function s3Address(endpoint: string, { bucket, region, insecure }: BucketRemote): BucketAddress {
  const scheme = insecure ? "http" : "https";
  const { hostname, port } = endpointOf(endpoint, scheme);
  if (!/^[A-Za-z0-9-]{0,64}$/.test(region)) throw refused(`${JSON.stringify(region.slice(0, 80))} is no region`);
  const isAmazon = amazon.test(hostname) && isIP(hostname) === 0;
  // The one endpoint of all regions would only redirect.
  const server = isAmazon && hostname === "s3.amazonaws.com" && region !== "" ? `s3.${region}.amazonaws.com` : hostname;
  // A name with dots has no certificate as a part of the host's name.
  const isInHost = isAmazon && !bucket.includes(".");
  const host = `${isInHost ? `${bucket}.` : ""}${server}${port === "" ? "" : `:${port}`}`;
  const base = isInHost ? "/" : `/${bucket}/`;
  return { origin: `${scheme}://${host}`, host, base, query: {}, name: `bucket "${bucket}" at ${endpoint}` };
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

/** An endpoint that may be a whole URL. */
function urlOf(endpoint: string, insecure: boolean): URL {
  const text = endpoint.includes("://") ? endpoint : `${insecure ? "http" : "https"}://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") throw refused("the endpoint is no URL");
  if (url.username !== "" || url.password !== "") throw refused("the endpoint holds a user or a password");
  if (url.protocol === "http:" && !insecure) throw refused("the endpoint is plain http, which needs `insecure: true`");
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refused("the endpoint is neither https nor http");
  return url;
}

function refused(why: string): BucketError {
  return new BucketError("refused-address", `Cannot use the address of the bucket: ${why}`);
}

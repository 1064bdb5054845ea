import type { BucketRemote } from "#core/source/remote.ts";
import { azureProof } from "./azure-proof.ts";
import { azureStorage } from "./azure-storage.ts";
import type { BucketCaller } from "./bucket-caller.ts";
import { gcsProof } from "./gcs-proof.ts";
import { gcsStorage } from "./gcs-storage.ts";
import type { Proof } from "./proof.ts";
import { s3Proof } from "./s3-proof.ts";
import { s3Storage } from "./s3-storage.ts";
import type { Storage } from "./storage.ts";

interface Dialect {
  readonly storage: Storage;
  /** @throws BucketError on an unusable Secret */
  readonly proof: (caller: BucketCaller) => Proof;
}

const s3 = { storage: s3Storage, proof: s3Proof };
const dialects: Readonly<Record<NonNullable<BucketRemote["cloud"]>, Dialect>> = {
  aws: s3,
  azure: { storage: azureStorage, proof: azureProof },
  gcp: { storage: gcsStorage, proof: gcsProof },
};

/** How the storage of a bucket is spoken to. */
export function dialectOf({ cloud }: BucketRemote): Dialect {
  return cloud === undefined ? s3 : dialects[cloud];
}

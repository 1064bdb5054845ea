import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { goBuild } from "#adapters/go-program.ts";

/** An artifact to sign, and who the keyless signer is. */
export interface SigningOrder {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly subject: string;
  readonly issuer: string;
}

/** What was signed; bytes are in base64. */
export interface SignedArtifact {
  /** That of the authorities and logs which the keyless signatures were made with, and another one. */
  readonly trustedRoot: object;
  readonly stranger: object;
  readonly bundle: object;
  readonly payload: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The authority of the two envelopes, in PEM form. */
  readonly certificate: string;
  readonly jws: string;
  readonly cose: string;
  /** By a certificate that names a server which knows whether it was revoked. */
  readonly revocable: string;
  readonly revocableCertificate: string;
}

/** Signs an artifact by the libraries themselves, in a program that only tests use. */
export async function signedArtifact(order: SigningOrder): Promise<SignedArtifact> {
  const { sources, flags, environment } = goBuild("upstream-all");
  // The same flags as for the helper, or Go would compile every library once more.
  const child = spawn("go", ["run", ...flags, "-tags", "all", "./ocifixtures"], {
    cwd: sources,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(JSON.stringify(order));
  const [made, complaints, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (status !== 0) throw new Error(`nothing was signed: ${complaints}`);
  return JSON.parse(made) as SignedArtifact;
}

import type { Lookup } from "#core/app/dialect.ts";
import { globMatches } from "#core/policy/glob.ts";
import { base64OfText } from "#core/resource/base64.ts";
import { digestText } from "#core/resource/digest.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { CommitVerification } from "#core/source/source.ts";
import { SIGNING_KEYS } from "./config-kinds.ts";
import { fieldAt } from "./fields.ts";
import { comparableUrl } from "./git-url.ts";
import type { ProjectFields } from "./project-schema.ts";

type GitPolicy = NonNullable<ProjectFields["sourceIntegrity"]>["git"]["policies"][number];

/** Names a key whatever its length was: the end of its fingerprint. */
const KEY = /^[0-9A-F]{16,40}$/i;
const MODES = ["none", "head"];

/** What is wrong with how a project wants commits to be signed: nobody knows what it allows then. */
export function integrityProblems(project: string, limits: ProjectFields): Problem[] {
  const root = `AppProject ${project}: spec`;
  const problem = (path: string, what: string) => ({ path, message: `${path} ${what}` });
  const ids = (limits.signatureKeys ?? []).map(
    ({ keyID }, index) => [`${root}.signatureKeys[${index}]`, keyID] as const,
  );
  const policies = limits.sourceIntegrity?.git.policies ?? [];
  const listed = policies.flatMap(({ gpg }, index) =>
    gpg.keys.map((id) => [`${root}.sourceIntegrity.git.policies[${index}]`, id] as const),
  );
  return [
    ...[...ids, ...listed].flatMap(([path, id]) => (KEY.test(id) ? [] : [problem(path, "names no key by its ID")])),
    ...policies.flatMap(({ gpg }, index) => {
      const path = `${root}.sourceIntegrity.git.policies[${index}].gpg.mode`;
      return MODES.includes(gpg.mode)
        ? []
        : [problem(path, `${JSON.stringify(gpg.mode.slice(0, 40))} is not supported yet`)];
    }),
  ];
}

/** Who must have signed the commits of a repository; null: anybody may have written them. */
export function requiredSigners(limits: ProjectFields, url: string): Result<readonly string[] | null, Problem> {
  const matching = (limits.sourceIntegrity?.git.policies ?? []).filter((policy) => isAbout(policy, url));
  if (matching.length > 1) {
    const message = `several policies of sourceIntegrity.git are about ${url}; leave one`;
    return refused({ path: "spec.source.repoURL", message });
  }
  const [policy] = matching;
  if (policy) return ok(policy.gpg.mode === "none" ? null : policy.gpg.keys);
  const { signatureKeys = [] } = limits;
  if (limits.sourceIntegrity || signatureKeys.length === 0) return ok(null);
  return ok(signatureKeys.map(({ keyID }) => keyID));
}

/** Asks for a signature by one of these keys, of those that the installation knows. */
export function verificationBy(
  ids: readonly string[],
  { lookup, controlNamespace }: { readonly lookup: Lookup; readonly controlNamespace: string },
): CommitVerification {
  const known = fieldAt(lookup("ConfigMap", controlNamespace, SIGNING_KEYS), "data") ?? {};
  const keys = Object.entries(known as Readonly<Record<string, string>>).filter(([id]) =>
    ids.some((one) => isSame(one, id)),
  );
  const name = { namespace: controlNamespace, name: SIGNING_KEYS };
  const data = Object.fromEntries(keys.map(([id, armored]) => [`${id}.asc`, base64OfText(armored)]));
  const secret = { apiVersion: "v1", kind: "Secret", metadata: name, data };
  const version = digestText(keys.map(([, armored]) => armored).join("\n"));
  return { commit: true, tag: false, tagFirst: true, keys: name, held: { version, open: () => secret } };
}

/** Long and short names of one key end alike. */
function isSame(wanted: string, id: string): boolean {
  const [a, b] = [wanted.toUpperCase(), id.toUpperCase()];
  return KEY.test(b) && (a.endsWith(b) || b.endsWith(a));
}

function isAbout({ repos }: GitPolicy, url: string): boolean {
  const wanted = comparableUrl(url);
  const fits = (pattern: string) => pattern === "*" || globMatches(comparableUrl(pattern), wanted, "/");
  const urls = repos.map((repo) => repo.url);
  const isDenied = urls.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)));
  return !isDenied && urls.some((pattern) => !pattern.startsWith("!") && fits(pattern));
}

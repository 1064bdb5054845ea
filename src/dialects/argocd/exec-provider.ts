import type { CloudWay, CommandWay } from "#core/cluster/described-cluster.ts";

/** A program that prints what a cluster takes, as a cluster's Secret names it. */
export type ExecProvider = Omit<CommandWay, "kind">;

type Flags = ReadonlyMap<string, string>;

const none = { name: "", region: "", role: "", scope: "" } as const;

/** What programs of clouds print is got from those clouds without running them; by their name and first words. */
const PROGRAMS: readonly { readonly words: readonly string[]; readonly wayOf: (flags: Flags) => Partial<CloudWay> }[] =
  [
    { words: ["argocd-k8s-auth", "aws"], wayOf: (flags) => aws(flags, "cluster-name") },
    { words: ["argocd-k8s-auth", "azure"], wayOf: () => ({ cloud: "azure" }) },
    { words: ["argocd-k8s-auth", "gcp"], wayOf: () => ({ cloud: "gcp" }) },
    { words: ["aws", "eks", "get-token"], wayOf: (flags) => aws(flags, "cluster-name") },
    { words: ["aws-iam-authenticator", "token"], wayOf: (flags) => aws(flags, flags.has("i") ? "i" : "cluster-id") },
    { words: ["gke-gcloud-auth-plugin"], wayOf: () => ({ cloud: "gcp" }) },
    { words: ["kubelogin", "get-token"], wayOf: (flags) => ({ cloud: "azure", scope: scopeOf(flags) }) },
  ];

/** The cloud that a program would ask; null for a program that must be run. */
export function cloudWay({ command, args, env }: ExecProvider): CloudWay | null {
  const program = command.split("/").at(-1) ?? "";
  const words = [program, ...args];
  const known = PROGRAMS.find((one) => one.words.every((word) => words.includes(word)) && one.words[0] === program);
  const way = known?.wayOf(flagsOf(args));
  if (way?.cloud === undefined) return null;
  const region = way.region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || "";
  return { ...none, cloud: way.cloud, ...way, region, kind: "cloud" };
}

function aws(flags: Flags, cluster: string): Partial<CloudWay> {
  // A profile is of files that are not there, so whoever names one runs the program.
  if (flags.has("profile")) return {};
  const role = flags.get("role-arn") ?? flags.get("role") ?? flags.get("r") ?? "";
  return { cloud: "aws", name: flags.get(cluster) ?? "", region: flags.get("region") ?? "", role };
}

function scopeOf(flags: Flags): string {
  const server = flags.get("server-id") ?? "";
  return server === "" ? "" : `${server}/.default`;
}

/** `--name value`, `--name=value` and `-n value`. */
function flagsOf(args: readonly string[]): Flags {
  const flags = new Map<string, string>();
  for (const [index, word] of args.entries()) {
    const [, name, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined) flags.set(name, value ?? args[index + 1] ?? "");
  }
  return flags;
}

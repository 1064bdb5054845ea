import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** What is built at once: a Go module of this repository, or one with more of its files. */
export type GoBuildName = "cluster" | "upstream" | "upstream-all" | "services";

/** A program that one of the Go modules builds, by its file name. */
export type GoProgramName =
  "controlplane" | "kwok" | "holdfast-upstream" | "holdfast-upstream-all" | "registry" | "s3" | "cmp";

interface GoProgram {
  readonly build: GoBuildName;
  readonly package: string;
  /** Build tags, for files that only this program has. */
  readonly tags?: string;
  readonly variable: string;
}

/** Which module and package each program comes from, and the variable that names an installed one. */
export const goPrograms: Readonly<Record<GoProgramName, GoProgram>> = {
  controlplane: { build: "cluster", package: ".", variable: "HOLDFAST_CONTROLPLANE" },
  kwok: { build: "cluster", package: "./kwok", variable: "HOLDFAST_KWOK" },
  "holdfast-upstream": { build: "upstream", package: ".", variable: "HOLDFAST_UPSTREAM" },
  // The libraries that most apps do not need, because they weigh on every process that holds them.
  "holdfast-upstream-all": { build: "upstream-all", package: ".", tags: "all", variable: "HOLDFAST_UPSTREAM_ALL" },
  registry: { build: "services", package: "./registry", variable: "HOLDFAST_REGISTRY" },
  cmp: { build: "services", package: "./cmp", variable: "HOLDFAST_CMP" },
  s3: { build: "services", package: "./s3", variable: "HOLDFAST_S3" },
};

const oldestGo = { major: 1, minor: 26 };
const howToInstallGo = "install Go 1.26 or newer from https://go.dev/dl and put it on the PATH";

/** Thrown when a Go program cannot be found or built; the message says what to do. */
export class GoProgramError extends Error {
  override readonly name = "GoProgramError";
}

/**
 * Path of an executable: the one that its environment variable names, else the one built from this checkout.
 * @throws GoProgramError when it was not built yet or Go is missing.
 */
export function goProgramPath(name: GoProgramName): string {
  const program = goPrograms[name];
  const installed = process.env[program.variable];
  if (installed !== undefined && installed !== "") return installed;
  const path = join(goBuild(program.build).directory, name);
  if (existsSync(path)) return path;
  throw new GoProgramError(
    `Cannot run ${name}: it is not built yet; run "node_modules/.bin/node tools/build-go.ts ${program.build}" in the Holdfast folder`,
  );
}

/** How Go programs are built and the folder, outside the checkout, where its finished programs lie. */
export interface GoBuild {
  readonly sources: string;
  readonly directory: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Describes one build; the folder's name changes with its sources, flags and Go version.
 * @throws GoProgramError when Go is missing or too old.
 */
export function goBuild(name: GoBuildName): GoBuild {
  const sources = join(import.meta.dirname, "../..", name === "upstream-all" ? "upstream" : name);
  const files = goFiles(sources);
  const flags = ["-trimpath", "-buildvcs=false", `-ldflags=${linkerFlags(join(sources, "go.mod"))}`];
  // Without C the program is static and runs on any distribution.
  const environment = { CGO_ENABLED: "0" };
  // Only these programs: one more elsewhere is no reason to build them again.
  const programs = Object.entries(goPrograms).filter(([, program]) => program.build === name);
  const hash = createHash("sha256").update(JSON.stringify([flags, environment, goVersion(), programs]));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(sources, file)));
  const key = hash.digest("hex").slice(0, 16);
  return { sources, directory: join(cacheRoot(), `${name}-${key}`), flags, environment };
}

/** Folder that keeps what was built and can be built again; it may be removed at any time. */
function cacheRoot(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "holdfast");
}

function goFiles(sources: string): string[] {
  const listed = existsSync(sources) ? readdirSync(sources, { recursive: true, encoding: "utf8" }) : [];
  const files = listed.filter((file) => /(\.go|(^|\/)go\.(mod|sum))$/.test(file) && !file.endsWith("_test.go"));
  if (files.includes("go.mod")) return files.sort();
  throw new GoProgramError(
    `Cannot find the Go sources in ${sources}: outside a checkout, name the installed programs by ${Object.values(
      goPrograms,
    )
      .map((program) => program.variable)
      .join(", ")}`,
  );
}

function linkerFlags(goModPath: string): string {
  const version = /\sk8s\.io\/kubernetes v(\d+)\.(\d+)\.(\d+)/.exec(readFileSync(goModPath, "utf8"));
  if (version === null) return "-s -w";
  const [, major, minor, patch] = version;
  // An unstamped Kubernetes calls itself v0.0.0-master, which clients rightly refuse.
  const stamp = { gitVersion: `v${major}.${minor}.${patch}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const stamps = Object.entries(stamp).flatMap(([field, value]) =>
    ["component-base", "client-go/pkg"].map((path) => `-X k8s.io/${path}/version.${field}=${value}`),
  );
  return ["-s -w", ...stamps].join(" ");
}

function goVersion(): string {
  // Outside any module, so that the answer is about the installed Go and downloads no other.
  const answer = spawnSync("go", ["env", "GOVERSION", "GOOS", "GOARCH"], { cwd: tmpdir(), encoding: "utf8" });
  if (answer.error !== undefined || answer.status !== 0) {
    throw new GoProgramError(`Cannot find Go: ${howToInstallGo}`, { cause: answer.error });
  }
  const version = answer.stdout.trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const isOld =
    major !== undefined &&
    minor !== undefined &&
    (major < oldestGo.major || (major === oldestGo.major && minor < oldestGo.minor));
  if (isOld) throw new GoProgramError(`Cannot use ${version.split("\n")[0]}: ${howToInstallGo}`);
  return version;
}

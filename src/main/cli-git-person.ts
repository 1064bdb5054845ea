import { execFile } from "node:child_process";
import { homedir, userInfo } from "node:os";
import { promisify } from "node:util";
import type { CommitAuthor, CommitSigning } from "#adapters/git/commit-push.ts";
import type { GitCredential } from "#adapters/git/git-credential.ts";
import { CliError } from "#cli/cli-error.ts";

const execute = promisify(execFile);

/** The person's own git configuration here; "" for what is not set. */
async function gitConfig(name: string, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await execute("git", ["config", "--get", name], { signal });
    return stdout.trim();
  } catch {
    signal.throwIfAborted();
    return "";
  }
}

/** Who makes a commit: as named, else as git knows the person. @throws CliError when neither tells */
export async function commitAuthor(named: string | undefined, signal: AbortSignal): Promise<CommitAuthor> {
  if (named !== undefined) {
    const match = /^\s*([^<>\n]+?)\s*<([^<>\s]+)>\s*$/.exec(named);
    if (match?.[1] && match[2]) return { name: match[1], email: match[2] };
    throw new CliError(`Cannot use "${named}" as author`, { advice: 'Write --author "Name <email>".' });
  }
  const name = process.env["GIT_AUTHOR_NAME"] || (await gitConfig("user.name", signal));
  const email = process.env["GIT_AUTHOR_EMAIL"] || (await gitConfig("user.email", signal));
  if (name && email) return { name, email };
  throw new CliError("Cannot make a commit: git does not know who you are", {
    advice:
      'Tell it: git config --global user.name "Name"; git config --global user.email you@example.com; or use --author',
  });
}

/** How the person signs commits; null when no key is configured or signing is off. */
export async function commitSigning(signal: AbortSignal): Promise<CommitSigning | null> {
  const key = await gitConfig("user.signingkey", signal);
  const wanted = await gitConfig("commit.gpgsign", signal);
  if (key === "" || /^(false|no|off|0)$/i.test(wanted)) return null;
  const format = (await gitConfig("gpg.format", signal)) === "ssh" ? "ssh" : "openpgp";
  const names = ["HOME", "GNUPGHOME", "GPG_TTY", "GPG_AGENT_INFO", "SSH_AUTH_SOCK", "PATH"];
  const env = Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  return { format, key: key.replace(/^~(?=\/)/, homedir()), env };
}

/** The credential that the person's own git helpers know for an http(s) address; null when they know none. */
export async function personCredential(url: string, signal: AbortSignal): Promise<GitCredential | null> {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return null;
  const question = `protocol=${parsed.protocol.slice(0, -1)}\nhost=${parsed.host}\npath=${parsed.pathname.slice(1)}\n\n`;
  const env = { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "", SSH_ASKPASS: "" };
  const asking = execute("git", ["credential", "fill"], { signal, env, timeout: 20_000 });
  asking.child.stdin?.end(question);
  try {
    const { stdout } = await asking;
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1];
    const [username, password] = [value("username"), value("password")];
    return username && password ? { kind: "basic", username, password } : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Name of the person at this terminal, for records. */
export async function personName(signal: AbortSignal): Promise<string> {
  const name = await gitConfig("user.name", signal);
  if (name !== "") return name;
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

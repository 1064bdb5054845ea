import { randomBytes } from "node:crypto";

/** Someone whom the API server knows by a bearer token. */
export interface ClusterUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Users by name with a fresh random token each. */
export type UserTokens = ReadonlyMap<string, { readonly user: ClusterUser; readonly token: string }>;

const everything = "system:masters";

/** The person's own user, who may do everything. */
export const adminUser = "admin";

/** Users that the control plane's own programs act as, so that an audit log tells them apart. */
export const systemUsers = {
  controllerManager: "system:kube-controller-manager",
  scheduler: "system:kube-scheduler",
  kwok: "system:kwok",
} as const;

/** Gives the administrator, the control plane's own programs and `users` a random token each. */
export function issueTokens(users: readonly ClusterUser[]): UserTokens {
  const own = [adminUser, ...Object.values(systemUsers)].map((name) => ({ name, groups: [everything] }));
  const issued = [...own, ...users].map((user) => {
    const token = randomBytes(32).toString("base64url");
    return [user.name, { user, token }] as const;
  });
  const tokens = new Map(issued);
  if (tokens.size === issued.length) return tokens;
  throw new Error(`Cannot add users ${users.map((user) => user.name).join(", ")}: each name must be new and unique`);
}

/** The API server's token file: token, user name, user id and groups on each line. */
export function tokenFileText(tokens: UserTokens): string {
  const lines = [...tokens.values()].map(({ user, token }) =>
    [token, user.name, user.name, user.groups.join(",")].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","),
  );
  return `${lines.join("\n")}\n`;
}

/** The token of one user; throws, naming those there are, when nobody has this name. */
export function tokenOf(tokens: UserTokens, user: string): string {
  const found = tokens.get(user);
  if (found !== undefined) return found.token;
  throw new Error(`Cannot act as "${user}": the control plane knows ${[...tokens.keys()].join(", ")}`);
}

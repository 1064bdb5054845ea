/** The Secret that says by what services prove who they are. */
export const WEBHOOK_SECRET = "argocd-secret";

const KEYS = {
  github: "webhook.github.secret",
  gitlab: "webhook.gitlab.secret",
  gogs: "webhook.gogs.secret",
  bitbucket: "webhook.bitbucket.uuid",
  bitbucketserver: "webhook.bitbucketserver.secret",
} as const;
const AZURE = { user: "webhook.azuredevops.username", password: "webhook.azuredevops.password" } as const;

/** What each service shows, from the entries of that Secret; `$key` stands for another of its entries. */
export function webhookSecrets(entries: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entry = (key: string) => (Object.hasOwn(entries, key) ? (entries[key] ?? "") : "");
  const read = (key: string) => {
    const text = entry(key);
    return (text.startsWith("$") && entry(text.slice(1))) || text;
  };
  const found = Object.entries(KEYS).map(([service, key]) => [service, read(key).trim()] as const);
  const [user, password] = [read(AZURE.user), read(AZURE.password)];
  const azure = user && password ? [["azuredevops", `${user}:${password}`] as const] : [];
  return Object.fromEntries([...found, ...azure].filter(([, secret]) => secret !== ""));
}

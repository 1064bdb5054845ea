/** Services that tell of pushes. */
export type HookService = "github" | "gitlab" | "gogs" | "bitbucket" | "bitbucketserver" | "azuredevops";

/** Headers by their names in lower case. */
export type HookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a service tells. */
export interface HookEvent {
  /** Addresses of the repository that it is about. */
  readonly urls: readonly string[];
  readonly aboutPullRequest: boolean;
}

interface ServiceRow {
  readonly service: HookService;
  /** Header that this service alone sends. */
  readonly by: string;
  /** Where the event is named. */
  readonly event: { readonly header: string } | { readonly field: readonly string[] };
  /** Members that hold addresses, or lists of them. */
  readonly urls: readonly (readonly string[])[];
}

/** The first that fits counts: servers of Gogs' kind send GitHub's headers too. */
const SERVICES: readonly ServiceRow[] = [
  {
    service: "azuredevops",
    by: "x-vss-activityid",
    event: { field: ["eventType"] },
    urls: [["resource", "repository", "remoteUrl"]],
  },
  {
    service: "gogs",
    by: "x-gogs-event",
    event: { header: "x-gogs-event" },
    urls: [
      ["repository", "html_url"],
      ["repository", "clone_url"],
      ["repository", "ssh_url"],
    ],
  },
  {
    service: "github",
    by: "x-github-event",
    event: { header: "x-github-event" },
    urls: [
      ["repository", "html_url"],
      ["repository", "clone_url"],
      ["repository", "ssh_url"],
    ],
  },
  {
    service: "gitlab",
    by: "x-gitlab-event",
    event: { header: "x-gitlab-event" },
    urls: [
      ["project", "web_url"],
      ["project", "git_http_url"],
      ["project", "git_ssh_url"],
    ],
  },
  {
    service: "bitbucket",
    by: "x-hook-uuid",
    event: { header: "x-event-key" },
    urls: [["repository", "links", "html", "href"]],
  },
  {
    service: "bitbucketserver",
    by: "x-event-key",
    event: { header: "x-event-key" },
    urls: [["repository", "links", "clone"]],
  },
];

const PULL_REQUEST = /^(?:pull_?request\b|pullrequest:|pr:|merge request hook$|git\.pullrequest\.)/i;

/** Which service sent a request, by its headers; null: none that is known. */
export function hookServiceOf(headers: HookHeaders): HookService | null {
  return SERVICES.find(({ by }) => headers[by] !== undefined)?.service ?? null;
}

/** What a service tells by headers and body; the body may be anything. */
export function hookEventOf(service: HookService, headers: HookHeaders, body: unknown): HookEvent {
  const row = SERVICES.find((one) => one.service === service);
  if (!row) return { urls: [], aboutPullRequest: false };
  const { event, urls } = row;
  const name = "header" in event ? headers[event.header] : memberAt(body, event.field);
  return {
    urls: urls.flatMap((path) => textsIn(memberAt(body, path))),
    aboutPullRequest: typeof name === "string" && PULL_REQUEST.test(name),
  };
}

/** A text, or those that a list of links holds. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  if (!Array.isArray(value)) return [];
  return value.flatMap((link: unknown) => textsIn(memberAt(link, ["href"])));
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => {
    const isMap = typeof at === "object" && at !== null && !Array.isArray(at);
    return isMap && Object.hasOwn(at, name) ? (at as Readonly<Record<string, unknown>>)[name] : undefined;
  }, value);
}

import type { ReleaseAttributes } from "./release-attributes.ts";

/** Where a chart comes from. */
export interface ChartOrigin {
  /** Without credentials and final slash. */
  readonly url: string;
  readonly type: "default" | "oci";
  readonly chart: string;
  readonly passCredentials: boolean;
  /** null: there is one that only Terraform knows. */
  readonly username: string | null;
  /** Whether the user is a secret too. */
  readonly isUserSecret: boolean;
  /** null: there is one that only Terraform knows. */
  readonly password: string | null;
  /** Files of the machine where Terraform runs, by the key that they have in a Secret. */
  readonly certificates: Readonly<Record<string, string>>;
}

/** Where the chart of a release comes from; undefined, with a refusal, when no repository is told. */
export function chartOriginOf(attributes: ReleaseAttributes): ChartOrigin | undefined {
  const before = attributes.refusals.length;
  const [repository, chart] = [attributes.text("repository"), attributes.text("chart")];
  if (attributes.refusals.length > before) return undefined;
  const place = placeOf(repository, chart);
  if (typeof place === "string") {
    attributes.refusals.push(place);
    return undefined;
  }
  const files = { "ca.crt": "repository_ca_file", "tls.crt": "repository_cert_file", "tls.key": "repository_key_file" };
  const named = Object.entries(files).map(([key, name]) => [key, attributes.text(name)]);
  const url = new URL(place.url);
  const username = attributes.secretText("repository_username");
  const password = attributes.secretText("repository_password");
  const origin = {
    ...place,
    passCredentials: attributes.flag("pass_credentials"),
    username: username === "" ? decodeURIComponent(url.username) : username,
    isUserSecret: attributes.isSecret("repository_username"),
    password: password === "" ? decodeURIComponent(url.password) : password,
    certificates: Object.fromEntries(named.filter(([, path]) => path !== "")) as Readonly<Record<string, string>>,
  };
  if (url.search !== "" || url.hash !== "") {
    attributes.refusals.push("repository holds a query, which the address of a repository cannot have");
  }
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return { ...origin, url: url.href.replace(/\/+$/, "") };
}

type Place = Pick<ChartOrigin, "url" | "type" | "chart">;

/** The repository and the name of the chart in it, or why there is none. */
function placeOf(repository: string, chart: string): Place | string {
  if (chart === "") return "chart is empty";
  if (chart.startsWith("oci://")) return registryPlace(chart);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(chart)) {
    return "chart is the address of a file: name the repository that holds it in repository, or put the chart into Git";
  }
  if (repository.startsWith("oci://")) return registryPlace(`${repository.replace(/\/+$/, "")}/${chart}`);
  if (/^https?:\/\//.test(repository)) {
    if (!URL.canParse(repository)) return "repository is no address";
    return { url: repository, type: "default", chart };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(repository)) {
    return "repository needs a plugin of Helm: copy its charts to a repository over https or to a registry";
  }
  if (/^[./~]/.test(chart) || /^[./~]/.test(repository)) {
    return "chart is a folder of the machine where Terraform runs: put it into Git, and refer to it with a GitRepository in spec.chart";
  }
  return "no address of a repository is told: aliases of helm repo add and folders are known only where Terraform runs; set repository, or put the chart into Git";
}

function registryPlace(address: string): Place | string {
  const [, url = "", chart = ""] = /^(oci:\/\/.+)\/([^/]+)$/.exec(address.replace(/\/+$/, "")) ?? [];
  if (chart === "" || !URL.canParse(url)) return "chart is no address in a registry";
  if (/[:@]/.test(chart)) return "chart names a tag or a digest: give the version in version";
  return { url, type: "oci", chart };
}

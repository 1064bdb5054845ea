import { HelmError } from "./helm-error.ts";

/** Reads the address of a chart repository over http. @throws HelmError `refused-url` saying what is wrong with it */
export function repositoryAddress(text: string): URL {
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x20\x7f]/.test(text) || !URL.canParse(text)) throw refused("it is no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refused(`the scheme ${JSON.stringify(url.protocol.slice(0, 20))} is not supported; use https, http or oci`);
  }
  if (url.username !== "" || url.password !== "") throw refused("it holds credentials, which belong into a Secret");
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Where a chart is that the index names: relative to the repository, of which the query goes along. @throws HelmError */
export function chartAddress(base: URL, text: string): URL {
  const url = URL.canParse(text, base.href) ? new URL(text, base) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const state = `the index has it at ${JSON.stringify(text.slice(0, 200))}, which is no address for http`;
    throw new HelmError("refused-url", `Cannot read the chart: ${state}`);
  }
  url.username = "";
  url.password = "";
  if (url.search === "" && !URL.canParse(text)) url.search = base.search;
  return url;
}

function refused(why: string): HelmError {
  return new HelmError("refused-url", `Cannot use the address of the chart repository: ${why}`);
}

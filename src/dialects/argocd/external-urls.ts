import type { ObjectReport } from "#core/app/app-report.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, textAt } from "./fields.ts";

const LINK = "link.argocd.argoproj.io/";
const NO_DEFAULTS = "argocd.argoproj.io/ignore-default-links";
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const INGRESS_GROUPS = ["networking.k8s.io", "extensions"];

/** Where an app is found, sorted, each once: what annotations say of the app and its objects, and what Ingresses serve. */
export function externalUrlsOf(app: Resource, objects: readonly ObjectReport[]): string[] {
  const found = objects.flatMap((report) => {
    const object = report.live ?? report.declared;
    return object ? [...linksOf(object), ...ingressUrls(object)] : [];
  });
  return [...new Set([...linksOf(app), ...found])].sort();
}

/** `url`, or `title|url`. Others than those of the web could do something when they are opened. */
function linksOf(object: Resource): string[] {
  const links = Object.entries(annotationsOf(object)).filter(([name]) => name.startsWith(LINK));
  return links.map(([, value]) => value).filter((value) => /^(?:[^|]*\|)?https?:\/\/[^|\s]+$/i.test(value));
}

function ingressUrls(ingress: Resource): string[] {
  const [group = ""] = ingress.apiVersion.split("/");
  if (ingress.kind !== "Ingress" || !INGRESS_GROUPS.includes(group)) return [];
  if (TRUE.includes(annotationsOf(ingress)[NO_DEFAULTS] ?? "")) return [];
  return listAt(ingress["spec"], "rules").flatMap((rule) => {
    const host = textAt(rule, "host") || addressOf(ingress);
    if (host === "") return [];
    const scheme = isEncrypted(ingress, host) ? "https" : "http";
    return listAt(fieldAt(rule, "http"), "paths").map(
      (path) => `${scheme}://${host}${textAt(path, "path").replace(/\*$/, "")}`,
    );
  });
}

/** Of the load balancer, where no name is asked for. */
function addressOf(ingress: Resource): string {
  const given = listAt(fieldAt(ingress["status"], "loadBalancer"), "ingress");
  return given.map((one) => textAt(one, "hostname") || textAt(one, "ip")).find(Boolean) ?? "";
}

function isEncrypted(ingress: Resource, host: string): boolean {
  const lists = listAt(ingress["spec"], "tls");
  return lists.some((entry) => textAt(entry, "secretName") !== "" || listAt(entry, "hosts").includes(host));
}

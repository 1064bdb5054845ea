import type { ProviderAddress, ProviderCalls } from "#core/app/provider.ts";
import type { ApiAnswer, ProviderApi } from "./provider-api.ts";

/** Where a call goes. */
export interface ProviderPlace {
  readonly api: ProviderApi;
  readonly address: ProviderAddress;
}

type Call<Kind extends keyof ProviderCalls> = (
  place: ProviderPlace,
  ask: ProviderCalls[Kind]["ask"],
  signal: AbortSignal,
) => Promise<ProviderCalls[Kind]["answer"]>;

/** One service: where it is, how it is shown who asks, and its calls. */
export interface Provider {
  /** The address of its interface, without a slash at its end. */
  base(api: string): string;
  headers(user: string, secret: string): Readonly<Record<string, string>>;
  readonly repositories: Call<"repositories">;
  readonly branches: Call<"branches">;
  readonly path: Call<"path">;
  readonly pulls: Call<"pulls">;
}

/** An address without slashes at its end. */
export function trimmed(address: string): string {
  return address.replace(/\/+$/, "");
}

/** A user with a password, as HTTP wants it. */
export function basic(user: string, secret: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` };
}

/** The value at a path of names in JSON as text; "" when there is none. */
export function textIn(value: unknown, ...path: readonly string[]): string {
  const found = memberIn(value, ...path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

/** The list at a path of names. */
export function listIn(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = memberIn(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The value at a path of names. */
export function memberIn(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => {
    return typeof at === "object" && at !== null ? (at as Readonly<Record<string, unknown>>)[name] : undefined;
  }, value);
}

/** The page that a `Link` header calls the next. */
export function linkedNext({
  headers,
}: ApiAnswer): { readonly path: string; readonly query: object & Record<string, string> } | null {
  const { link } = headers;
  const path = typeof link === "string" ? /<([^>]+)>;\s*rel="?next"?/.exec(link)?.[1] : undefined;
  return path === undefined ? null : { path, query: {} };
}

/** A path with its parts made fit for an address. */
export function encodedPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

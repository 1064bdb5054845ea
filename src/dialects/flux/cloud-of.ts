import type { Cloud } from "#core/source/remote.ts";

/** Who vouches for who asks a source's server, as a part of its remote; nobody for the generic provider. */
export function cloudOf<P extends string>(spec: {
  readonly provider?: P | undefined;
}): { readonly cloud?: Extract<P, Cloud> } {
  const { provider } = spec;
  return provider === undefined || !isCloud(provider) ? {} : { cloud: provider };
}

function isCloud<P extends string>(provider: P): provider is Extract<P, Cloud> {
  return provider === "aws" || provider === "azure" || provider === "gcp";
}

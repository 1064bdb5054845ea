/** Whether a provider's name, or the reference to its configuration, means hashicorp/helm of any registry. */
export function isHelmProvider(name: string): boolean {
  const source = /provider\["([^"]+)"\]/.exec(name)?.[1] ?? name;
  // Before Terraform 0.13 a provider had one word.
  return source === "helm" || source === "provider.helm" || /(?:^|\/)hashicorp\/helm$/.test(source);
}

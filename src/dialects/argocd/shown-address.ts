const ADDRESS_CREDENTIAL = /^([a-z][a-z0-9+.-]*:\/\/)[^/@]*:[^/]*@/i;

/** An address without the password that somebody wrote into it. */
export function shownAddress(address: string): string {
  return address.replace(ADDRESS_CREDENTIAL, "$1");
}

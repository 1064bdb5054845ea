/** Whether a list of hosts says that an address is reached without the proxy: names, `.suffixes`, addresses, IPv4 ranges, `*`. */
export function isExempt(url: string, list: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const at = port || (protocol === "http:" ? "80" : "443");
  return entriesOf(list).some((entry) => matches(entry, host, at));
}

/** The entries of a list that mean nothing here. */
export function unknownExemptions(list: string): readonly string[] {
  return entriesOf(list).filter((entry) => entry.includes("/") && rangeOf(entry) === null);
}

function entriesOf(list: string): readonly string[] {
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  return entries.filter((entry) => entry !== "");
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const range = rangeOf(entry);
  if (range) {
    const bits = bitsOf(host);
    return bits !== null && bits >>> range.free === range.bits >>> range.free;
  }
  const [, name = "", wanted] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const plain = name.replace(/^\[|\]$/g, "").replace(/^\*(?=\.)/, "");
  if (plain.startsWith(".")) return host.endsWith(plain);
  return host === plain || (bitsOf(host) === null && host.endsWith(`.${plain}`));
}

function rangeOf(entry: string): { readonly bits: number; readonly free: number } | null {
  const [, address = "", length = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(entry) ?? [];
  const bits = bitsOf(address);
  // A shift by 32 is none.
  return bits === null || Number(length) > 32 || length === "0" ? null : { bits, free: 32 - Number(length) };
}

function bitsOf(address: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((bits, part) => (bits << 8) | part, 0) >>> 0;
}

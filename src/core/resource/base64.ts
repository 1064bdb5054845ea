const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 of a text's UTF-8 bytes, as Secret data holds it; half a surrogate pair becomes U+FFFD. */
export function base64OfText(text: string): string {
  const bytes = utf8Of(text);
  let encoded = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    const block = (first << 16) | (second << 8) | third;
    const rest = bytes.length - at;
    encoded += digit(block >> 18) + digit(block >> 12);
    encoded += (rest > 1 ? digit(block >> 6) : "=") + (rest > 2 ? digit(block) : "=");
  }
  return encoded;
}

/** The text whose UTF-8 bytes a Secret's data holds; bytes that are no UTF-8 become one character each. */
export function textOfBase64(encoded: string): string {
  let [bits, held, escaped, plain] = [0, 0, "", ""];
  for (const character of encoded) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    held &= (1 << bits) - 1;
    escaped += `%${byte.toString(16).padStart(2, "0")}`;
    plain += String.fromCharCode(byte);
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return plain;
  }
}

function digit(bits: number): string {
  return ALPHABET[bits & 63] as string;
}

function utf8Of(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    pushPoint(bytes, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
  }
  return bytes;
}

function pushPoint(bytes: number[], point: number): void {
  if (point < 0x80) bytes.push(point);
  else if (point < 0x800) bytes.push(0xc0 | (point >> 6), continuation(point));
  else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point));
  else bytes.push(0xf0 | (point >> 18), continuation(point >> 12), continuation(point >> 6), continuation(point));
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

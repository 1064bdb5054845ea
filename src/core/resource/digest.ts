import { stableText } from "./stable-text.ts";

/**
 * 128 bits over a text as 32 hex digits (MurmurHash3's mixing over UTF-16 units).
 * It tells changed from unchanged and is not security relevant: whoever chooses the text can make two digests collide.
 */
export function digestText(text: string): string {
  let h1 = text.length;
  let h2 = 0x3c6ef372;
  let h3 = 0x1f83d9ab;
  let h4 = 0x5be0cd19;
  // Beyond the end charCodeAt gives NaN, which `|` turns into 0; the length is mixed in, so padding is unambiguous.
  for (let at = 0; at < text.length; at += 8) {
    h1 = rotate(h1 ^ Math.imul(rotate(Math.imul(word(text, at), C1), 15), C2), 19) + h2;
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
    h2 = rotate(h2 ^ Math.imul(rotate(Math.imul(word(text, at + 2), C2), 16), C3), 17) + h3;
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
    h3 = rotate(h3 ^ Math.imul(rotate(Math.imul(word(text, at + 4), C3), 17), C4), 15) + h4;
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
    h4 = rotate(h4 ^ Math.imul(rotate(Math.imul(word(text, at + 6), C4), 18), C1), 13) + h1;
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
  }
  return finalHex([h1, h2, h3, h4], text.length);
}

/** The digest of a JSON value, whatever the order of its keys. */
export function digestOf(value: unknown): string {
  return digestText(stableText(value));
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

function word(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

type Lanes = readonly [number, number, number, number];

function finalHex([h1, h2, h3, h4]: Lanes, length: number): string {
  const [a, b, c, d] = crossMixed([h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length]);
  return crossMixed([avalanche(a), avalanche(b), avalanche(c), avalanche(d)])
    .map(hex)
    .join("");
}

function crossMixed([a, b, c, d]: Lanes): Lanes {
  const first = (a + b + c + d) | 0;
  return [first, (b + first) | 0, (c + first) | 0, (d + first) | 0];
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}

function avalanche(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FrameDecoder, maxFrameBytes } from "./framing.ts";

const frame = fc.record({ message: fc.jsonValue(), attachment: fc.uint8Array({ maxLength: 40 }) });

test("FrameDecoder returns what was encoded, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.flatMap(({ message, attachment }) => encodeFrame(message, [attachment])));
        const decoder = new FrameDecoder();
        const decoded = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          decoded.push(...decoder.push(stream.subarray(at, end)));
          at = end;
        }
        expect(decoded.map(({ text, attachment }) => [text, [...attachment]])).toEqual(
          frames.map(({ message, attachment }) => [JSON.stringify(message), [...attachment]]),
        );
      },
    ),
  );
});

test("FrameDecoder refuses lengths that make no sense", () => {
  for (const [total, text] of [
    [maxFrameBytes + 1, 0],
    [2, 0],
    [10, 7],
  ] as const) {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(total, 0);
    header.writeUInt32BE(text, 4);
    expect(() => new FrameDecoder().push(header)).toThrow(RangeError);
  }
});

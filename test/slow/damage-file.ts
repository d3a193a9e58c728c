/** Numbers that stand in the place of lengths, counts and offsets. */
const LIES = [
  0n,
  1n,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fff0n,
  0xffff_ffffn,
  2n ** 40n,
  2n ** 53n,
];
const LONG_LIES = [...LIES, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
/** Most bits that are flipped in one copy. */
const MOST_FLIPS = 6;
/** Most bytes that are put in a second time, and how often. */
const MOST_REPEATED = 64;
const MOST_TIMES = 2000;

type Random = (below: number) => number;

/** A file's bytes, and those of another file that may be put into it. */
interface Sources {
  readonly bytes: Uint8Array;
  readonly other: Uint8Array;
}

/** What happens to model files by accident or by will, by name. */
export const DAMAGES: Readonly<Record<string, (sources: Sources, random: Random) => Uint8Array>> = {
  cut: ({ bytes }, random) => bytes.subarray(0, random(bytes.byteLength)),

  flipped({ bytes }, random) {
    const copy = bytes.slice();
    for (let flips = 1 + random(MOST_FLIPS); flips > 0; flips -= 1) {
      const at = random(copy.byteLength);
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    }
    return copy;
  },

  lying({ bytes }, random) {
    const copy = Buffer.from(bytes);
    const isLong = random(2) === 0;
    const lies = isLong ? LONG_LIES : LIES;
    const lie = lies[random(lies.length)] ?? 0n;
    const at = placeOf(copy.byteLength, isLong ? 8 : 4, random);
    if (at < 0) return copy;
    const isBig = random(3) === 0;
    if (isLong && isBig) copy.writeBigUInt64BE(lie, at);
    else if (isLong) copy.writeBigUInt64LE(lie, at);
    else if (isBig) copy.writeUInt32BE(Number(lie & 0xffff_ffffn), at);
    else copy.writeUInt32LE(Number(lie & 0xffff_ffffn), at);
    return copy;
  },

  /** A number of protobuf and its like that goes on for as long as one may, and says as much as it can. */
  'lying as varint'({ bytes }, random) {
    const copy = Buffer.from(bytes);
    const length = 2 + random(9);
    const at = placeOf(copy.byteLength, length, random);
    if (at < 0) return copy;
    copy.fill(0xff, at, at + length - 1);
    copy[at + length - 1] = 0x01;
    return copy;
  },

  spliced({ bytes, other }, random) {
    return Buffer.concat([
      bytes.subarray(0, random(bytes.byteLength)),
      other.subarray(random(other.byteLength)),
    ]);
  },

  /** Lists that go on, levels that go down. */
  repeated({ bytes }, random) {
    const at = random(bytes.byteLength);
    const part = bytes.subarray(at, at + 1 + random(MOST_REPEATED));
    const times = Array<Uint8Array>(1 + random(MOST_TIMES)).fill(part);
    return Buffer.concat([bytes.subarray(0, at), ...times, bytes.subarray(at)]);
  },
};

/** Headers stand at the front, directories at the end: half of the places are there. */
function placeOf(size: number, length: number, random: Random): number {
  const last = size - length;
  if (last < 0) return -1;
  const near = Math.min(last + 1, 512);
  return (
    [() => random(near), () => last - random(near), () => random(last + 1), () => random(last + 1)][
      random(4)
    ]?.() ?? 0
  );
}

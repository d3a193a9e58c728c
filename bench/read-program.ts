/**
 * Reads one model file or folder as the product does, and prints what it took as JSON:
 *   node bench/read-program.ts PATH
 * A process of its own, so that its memory is the reader's.
 */
import { readFileSync } from 'node:fs';
import type { Content } from '../src/core/oci/content.ts';
import { openFileContent } from '../src/core/oci/file-content.ts';
import { collectFiles } from '../src/core/operations/collect-files.ts';
import { ModelParts } from '../src/core/operations/model-parts.ts';

export interface Reading {
  readonly format: string;
  readonly milliseconds: number;
  /** Read of the files, and in how many reads. */
  readonly bytes: number;
  readonly reads: number;
  /** Largest resident set over that at the start, MB; 0 where /proc is not there. */
  readonly megabytes: number;
}

const [path = ''] = process.argv.slice(2);
console.log(JSON.stringify(await read(path)));

async function read(path: string): Promise<Reading> {
  const counted = { bytes: 0, reads: 0 };
  const before = memory('VmRSS');
  const start = performance.now();
  const { files } = await collectFiles([{ path }], 'push');
  const parts = files.map(({ path, title, size }) => ({
    title,
    size,
    open: async () => countReads(await openFileContent(path), counted),
  }));
  const set = new ModelParts(parts, { concurrency: 1 });
  const readings = await set.readAll();
  const whole = await set.readWhole('model');
  const milliseconds = performance.now() - start;
  const format = (whole ?? readings[0]?.facts)?.format.name ?? 'unknown';
  return { format, milliseconds, ...counted, megabytes: (memory('VmHWM') - before) / 1024 };
}

function countReads(content: Content, counted: { bytes: number; reads: number }): Content {
  return {
    size: content.size,
    slice: (start, end) => countReads(content.slice(start, end), counted),
    stream(options) {
      counted.bytes += content.size;
      counted.reads += 1;
      return content.stream(options);
    },
  };
}

/** Kilobytes. */
function memory(line: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  } catch {
    return 0; // not Linux
  }
}

import type { FactsBuilder } from '../facts.ts';
import { stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { looksLikeTar, readTarMembers } from '../parse/tar-members.ts';
import { PickleReading } from '../pickle/pickle-reading.ts';
import { looksLikePickle } from '../pickle/pickle-recognition.ts';
import { collectPagedFacts, isFatal, type PagedReading } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { unknownFacts } from '../unknown.ts';
import { torchFormat } from './torch-archive.ts';

/** Members of the layout of torch 0.1, all of which begin with a pickle. */
const MEMBERS = /^(?:\.\/)?(?:pickle|sys_info|storages|tensors)$/;

/** Bytes that tell a pickle. */
const HEAD_BYTES = 64;

/** `torch.save` of torch 0.1, a tar file, which `torch.load` still opens: only what it imports is read. */
export const tarTorchReader: ModelReader = {
  id: torchFormat.id,
  extensions: torchFormat.extensions,
  recognizes: (_path, head) => looksLikeTar(head),
  async read(file, options = {}) {
    let isTorch = false;
    const stem = stemOf(file.path, torchFormat.extensions);
    const parse = async ({ source, facts }: PagedReading) => {
      const members = await readTarMembers(source);
      isTorch = members.some(({ name }) => MEMBERS.test(name));
      if (!isTorch) return;
      facts.property('framework', 'pytorch');
      facts.details.archive = { version: 'tar' };
      const cursors: ByteCursor[] = [];
      for (const { name, at, size } of members) {
        // Links are followed when it is loaded, so a pickle may have any name.
        const head = await source.read(at, Math.min(size, HEAD_BYTES));
        if (!MEMBERS.test(name) && !looksLikePickle(head)) continue;
        cursors.push(new ByteCursor(new RangeSource(file.content.slice(at, at + size), options)));
      }
      await readPickles(cursors, facts, isFatal(options));
    };
    const facts = await collectPagedFacts(file, parse, options);
    return isTorch ? facts.build(torchFormat.id, stem) : unknownFacts(file, stem);
  },
};

async function readPickles(
  cursors: readonly ByteCursor[],
  facts: FactsBuilder,
  fatal: (error: unknown) => boolean,
): Promise<void> {
  const pickles = new PickleReading(facts);
  try {
    for (const cursor of cursors) await facts.collect(() => pickles.readWhole(cursor, () => {}), fatal);
  } finally {
    facts.details.protocol = pickles.protocol;
    pickles.reportImports(true);
  }
}

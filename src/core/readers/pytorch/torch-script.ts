import { quote } from '../../errors.ts';
import { MAX_LIST_ENTRIES, MAX_OPERATOR_NAMES, MAX_SCRIPT_CODE_BYTES } from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { isFatal } from '../read-file.ts';
import type { ZipReading } from '../zip/zip-format.ts';
import { isOwnNamespace } from './torch-operators.ts';

/** Calls that read or write files of the machine that runs the model. */
const FILE_CALL = /\btorch\.(?:from_file|save|load)(?=\()|\bops\.aten\.(?:from_file|save)\b/;
const OPERATOR = /\bops\.(\w{1,100})\.(\w{1,200})\b|\btorch\.(\w{1,200})\(/g;

/** The model's own code in TorchScript: what it calls, and operators that only a library of somebody else's has. */
export async function reportScriptCode({ archive, facts, options }: ZipReading): Promise<void> {
  const code = archive.members.filter(({ name }) => /(?:^|\/)code\/.+\.py$/.test(name));
  facts.details.code = code.slice(0, MAX_LIST_ENTRIES).map(({ name }) => name);
  const operators = new Map<string, number>();
  const custom = new Set<string>();
  let left = MAX_SCRIPT_CODE_BYTES;
  let fileCall: string | undefined;
  for (const member of code) {
    const read = async () => {
      const text = decodeText(await archive.bytes(member, left));
      left -= member.size;
      fileCall ??= FILE_CALL.exec(text)?.[0];
      countOperators(text, operators, custom);
    };
    await facts.collect(read, isFatal(options));
    if (archive.isSpent || left <= 0) break;
  }
  facts.details.operators = Object.fromEntries(operators);
  const [first] = custom;
  if (first !== undefined) {
    const message = `the model calls operators that torch does not have, such as ${quote(first)}`;
    facts.finding('medium', 'code-in-model', message);
  }
  if (fileCall !== undefined)
    facts.finding('high', 'code-in-model', `the model's code reads or writes files (${quote(fileCall)})`);
}

function countOperators(text: string, operators: Map<string, number>, custom: Set<string>): void {
  for (const [, namespace = 'aten', name = '', own] of text.matchAll(OPERATOR)) {
    const full = `${namespace}::${own ?? name}`;
    if (operators.size < MAX_OPERATOR_NAMES || operators.has(full))
      operators.set(full, (operators.get(full) ?? 0) + 1);
    if (!isOwnNamespace(namespace) && custom.size < MAX_OPERATOR_NAMES) custom.add(full);
  }
}

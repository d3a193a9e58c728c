import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../src/core/oci/content.ts';
import {
  MAX_XML_ATTRIBUTES,
  MAX_XML_BYTES,
  MAX_XML_DEPTH,
  MAX_XML_TOKEN_BYTES,
} from '../../../../src/core/readers/limits.ts';
import { ByteCursor } from '../../../../src/core/readers/parse/byte-cursor.ts';
import { RangeSource } from '../../../../src/core/readers/parse/byte-source.ts';
import { walkXml, xmlRoot } from '../../../../src/core/readers/parse/xml.ts';

const cursorOf = (bytes: Uint8Array) => new ByteCursor(new RangeSource(bytesContent(bytes)));

/** What a document says, a line an element. */
async function told(document: string | Uint8Array): Promise<string[]> {
  const lines: string[] = [];
  await walkXml(cursorOf(Buffer.from(document)), {
    open: ({ name, depth, attribute }) => {
      lines.push(`${depth} <${name} a=${attribute('a')}`);
      return undefined;
    },
    close: (name, depth, text) => {
      lines.push(`${depth} ${name}> ${text}`);
    },
  });
  return lines;
}

describe('XML as it comes', () => {
  it('gives elements without prefixes, their attributes and the text before an end', async () => {
    const document =
      '\uFEFF<?xml version="1.0"?><!-- c --><p:x xmlns:p="u" a="1 &amp; &#50;"><y a="ü">té</y>\n<z/></p:x>';
    expect(await told(document)).toEqual([
      '1 <x a=1 & 2',
      '2 <y a=ü',
      '2 y> té',
      '2 <z a=undefined',
      '2 z> ',
      '1 x> ',
    ]);
  });

  it('is read on from one chunk to the next, inside a character too', async () => {
    const document = `<x>${`<y a="${'ü'.repeat(1001)}"/>`.repeat(200)}</x>`;
    const lines = await told(document);
    expect(lines.filter((line) => line === `2 <y a=${'ü'.repeat(1001)}`)).toHaveLength(200);
  });

  it('stops where its reader has enough', async () => {
    const seen: string[] = [];
    const open = ({ name }: { name: string }) => {
      seen.push(name);
      return name === 'b' ? ('stop' as const) : undefined;
    };
    expect(await walkXml(cursorOf(Buffer.from('<a><b><c/></b><')), { open })).toBe(false);
    expect(seen).toEqual(['a', 'b']);
  });

  it.each([
    ['a constructor', '<x constructor="1"><y/></x>'],
    ['a prototype', '<__proto__ __proto__="1"/>'],
  ])('knows %s as a name like any other', async (_what, document) => {
    expect((await told(document)).filter((line) => /a=(?!undefined)/.test(line))).toEqual([]);
  });
});

describe('XML that is made to harm', () => {
  it('has its document type passed over: nothing is expanded, nothing is fetched', async () => {
    const entities = Array.from(
      { length: 9 },
      (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
    ).join('');
    const laughs = `<!DOCTYPE x [<!ENTITY l0 "lol">${entities}]><x>&l9;</x>`;
    await expect(told(laughs)).rejects.toMatchObject({ code: 'malformed' });
    const outside =
      '<!DOCTYPE x SYSTEM "file:///etc/passwd" [<!ENTITY e SYSTEM "file:///etc/passwd">]><x a="&e;"/>';
    await expect(told(outside)).rejects.toMatchObject({ code: 'malformed' });
    expect(await told('<!DOCTYPE PMML PUBLIC "PMML 2.0" "http://127.0.0.1/pmml.dtd"><x/>')).toHaveLength(2);
  });

  it.each([
    ['nesting', '<x>'.repeat(MAX_XML_DEPTH + 1), 'malformed'],
    [
      'attributes',
      `<x ${Array.from({ length: MAX_XML_ATTRIBUTES + 1 }, (_, i) => `a${i}=""`).join(' ')}/>`,
      'malformed',
    ],
    [
      'an attribute without end',
      `<x a="${'<'.replace('<', 'y').repeat(2 * MAX_XML_TOKEN_BYTES)}"/>`,
      'too-large-to-show',
    ],
    ['a comment without end', `<x><!--${'<y>'.repeat(MAX_XML_TOKEN_BYTES)}`, 'too-large-to-show'],
    ['a document type without end', `<!DOCTYPE ${'y'.repeat(2 * MAX_XML_TOKEN_BYTES)}`, 'too-large-to-show'],
    ['elements without end', `<x>${'<y/>'.repeat(MAX_XML_BYTES / 4)}`, 'too-large-to-show'],
    ['a wrong end', '<x></y>', 'malformed'],
    ['an attribute twice', '<x a="1" a="2"/>', 'malformed'],
    ['a second root', '<x/><y/>', 'malformed'],
    ['its end missing', '<x><y/>', 'truncated'],
    ['its end inside a tag', '<x><y', 'truncated'],
    ['nothing', '', 'malformed'],
    ['a character of control', '<x>\u0001</x>', 'malformed'],
  ])('is stopped at %s', { timeout: 30_000 }, async (_what, document, code) => {
    await expect(told(document)).rejects.toMatchObject({ code });
  });
});

describe('the root of a document', () => {
  it.each([
    ['<net version="11">', 'net'],
    ['\uFEFF<?xml version="1.0"?>\n<!-- <a> -->\n<p:PMML x="1">', 'PMML'],
    ['<!DOCTYPE PMML [<!ENTITY a "b>">]>\n<PMML/>', 'PMML'],
    ['<!DOCTYPE PMML SYSTEM "x"><PMML [ ]>', 'PMML'],
    ['<!-- no end', undefined],
    ['<?xml', undefined],
    ['text', undefined],
    ['<1>', undefined],
    ['', undefined],
  ])('of %j is %s', (head, name) => expect(xmlRoot(Buffer.from(head))?.name).toBe(name));

  it('is told in no time, whatever stands before it', () => {
    expect(xmlRoot(Buffer.from('<!---->'.repeat(600)))).toBeUndefined();
  });
});

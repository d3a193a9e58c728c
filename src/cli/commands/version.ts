import { VERSION } from '../../core/version.ts';
import type { Verb } from '../verb.ts';

/** One line for people. */
export function versionText(): string {
  return `omlmd ${VERSION} (Node.js ${process.versions.node}, ${process.platform}-${process.arch})`;
}

export const versionVerb: Verb = {
  name: 'version',
  summary: 'print the version',
  configure() {},
  async run() {
    const { node } = process.versions;
    const data = { version: VERSION, node, platform: `${process.platform}-${process.arch}`, protocol: 1 };
    return { data, text: versionText() };
  },
};

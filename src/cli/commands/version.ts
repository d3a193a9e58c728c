import { VERSION } from '../../core/version.ts';
import type { Verb } from '../verb.ts';

export const versionVerb: Verb = {
  name: 'version',
  summary: 'print the version',
  configure() {},
  async run() {
    const data = {
      version: VERSION,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      protocol: 1,
    };
    return { data, text: `omlmd ${data.version} (Node.js ${data.node}, ${data.platform})` };
  },
};

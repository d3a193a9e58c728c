import { crawl, parseLocation } from '../../core/index.ts';
import { describeError } from '../describe-error.ts';
import { EXITS, ExitStatus } from '../exit-status.ts';
import { refuseSeveralRegistries } from '../remote-options.ts';
import type { Verb } from '../verb.ts';

export const crawlVerb: Verb = {
  name: 'crawl',
  summary: 'print the configs of many artifacts as one JSON array',
  remote: true,
  configure(command) {
    command.argument('<references...>', 'artifacts to read');
  },
  async run({ context, credential, signal, warn }, [references]) {
    const locations = (Array.isArray(references) ? references : []).map(parseLocation);
    refuseSeveralRegistries('crawl', credential, locations);
    const texts: string[] = [];
    let status: number = ExitStatus.done;
    for await (const entry of crawl(context, locations, { signal })) {
      if ('text' in entry) {
        texts.push(entry.text);
        continue;
      }
      const { code, message } = describeError(entry.error);
      warn(code, message);
      status = Math.min(EXITS[code].status, ExitStatus.failed);
    }
    return { data: null, text: '', raw: new TextEncoder().encode(`[${texts.join(', ')}]\n`), status };
  },
};

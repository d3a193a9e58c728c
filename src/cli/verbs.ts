import type { VerbTable } from './verb.ts';

/** Every verb, in the order of `help`. Loaded when it is run, so that `version` pays for none of them. */
export const VERBS: VerbTable = {
  push: async () => (await import('./commands/push.ts')).pushVerb,
  pull: async () => (await import('./commands/pull.ts')).pullVerb,
  get: async () => (await import('./commands/get.ts')).getVerb,
  inspect: async () => (await import('./commands/inspect.ts')).inspectVerb,
  ls: async () => (await import('./commands/ls.ts')).lsVerb,
  crawl: async () => (await import('./commands/crawl.ts')).crawlVerb,
  diff: async () => (await import('./commands/diff.ts')).diffVerb,
  tag: async () => (await import('./commands/tag.ts')).tagVerb,
  untag: async () => (await import('./commands/untag.ts')).untagVerb,
  rm: async () => (await import('./commands/rm.ts')).rmVerb,
  cp: async () => (await import('./commands/cp.ts')).cpVerb,
  attach: async () => (await import('./commands/attach.ts')).attachVerb,
  discover: async () => (await import('./commands/discover.ts')).discoverVerb,
  init: async () => (await import('./commands/init.ts')).initVerb,
  validate: async () => (await import('./commands/validate.ts')).validateVerb,
  login: async () => (await import('./commands/login.ts')).loginVerb,
  logout: async () => (await import('./commands/logout.ts')).logoutVerb,
  store: async () => (await import('./commands/store.ts')).storeVerb,
  serve: async () => (await import('./commands/serve.ts')).serveVerb,
  doctor: async () => (await import('./commands/doctor.ts')).doctorVerb,
  completion: async () => (await import('./commands/completion.ts')).makeCompletionVerb(VERBS),
  version: async () => (await import('./commands/version.ts')).versionVerb,
};

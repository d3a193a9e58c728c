import { afterEach, describe, expect, it } from 'vitest';
import { readVerified } from '../../../src/core/oci/content.ts';
import { copy } from '../../../src/core/oci/copy.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { answer, on, withHeaders } from '../../support/registry/registry-faults.ts';
import {
  startTestRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from '../../support/registry/test-registry.ts';
import { artifact, blob, codeOf, collect, describeTarget, pushAll, textOf } from '../target.contract.ts';
import { clientOf, credentialsOf, failureOf, LOGIN, randomBlob } from './test-client.ts';

const running: TestRegistry[] = [];

async function start(options: TestRegistryOptions = {}) {
  const registry = await startTestRegistry(options);
  running.push(registry);
  return registry;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.stop()));
});

for (const referrersApi of [true, false]) {
  describeTarget(
    `a repository of a registry ${referrersApi ? 'with' : 'without'} the referrers API`,
    async () => {
      const registry = await startTestRegistry({ referrersApi });
      return { target: clientOf(registry).repository('team/model'), stop: () => registry.stop() };
    },
  );
}

describeTarget('a repository behind bearer tokens', async () => {
  const registry = await startTestRegistry({ auth: 'bearer' });
  const target = clientOf(registry, { credentials: credentialsOf(LOGIN) }).repository('team/model');
  return { target, stop: () => registry.stop() };
});

describe('a new repository', () => {
  it('is one whose name the registry does not know', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    expect(await repository.isNew()).toBe(true);
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    await repository.tag(made.root, 'v1');
    expect(await repository.isNew()).toBe(false);
  });

  it('is not one that the registry says nothing of, or nothing to us', async () => {
    const registry = await start();
    const repository = clientOf(registry, { retries: 0 }).repository('team/model');
    for (const status of [401, 403, 404, 500, 503]) {
      registry.faults.add(on('GET', '/tags/list'), answer(status), 1);
      expect(await repository.isNew(), String(status)).toBe(false);
    }
  });
});

describe('resolve', () => {
  it('fails on a digest header that is not that of the body', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    await repository.tag(made.root, 'v1');
    registry.faults.add(
      on('GET', '/manifests/'),
      withHeaders({ 'docker-content-digest': digestOf(Buffer.from('x')) }),
    );
    expect(await codeOf(repository.resolve('v1'))).toBe('digest-mismatch');
    registry.faults.clear();
    registry.faults.add(on('GET', '/manifests/'), withHeaders({ 'docker-content-digest': undefined }));
    expect((await repository.resolve('v1')).digest).toBe(made.root.digest);
  });

  it('fails on a media type that is not that of the body', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    const index = 'application/vnd.oci.image.index.v1+json';
    registry.faults.add(on('GET', '/manifests/'), withHeaders({ 'content-type': index }));
    expect(await codeOf(repository.resolve(made.root.digest))).toBe('manifest-invalid');
  });

  it('sends nothing for a reference that is neither tag nor digest', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    for (const bad of ['sha256:ABC', '../../x', '-v', 'sha1:da39a3ee', 'v1?x=y'])
      expect(await codeOf(repository.resolve(bad))).toBe('reference-invalid');
    expect(registry.requests).toEqual([]);
  });

  it('saves the fetch that follows', async () => {
    const registry = await start();
    const made = artifact([blob('weights')]);
    await pushAll(clientOf(registry).repository('team/model'), made);
    const repository = clientOf(registry).repository('team/model');
    const descriptor = await repository.resolve(made.root.digest);
    await readVerified(await repository.fetch(descriptor), descriptor, 4096);
    expect(registry.count('GET', '/manifests/')).toBe(1);
  });
});

describe('exists', () => {
  it('asks by GET where HEAD is not done', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    registry.faults.add(on('HEAD'), answer(405));
    for (const { descriptor } of made.pieces) expect(await repository.exists(descriptor)).toBe(true);
    expect(await repository.exists(blob('other').descriptor)).toBe(false);
  });
});

describe('a push', () => {
  it('moves the tag last, and a second one makes at most a request a blob, plus three', async () => {
    const registry = await start({ auth: 'basic' });
    const source = clientOf(await start()).repository('source/model');
    const made = artifact([blob('one'), blob('two'), blob('three')]);
    await pushAll(source, made);
    await source.tag(made.root, 'v1');
    const push = () => {
      const target = clientOf(registry, { credentials: credentialsOf(LOGIN) }).repository('team/model');
      return copy(source, 'v1', target, { tags: ['v1'] });
    };
    await push();
    expect(registry.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/team/model/manifests/v1' });
    registry.requests.length = 0;
    await push();
    expect(registry.count('PUT') + registry.count('PATCH') + registry.count('POST')).toBe(0);
    const blobs = made.pieces.length - 1;
    // Requests that met the challenge come on top, as many as were on their way at once.
    const answered = registry.requests.filter(({ status }) => status !== 401);
    expect(answered.length).toBeLessThanOrEqual(blobs + 3);
  });

  it('uses the session that a refused mount has opened', async () => {
    const registry = await start();
    const client = clientOf(registry);
    const { descriptor, content } = blob('unmountable');
    const target = client.repository('team/model');
    expect(await target.mount(descriptor, client.repository('team/base'))).toBe(false);
    await target.push(descriptor, content);
    expect(registry.count('POST')).toBe(1);
    expect(await target.exists(descriptor)).toBe(true);
  });

  it('mounts from another repository of the same registry only', async () => {
    const registry = await start();
    const client = clientOf(registry);
    const { descriptor, content } = randomBlob(2000);
    const base = client.repository('team/base');
    await base.push(descriptor, content);
    const target = client.repository('team/model');
    expect(await target.mount(descriptor, base)).toBe(true);
    expect(await target.exists(descriptor)).toBe(true);
    const elsewhere = clientOf(await start()).repository('team/model');
    expect(await elsewhere.mount(descriptor, base)).toBe(false);
  });

  it('passes on what the registry finds wrong with a manifest', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    registry.faults.add(
      on('PUT', '/manifests/'),
      answer(400, {}, 'MANIFEST_INVALID', 'config.mediaType \u001b[31m'),
    );
    const failure = await failureOf(pushAll(repository, artifact([blob('weights')])));
    expect(failure).toMatchObject({ code: 'manifest-invalid' });
    expect(String(failure)).toContain('config.mediaType \\u001b[31m');
  });
});

describe('tags', () => {
  it('come page by page as they are asked for', async () => {
    const registry = await start({ pageSize: 2 });
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    for (const tag of ['a', 'b', 'c', 'd', 'e']) await repository.tag(made.root, tag);
    expect(await collect(repository.tags())).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(registry.count('GET', '/tags/list')).toBe(3);
    for await (const _ of repository.tags()) break;
    expect(registry.count('GET', '/tags/list')).toBe(4);
  });

  it('follow absolute and opaque links, and stop at one that was seen', async () => {
    const registry = await start({ pageSize: 1 });
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    for (const tag of ['a', 'b']) await repository.tag(made.root, tag);
    const link = `<${registry.origin}/v2/team/model/tags/list?from=1&opaque=%2Bx>; rel="next"`;
    registry.faults.add(on('GET', '/tags/list'), withHeaders({ link }));
    expect(await collect(repository.tags())).toEqual(['a', 'b']);
  });

  it('never follow a link to another server', async () => {
    const registry = await start();
    const other = await start();
    const repository = clientOf(registry).repository('team/model');
    await pushAll(repository, artifact([blob('weights')]));
    registry.faults.add(
      on('GET', '/tags/list'),
      withHeaders({ link: `<${other.origin}/v2/x/tags/list>; rel=next` }),
    );
    expect(await codeOf(collect(repository.tags()))).toBe('registry-failed');
    expect(other.requests).toEqual([]);
  });
});

describe('referrers', () => {
  it('are filtered here where the registry does not', async () => {
    const registry = await start();
    const repository = clientOf(registry).repository('team/model');
    const subject = artifact([blob('subject')]);
    await pushAll(repository, subject);
    for (const artifactType of ['application/x-a', 'application/x-b'])
      await pushAll(repository, artifact([blob(artifactType)], { subject: subject.root, artifactType }));
    registry.faults.add(on('GET', '/referrers/'), (call, next) => {
      call.url.searchParams.delete('artifactType');
      return next(call);
    });
    const found = await collect(repository.referrers(subject.root, { artifactType: 'application/x-b' }));
    expect(found.map(({ artifactType }) => artifactType)).toEqual(['application/x-b']);
  });

  it('survive many writers on a registry without the API', async () => {
    const registry = await start({ referrersApi: false });
    const subject = artifact([blob('subject')]);
    await pushAll(clientOf(registry).repository('team/model'), subject);
    const signatures = Array.from({ length: 5 }, (_, i) =>
      artifact([blob(`signature ${i}`)], { subject: subject.root, artifactType: 'application/x-signature' }),
    );
    await Promise.all(
      signatures.map((signature) => pushAll(clientOf(registry).repository('team/model'), signature)),
    );
    const found = await collect(clientOf(registry).repository('team/model').referrers(subject.root));
    expect(found.map(({ digest }) => digest).sort()).toEqual(
      signatures.map(({ root }) => root.digest).sort(),
    );
  });

  it('lose their entry when they are deleted on a registry without the API', async () => {
    const registry = await start({ referrersApi: false });
    const repository = clientOf(registry).repository('team/model');
    const subject = artifact([blob('subject')]);
    const signature = artifact([blob('signature')], { subject: subject.root });
    await pushAll(repository, subject);
    await pushAll(repository, signature);
    await repository.delete(signature.root);
    expect(await collect(repository.referrers(subject.root))).toEqual([]);
  });
});

describe('removal', () => {
  it('says so where a registry cannot remove a tag, or anything', async () => {
    const registry = await start({ untag: false });
    const repository = clientOf(registry).repository('team/model');
    const made = artifact([blob('weights')]);
    await pushAll(repository, made);
    await repository.tag(made.root, 'v1');
    expect(await codeOf(repository.untag('v1'))).toBe('unsupported');
    registry.faults.add(on('DELETE'), answer(405, {}, 'UNSUPPORTED'));
    expect(await codeOf(repository.delete(made.root))).toBe('unsupported');
    expect(await textOf(await repository.fetch(made.root))).toContain('schemaVersion');
  });
});

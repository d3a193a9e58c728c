import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OmlmdError } from '../../../src/core/errors.ts';
import type { Content } from '../../../src/core/oci/content.ts';
import { type CopyState, copy, copyGraph, Slots } from '../../../src/core/oci/copy.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import type { PushOptions } from '../../../src/core/oci/target.ts';
import { MemoryTarget } from '../../../src/core/store/memory.ts';
import { artifact, blob, codeOf, collect, index, pushAll, textOf } from '../target.contract.ts';

/** A target that writes down what is asked of it. */
class Recorder extends MemoryTarget {
  readonly log: string[] = [];

  override async fetch(target: Descriptor): Promise<Content> {
    this.log.push(`fetch ${target.digest}`);
    return super.fetch(target);
  }

  override async push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    await super.push(expected, content, options);
    this.log.push(`push ${expected.digest}`);
  }

  override async tag(target: Descriptor, tag: string): Promise<void> {
    await super.tag(target, tag);
    this.log.push(`tag ${tag}`);
  }
}

describe('copy', () => {
  it('brings everything over, content before what points at it, tags last', async () => {
    const source = new Recorder();
    const target = new Recorder();
    const made = artifact([blob('weights'), blob('readme', 'text/markdown')]);
    await pushAll(source, made);
    await source.tag(made.root, 'v1');
    const root = await copy(source, 'v1', target, { tags: ['v1', 'latest'] });
    expect(root).toEqual(made.root);
    expect(target.log.slice(-3)).toEqual([`push ${root.digest}`, 'tag v1', 'tag latest']);
    expect(target.log).toHaveLength(made.pieces.length + 2);
    for (const { descriptor, content } of made.pieces)
      expect(await textOf(await target.fetch(descriptor))).toBe(await textOf(content));
  });

  it('moves each digest once, also when several manifests hold it', async () => {
    const source = new Recorder();
    const target = new Recorder();
    const shared = blob('shared');
    const one = artifact([shared, shared, blob('one')]);
    const two = artifact([shared, blob('two')]);
    const both = index([one.root, two.root, one.root]);
    await pushAll(source, one);
    await pushAll(source, two);
    await pushAll(source, { pieces: [both] });
    const states: [Digest, CopyState][] = [];
    await copyGraph(source, both.descriptor, target, {
      onCopied: (d, state) => states.push([d.digest, state]),
    });
    const pushed = target.log.filter((line) => line.startsWith('push'));
    expect(new Set(pushed).size).toBe(pushed.length);
    expect(pushed.at(-1)).toBe(`push ${both.descriptor.digest}`);
    expect(new Map(states).size).toBe(states.length);
    const fetched = source.log.filter((line) => line.startsWith('fetch'));
    expect(new Set(fetched).size).toBe(fetched.length);
  });

  it('does not move what is there', async () => {
    const source = new MemoryTarget();
    const target = new Recorder();
    const made = artifact([blob('weights')]);
    await pushAll(source, made);
    await copyGraph(source, made.root, target);
    target.log.length = 0;
    const states = new Set<CopyState>();
    const progress: Progress[] = [];
    await copyGraph(source, made.root, target, {
      onCopied: (_, state) => states.add(state),
      onProgress: (p) => progress.push(p),
    });
    expect(target.log).toEqual([]);
    expect([...states]).toEqual(['exists']);
    expect(progress.every((p) => p.state === 'exists' && p.bytes === p.total)).toBe(true);
  });

  it('mounts where the target can', async () => {
    const source = new MemoryTarget();
    const made = artifact([blob('weights')]);
    await pushAll(source, made);
    const target = Object.assign(new Recorder(), { mount: async () => true });
    const states: CopyState[] = [];
    await copyGraph(source, made.root, target, { onCopied: (_, state) => states.push(state) });
    expect(states).toEqual(['mounted', 'mounted', 'uploaded']);
  });

  it('takes referrers along, and theirs, when asked', async () => {
    const source = new MemoryTarget();
    const made = artifact([blob('weights')]);
    const signature = artifact([blob('signature')], { subject: made.root, artifactType: 'a/signature' });
    const counter = artifact([blob('counter')], { subject: signature.root, artifactType: 'a/counter' });
    for (const each of [made, signature, counter]) await pushAll(source, each);
    const without = new MemoryTarget();
    await copyGraph(source, made.root, without);
    expect(await without.exists(signature.root)).toBe(false);
    const target = new MemoryTarget();
    await copyGraph(source, made.root, target, { withReferrers: true });
    expect((await collect(target.referrers(made.root))).map((r) => r.digest)).toEqual([
      signature.root.digest,
    ]);
    expect(await target.exists(counter.root)).toBe(true);
  });

  it('ends when a referrer holds what it was found from, or a place calls a manifest its own referrer', async () => {
    const source = new MemoryTarget();
    const child = artifact([blob('child')]);
    const parent = index([child.root]);
    const around = index([parent.descriptor]);
    await pushAll(source, child);
    await pushAll(source, { pieces: [parent, around] });
    const lying = {
      fetch: source.fetch.bind(source),
      resolve: source.resolve.bind(source),
      async *referrers() {
        yield child.root;
        yield around.descriptor;
      },
    };
    const target = new MemoryTarget();
    await copyGraph(lying, parent.descriptor, target, { withReferrers: true });
    expect(await target.exists(around.descriptor)).toBe(true);
  });

  it('follows indexes to a limit', async () => {
    const source = new MemoryTarget();
    const made = artifact([blob('deep')]);
    await pushAll(source, made);
    let node = made.root;
    for (let depth = 0; depth < 9; depth += 1) {
      const above = index([node]);
      await source.push(above.descriptor, above.content);
      node = above.descriptor;
      if (depth === 7) await copyGraph(source, node, new MemoryTarget());
    }
    expect(await codeOf(copyGraph(source, node, new MemoryTarget()))).toBe('limit-exceeded');
  });

  it('fails with the first failure, stops the others, and writes no manifest', async () => {
    const source = new MemoryTarget();
    const layers = Array.from({ length: 30 }, (_, i) => blob(`layer ${i}`));
    const made = artifact(layers);
    await pushAll(source, made);
    const begun: Digest[] = [];
    const stopped: Digest[] = [];
    const broken = layers[4]?.descriptor.digest;
    class Target extends MemoryTarget {
      override async push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
        begun.push(expected.digest);
        if (expected.digest === broken) throw new OmlmdError('registry-failed', 'no');
        // An error of its own, as a client wraps it.
        await sleep(100, undefined, { signal: options?.signal as AbortSignal }).catch(() => {
          stopped.push(expected.digest);
          throw new OmlmdError('unreachable', 'the connection was closed');
        });
        await super.push(expected, content, options);
      }
    }
    const target = new Target();
    expect(await codeOf(copyGraph(source, made.root, target))).toBe('registry-failed');
    expect(stopped.length).toBeGreaterThan(0);
    const count = begun.length;
    expect(count).toBeLessThan(30);
    await sleep(50);
    expect(begun.length).toBe(count);
    expect(await target.exists(made.root)).toBe(false);
  });

  it('rejects with the reason of the signal', async () => {
    const source = new MemoryTarget();
    const made = artifact([blob('weights'), blob('more')]);
    await pushAll(source, made);
    const reason = new Error('enough');
    await expect(
      copyGraph(source, made.root, new MemoryTarget(), { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    const controller = new AbortController();
    const onCopied = () => controller.abort(reason);
    await expect(
      copyGraph(source, made.root, new MemoryTarget(), { signal: controller.signal, onCopied }),
    ).rejects.toBe(reason);
  });

  it('never fetches foreign URLs', async () => {
    const source = new MemoryTarget();
    const foreign = blob('foreign');
    const layer = { ...foreign, descriptor: { ...foreign.descriptor, urls: ['http://127.0.0.1:1/x'] } };
    const made = artifact([layer]);
    await pushAll(source, made);
    expect(await codeOf(copyGraph(source, made.root, new MemoryTarget()))).toBe('unsupported');
  });

  it('refuses a manifest that is not what its digest says', async () => {
    const made = artifact([blob('weights')]);
    const lying = {
      fetch: async () => blob('{"lies":true}').content,
      resolve: async () => ({ ...made.root, size: 13 }),
      async *referrers() {},
    };
    expect(await codeOf(copy(lying, 'v1', new MemoryTarget(), { tags: ['v1'] }))).toBe('digest-mismatch');
  });
});

describe('Slots', () => {
  it('runs no more at once than it has, in order, and goes on after a failure', async () => {
    const slots = new Slots(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        slots.run(async () => {
          running += 1;
          most = Math.max(most, running);
          order.push(i);
          await sleep(1);
          running -= 1;
          if (i % 4 === 0) throw new Error('no');
        }),
      ),
    );
    expect(most).toBe(3);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(results.filter((r) => r.status === 'rejected')).toHaveLength(5);
  });
});

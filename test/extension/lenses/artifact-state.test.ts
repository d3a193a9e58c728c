import { describe, expect, it } from 'vitest';
import { artifactState, type StateQuestion } from '../../../src/extension/lenses/artifact-state.ts';

const files = [{ title: 'iris.onnx', size: 1000, modified: 5 }];
const local = { metadata: '{"name": "iris"}', files };
const reference = 'registry.example/iris:v3';
const record = { ...local, reference, digest: 'sha256:aa', pushedAt: 9 };
const found = { metadata: local.metadata, files: [{ title: 'iris.onnx', size: 1000 }], digest: 'sha256:bb' };
const nothing: StateQuestion = { local, reference: undefined, record: undefined, found: undefined };

describe('artifactState', () => {
  it('is not pushed without a reference and a record', () => {
    expect(artifactState(nothing)).toEqual({ kind: 'not-pushed' });
  });

  it('claims nothing about a registry that was not asked', () => {
    expect(artifactState({ ...nothing, reference })).toEqual({ kind: 'not-compared', reference });
  });

  it('takes the record of another reference for no answer', () => {
    const other = { ...record, reference: 'registry.example/iris:v2' };
    expect(artifactState({ ...nothing, reference, record: other }).kind).toBe('not-compared');
  });

  it('goes by the record while offline', () => {
    const state = artifactState({ ...nothing, reference, record });
    expect(state).toEqual({ kind: 'pushed', reference, digest: 'sha256:aa', pushedAt: 9 });
  });

  it('goes by the record where the file names no reference', () => {
    expect(artifactState({ ...nothing, record }).kind).toBe('pushed');
  });

  it.each([
    ['other metadata', { ...local, metadata: '{}' }],
    ['another size', { ...local, files: [{ title: 'iris.onnx', size: 1001, modified: 5 }] }],
    ['another time', { ...local, files: [{ title: 'iris.onnx', size: 1000, modified: 6 }] }],
    ['one more file', { ...local, files: [...files, { title: 'README.md', size: 1, modified: 1 }] }],
    ['another title', { ...local, files: [{ title: 'b.onnx', size: 1000, modified: 5 }] }],
  ])('has changed with %s', (_, changed) => {
    expect(artifactState({ ...nothing, reference, record, local: changed }).kind).toBe('changed');
  });

  it('compares with what is there, whoever pushed it', () => {
    expect(artifactState({ ...nothing, reference, found })).toEqual({
      kind: 'pushed',
      reference,
      digest: 'sha256:bb',
    });
    const changed = { ...local, metadata: '{}' };
    expect(artifactState({ ...nothing, reference, found, local: changed }).kind).toBe('changed');
  });

  it('believes what is there more than the record', () => {
    const moved = { ...found, metadata: '{"name": "other"}' };
    expect(artifactState({ ...nothing, reference, record, found: moved })).toMatchObject({
      kind: 'changed',
      digest: 'sha256:bb',
    });
    expect(artifactState({ ...nothing, reference, record, found: 'absent' })).toEqual({ kind: 'not-pushed' });
  });

  it('compares file times when what is there is what was pushed from here', () => {
    const same = { ...found, digest: record.digest };
    const touched = { ...local, files: [{ title: 'iris.onnx', size: 1000, modified: 6 }] };
    expect(artifactState({ ...nothing, reference, record, found: same, local: touched }).kind).toBe(
      'changed',
    );
  });
});

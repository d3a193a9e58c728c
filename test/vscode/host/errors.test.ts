import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { ERROR_CODES, OmlmdError } from '../../../src/core/index.ts';
import { isCancellation, signalOf } from '../../../src/extension/abort.ts';
import { bringsOptions, filesIn, referenceIn } from '../../../src/extension/commands/command-call.ts';
import { describeError, ERROR_FORMS } from '../../../src/extension/error-actions.ts';
import { parseRegistries } from '../../../src/extension/settings.ts';

describe('errors', () => {
  it('have a form for every code of the core', () => {
    assert.deepEqual(Object.keys(ERROR_FORMS).sort(), [...ERROR_CODES].sort());
  });

  it('become a sentence with what to do', () => {
    const { message, form } = describeError(
      new OmlmdError('unauthorized', 'push "h/x:v1": the registry wants a login'),
    );
    assert.match(message, /^Push "h\/x:v1": the registry wants a login\. /);
    assert.equal(form.actions[0], 'sign-in');
  });

  it('do not take an error of the file system for one of the core', () => {
    const error = Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    assert.equal(describeError(error).form, ERROR_FORMS.internal);
  });

  it('are told apart from cancellation', () => {
    const source = new vscode.CancellationTokenSource();
    const signal = signalOf(source.token);
    source.cancel();
    assert(signal.aborted);
    assert(isCancellation(signal.reason));
    assert(isCancellation(new OmlmdError('canceled', 'x')));
    assert(!isCancellation(new OmlmdError('internal', 'x')));
  });
});

describe('what commands are called with', () => {
  const uri = vscode.Uri.file('/a');
  const other = vscode.Uri.file('/b');

  it('is every selected file, else the one', () => {
    assert.deepEqual(filesIn([uri, [uri, other]]), [uri, other]);
    assert.deepEqual(filesIn([uri, undefined]), [uri]);
    assert.deepEqual(filesIn([]), []);
  });

  it('is a reference as text or on a tree node', () => {
    assert.equal(referenceIn(['local/iris:v1']), 'local/iris:v1');
    assert.equal(referenceIn([{ kind: 'tag', reference: 'local/iris:v2' }]), 'local/iris:v2');
    assert.equal(referenceIn([uri]), undefined);
  });

  it('is a program’s options only when every key is one', () => {
    assert(bringsOptions([uri, [uri], { destination: 'local/iris' }]));
    assert(!bringsOptions([{ kind: 'tag', reference: 'local/iris:v1' }]));
    assert(!bringsOptions([{ destination: 1 }]));
  });
});

describe('registries in the settings', () => {
  it('are read leniently, and merged', () => {
    const typed = [
      'quay.io',
      { host: 'quay.io', repositories: ['a', 3] },
      { repositories: ['b'] },
      null,
      { host: '' },
    ];
    assert.deepEqual(parseRegistries(typed), [{ host: 'quay.io', repositories: ['a'] }]);
    assert.deepEqual(parseRegistries('quay.io'), []);
  });
});

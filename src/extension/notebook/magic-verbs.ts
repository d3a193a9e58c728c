import * as vscode from 'vscode';
import type { MagicFlag, MagicVerb } from './magic-line.ts';

/** The verbs of `%omlmd` that a notebook needs, with their flags (docs/cli.md). Others work too; they are not offered. */
export function magicVerbs(): readonly MagicVerb[] {
  const t = vscode.l10n.t;
  return [
    {
      name: 'push',
      summary: t('Put a model, from a variable or a file, into a registry or the local store'),
      takesReference: true,
      flags: [...pushFlags(), ...remoteFlags()],
    },
    {
      name: 'pull',
      summary: t('Fetch the files of an artifact and check them'),
      takesReference: true,
      flags: [...pullFlags(), ...remoteFlags()],
    },
    {
      name: 'ls',
      summary: t('List repositories, or the versions in one'),
      takesReference: true,
      flags: [
        { name: '--long', summary: t('Also read each version: digest, size, metadata') },
        { name: '--limit', summary: t('At most so many rows') },
        { name: '--sort', summary: t('Order by a field or a custom property') },
        ...remoteFlags(),
      ],
    },
    {
      name: 'inspect',
      summary: t('Show metadata and files of an artifact, or what a model file says about itself'),
      takesReference: true,
      flags: [{ name: '--no-model', summary: t('Do not look into the model files') }, ...remoteFlags()],
    },
    {
      name: 'diff',
      summary: t('Compare metadata and files of two artifacts'),
      takesReference: true,
      flags: remoteFlags(),
    },
    { name: 'help', summary: t('Tell more'), takesReference: false, flags: [] },
  ];
}

function pushFlags(): readonly MagicFlag[] {
  const t = vscode.l10n.t;
  return [
    { name: '--model', summary: t('The variable that holds the model') },
    { name: '--format', summary: t('The file format to save the variable in') },
    { name: '--set', summary: t('Set one value of the metadata: KEY=VALUE') },
    { name: '--metadata', summary: t('Take the metadata from this file only') },
    { name: '--empty-metadata', summary: t('Push without metadata') },
    { name: '--no-auto-metadata', summary: t('Read nothing from the model') },
    { name: '--tag-if-absent', summary: t('Fail when the tag exists') },
    { name: '--dry-run', summary: t('Pack and report; send nothing') },
    { name: '--allow-unsafe', summary: t('Go on in spite of a critical finding') },
    { name: '--annotation', summary: t('Add an annotation to the manifest: KEY=VALUE') },
  ];
}

function pullFlags(): readonly MagicFlag[] {
  const t = vscode.l10n.t;
  return [
    { name: '--output', summary: t('The folder to write to') },
    { name: '--include', summary: t('Only files whose name fits this pattern') },
    { name: '--media-types', summary: t('Only layers of this media type') },
    { name: '--overwrite', summary: t('Replace files that are there with other content') },
    { name: '--keep', summary: t('Keep files that are there') },
  ];
}

function remoteFlags(): readonly MagicFlag[] {
  const t = vscode.l10n.t;
  return [
    { name: '--plain-http', summary: t('Talk to the registry without TLS') },
    { name: '--registry-config', summary: t('The file that logins are read from') },
  ];
}

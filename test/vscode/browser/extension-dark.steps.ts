import { extensionSuite } from './extension-steps.ts';

export const suite = extensionSuite('extension dark', 'Default Dark Modern');

import { extensionSuite } from './extension-steps.ts';

export const suite = extensionSuite('extension light', 'Default Light Modern');

import { beginRun } from './test-services';

/** Jest's set-up of a run; services start when a test first asks for them. */
export = beginRun;

import { endRun } from './test-services';

/** Jest's tear-down of a run. */
export = endRun;

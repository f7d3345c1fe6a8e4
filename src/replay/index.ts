export { compareDecisions, MAX_DIFFERENCES } from './compare-decisions';
export type { Difference } from './compare-decisions';
export { replayCall } from './replay-call';
export type { NoReplay, Replayed } from './replay-call';
export { MarketEdits, parseEdit } from './market-edits';
export type { CheckFields, KnownFields, MarketEdit } from './market-edits';
export { whatif } from './whatif';
export type { WhatifOptions } from './whatif';
export type { Comparison, Outcome, WhatifReport } from './whatif-report';

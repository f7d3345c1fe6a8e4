import type { Command } from 'commander';
import { checkAnalytics, rebuildAnalytics } from '../analytics';
import type { Database } from '../storage';
import { recorded } from './command-record';

export interface AnalyticsCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly setExitCode: (code: number) => void;
}

/** `dce analytics …`: whether the figures of calls are what a recount says, and making them anew. */
export function addAnalyticsCommands(program: Command, parts: AnalyticsCommandParts): void {
  const analytics = program
    .command('analytics')
    .description('figures of calls: recount them, make them anew');
  analytics
    .command('check')
    .description('count every call again and compare; ends with 1 when anything is wrong')
    .action(() => parts.withDatabase((database) => check(database, parts)));
  analytics
    .command('rebuild')
    .description('make all figures anew from calls and their books; they stay readable meanwhile')
    .action(() =>
      recorded(parts.withDatabase, 'analytics rebuild', {}, async (database) => {
        const { calls, sums } = await rebuildAnalytics(database);
        parts.say(`${calls} calls counted anew, ${sums} sums`);
      }),
    );
}

/** What a sum is of, by its minutes. */
const SPANS: Readonly<Record<number, string>> = {
  15: 'a quarter',
  60: 'an hour',
  240: 'four hours',
  480: 'eight hours',
  1_440: 'a day',
};

async function check(database: Database, { say, setExitCode }: AnalyticsCommandParts): Promise<void> {
  const { calls, wrongCalls, wrongSums } = await checkAnalytics(database);
  for (const callId of wrongCalls) say(`call ${callId} is not counted as it and its books are`);
  for (const { cube, grain, startAt, key, currency } of wrongSums) {
    const of = [cube, key, currency].filter((word) => word !== '').join(' ');
    say(
      `the sum of ${of}, ${SPANS[grain] ?? `${grain} minutes`} from ${new Date(startAt).toISOString()}, is not what its calls come to`,
    );
  }
  if (wrongCalls.length + wrongSums.length > 0) {
    setExitCode(1);
    say('dce analytics rebuild makes them anew');
  } else say(`${calls} calls counted again: the figures are right`);
}

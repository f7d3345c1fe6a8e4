import { open, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import type { Clock, E164 } from '../domain';
import { parsePhoneNumber } from '../domain';
import type { Screen } from './list-progress';
import { openPrivacy, openVaultOf } from '../parts/privacy-parts';
import type { Database, PrivacyRequest, PrivacyRequestKind } from '../storage';
import {
  applyRetention,
  importConsents,
  purposeTable,
  readExport,
  requestPrivacy,
  runRequest,
  verifyConsentChains,
} from '../storage';
import { recorded } from './command-record';
import { openSource } from './open-source';

export interface PrivacyCommandParts {
  readonly withDatabase: (work: (database: Database, loaded: LoadedConfig) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly stdin: Readable;
  /** Progress. */
  readonly stderr: Screen;
  readonly clock: Clock;
  /** Who sits at the terminal, for the record of requests. */
  readonly user: () => string;
  /** 0 as it should be, 1 when something is wrong with what was looked at. */
  readonly setExitCode: (code: number) => void;
}

/** `dce consents …` and `dce privacy …`. */
export function addPrivacyCommands(program: Command, parts: PrivacyCommandParts): void {
  const consents = program.command('consents').description('proof of consent to be called');
  consents
    .command('import <file>')
    .description('record consents of a CSV file (docs/privacy.md tells its columns); - is standard input')
    .action((file: string) => importFile(parts, file));
  consents
    .command('verify')
    .description('look through the chains of consents for anything that was changed')
    .option('--no-key', 'without the privacy key: whether proof and person belong together is not looked at')
    .action(({ key }: { key: boolean }) => verify(parts, key));
  const privacy = program.command('privacy').description('what the exchange holds of persons');
  privacy
    .command('export <number>')
    .description('write everything that is held of a number, as JSON')
    .requiredOption('--basis <text>', 'who asked for it and on which ground; kept, without the number')
    .option('--to <file>', 'a file, which must not be there yet; standard output by default')
    .action((number: string, options: { basis: string; to?: string }) => exportTo(parts, number, options));
  privacy
    .command('erase <number>')
    .description('make what is held of a number anonymous, or remove it')
    .requiredOption('--basis <text>', 'who asked for it and on which ground; kept, without the number')
    .requiredOption('--yes', 'it cannot be taken back')
    .action((number: string, { basis }: { basis: string }) => erase(parts, number, basis));
  privacy
    .command('retention')
    .description('let go of what has been kept long enough; workers do so by themselves')
    .action(() => retain(parts));
  privacy
    .command('purposes')
    .description('print why what is held, how long, and who gets it, in Markdown')
    .action(() => parts.say(purposeTable()));
}

async function importFile(parts: PrivacyCommandParts, file: string): Promise<void> {
  const { withDatabase, say, stdin, stderr, clock, setExitCode } = parts;
  await recorded(
    withDatabase,
    'consents import',
    { subject: { kind: 'consents' } },
    async (database, { config }) => {
      const vault = await openVaultOf(config, database);
      const source = file === '-' ? stdin : await openSource(file);
      const report = await importConsents(database, vault, source, {
        now: () => clock.now(),
        onProgress: (lines) => void (stderr.isTTY && stderr.write(`\r${lines} lines `)),
      });
      if (stderr.isTTY) stderr.write('\r');
      const { lines, recorded, known, revoked, bad, badLines } = report;
      say(
        `${lines} lines: ${recorded} consents recorded, ${known} known before, ${revoked} revoked, ${bad} lines refused`,
      );
      for (const { line, why } of badLines) say(`  line ${line}: ${why}`);
      if (bad > badLines.length) say(`  and ${bad - badLines.length} more`);
      setExitCode(bad > 0 ? 1 : 0);
    },
  );
}

async function verify(
  { withDatabase, say, stderr, setExitCode }: PrivacyCommandParts,
  withKey: boolean,
): Promise<void> {
  await withDatabase(async (database, { config }) => {
    const chains = await verifyConsentChains(database, {
      ...(withKey ? { vault: await openVaultOf(config, database) } : {}),
      onProgress: (records) => void (stderr.isTTY && stderr.write(`\r${records} records `)),
    });
    if (stderr.isTTY) stderr.write('\r');
    for (const chain of chains) {
      say(
        chain.ok
          ? `${chain.chain}: ${chain.records} records, ${chain.erased} without their person, head ${chain.head}`
          : `${chain.chain}: BROKEN at ${chain.position}: ${chain.problem}`,
      );
    }
    const broken = chains.filter(({ ok }) => !ok).length;
    say(broken === 0 ? 'every chain is whole' : `${broken} of ${chains.length} chains are broken`);
    setExitCode(broken === 0 ? 0 : 1);
  });
}

async function exportTo(
  parts: PrivacyCommandParts,
  written: string,
  { basis, to }: { basis: string; to?: string },
): Promise<void> {
  const number = numberOf(written);
  const deed = { subject: { kind: 'privacy' }, reason: basis };
  await recorded(parts.withDatabase, 'privacy export', deed, async (database, { config }) => {
    const { vault } = await openPrivacy(config, database);
    // Before anything is read: it is the file that most often is wrong.
    const file = to === undefined ? undefined : await open(to, 'wx', 0o600);
    try {
      const { id } = await carryOut(parts, database, config, 'export', number, basis);
      const text = JSON.stringify(await readExport(database, vault, Number(id)), null, 2);
      if (file) await file.writeFile(`${text}\n`);
      else parts.say(text);
    } catch (error) {
      // An empty file would look like a person of whom nothing is held.
      if (to !== undefined) await unlink(to);
      throw error;
    } finally {
      await file?.close();
    }
  });
}

async function erase(parts: PrivacyCommandParts, written: string, basis: string): Promise<void> {
  const number = numberOf(written);
  const deed = { subject: { kind: 'privacy' }, reason: basis };
  await recorded(parts.withDatabase, 'privacy erase', deed, async (database, { config }) => {
    const { counts, remaining } = await carryOut(parts, database, config, 'erase', number, basis);
    const places = Object.entries(counts);
    parts.say(places.length === 0 ? 'nothing was held' : 'erased:');
    for (const [place, rows] of places) parts.say(`  ${place}: ${rows}`);
    parts.say('left:');
    for (const { place, rows, why } of remaining) {
      parts.say(`  ${place}${rows === undefined ? '' : ` (${rows})`}: ${why}`);
    }
  });
}

async function carryOut(
  { stderr, clock, user }: PrivacyCommandParts,
  database: Database,
  config: LoadedConfig['config'],
  kind: PrivacyRequestKind,
  number: E164,
  basis: string,
): Promise<PrivacyRequest> {
  const { vault, erasure } = await openPrivacy(config, database);
  const { id } = await requestPrivacy(
    database,
    vault,
    { kind, number, requestedBy: user(), basis },
    'running',
  );
  const done = await runRequest(database, vault, Number(id), erasure(clock.now()), (place) => {
    if (stderr.isTTY) stderr.write(`\r${place.padEnd(40)}`);
  });
  if (stderr.isTTY) stderr.write('\r');
  return done;
}

async function retain({ withDatabase, say, clock }: PrivacyCommandParts): Promise<void> {
  await recorded(withDatabase, 'privacy retention', {}, async (database, { config }) => {
    const { vault, retention } = await openPrivacy(config, database);
    const { counts } = await applyRetention(database, vault, retention, clock.now());
    const done = Object.entries(counts).filter(([, count]) => count > 0);
    if (done.length === 0) say('nothing was kept for too long');
    for (const [step, count] of done) say(`${step}: ${count}`);
  });
}

function numberOf(written: string): E164 {
  const parsed = parsePhoneNumber(written);
  if (!parsed.ok) throw new Error(`this is no telephone number (${parsed.reason})`);
  return parsed.number;
}

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exchange } from '../../support/exchange';

const PLANS = {
  asked: `
tags: { line: [auto, home] }
start: tell
steps:
  tell: { do: announce, play: [consent/recording-short], tells: recording, next: line }
  line: { do: menu, play: [greeting/welcome], keys: { '1': auto, '2': home }, otherwise: bye }
  auto: { do: set, tags: { line: auto }, next: sell }
  home: { do: set, tags: { line: home }, next: sell }
  sell: { do: auction, sold: ring, refused: bye }
  ring:
    do: ring
    whisper: [whisper/auto]
    accept: { play: [ask/press-one], key: '1', tries: 2, waitMs: 5000 }
    record: true
    exhausted: bye
  bye: { do: hangup, detail: nobody took the call }
`,
  told: `
tags: { line: [auto] }
start: tell
steps:
  tell: { do: announce, play: [consent/recording-short], tells: recording, next: auto }
  auto: { do: set, tags: { line: auto }, next: sell }
  sell: { do: auction, sold: ring, refused: bye }
  ring: { do: ring, exhausted: bye }
  bye: { do: hangup, detail: nobody took the call }
`,
  screened: `
tags: { line: [auto] }
start: tell
steps:
  tell: { do: announce, play: [consent/recording-short], tells: recording, next: auto }
  auto: { do: set, tags: { line: auto }, next: sell }
  sell: { do: auction, sold: ring, refused: bye }
  ring: { do: ring, detectMachine: true, exhausted: bye }
  bye: { do: hangup, detail: nobody took the call }
`,
  message: `
start: take
steps:
  take: { do: voicemail, play: [consent/recording-short], maxMs: 60000, next: bye }
  bye: { do: hangup, detail: a message was left }
`,
  talk: `
start: hello
steps:
  hello: { do: announce, play: [greeting/welcome], next: bye }
  bye: { do: hangup, detail: that was it }
`,
  handed: `
start: tell
steps:
  tell: { do: announce, play: [consent/recording-short], next: over }
  over: { do: transfer, target: desk-target, failed: bye, ended: bye }
  bye: { do: hangup, detail: they have spoken }
`,
  back: `
tags: { their_number: digits }
start: which
steps:
  which:
    do: gather
    play: [greeting/welcome]
    as: their_number
    digits: { min: 10, max: 11, end: '#' }
    next: note
    otherwise: bye
  note: { do: callback, number: { tag: their_number }, play: [callback/noted], next: bye, otherwise: bye }
  bye: { do: hangup, detail: they are called back }
`,
} as const;
export type PlanName = keyof typeof PLANS;

/** A folder with the plans of these tests. */
export function layPlans(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dce-plans-'));
  for (const name of Object.keys(PLANS) as PlanName[]) writePlan(folder, name);
  return folder;
}

/** @param change - what the plan says from now on */
export function writePlan(folder: string, name: PlanName, change = (text: string): string => text): void {
  writeFileSync(join(folder, `${name}.yaml`), change(`dialplan: 1\nname: ${name}\n${PLANS[name]}`));
}

/** The calls of a number take this plan from now on. */
export async function takePlan(exchange: Exchange, number: string, dialplan: PlanName): Promise<void> {
  const [row] = await exchange.sql<{ id: string }>('select id from did_numbers where number = $1', [number]);
  if (!row) throw new Error(`there is no number ${number}`);
  await exchange.change(`numbers/${row.id}`, { dialplan });
}

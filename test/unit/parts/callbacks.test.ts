import { callbackRefusal } from '../../../src/parts/callbacks';
import type { E164, ListHit } from '../../../src/domain';

const OWN = '+12125550123' as E164;
const OTHER = '+13055550123' as E164;

/** What is known of numbers: those that lists name, the exchange's own, and those of persons who were erased. */
function knowing(lists: Readonly<Record<string, readonly ListHit['list'][]>>, ours = '', erased = '') {
  return {
    lists: { hitsFor: (number: E164) => (lists[number] ?? []).map((list) => ({ list })) },
    suppressions: { has: (number: E164) => number === erased },
    numberByE164: (number: E164) => (number === ours ? { id: 'n' } : undefined),
  } as unknown as Parameters<typeof callbackRefusal>[0];
}

test.each([
  [
    'the own number, whatever do-not-call lists say',
    OWN,
    { [OWN]: ['internal', 'national', 'state'] },
    undefined,
  ],
  ['the own number of who sues over calls', OWN, { [OWN]: ['litigator'] }, 'litigator'],
  ['another number that no list names', OTHER, {}, undefined],
  ['another number on the list of the exchange', OTHER, { [OTHER]: ['internal'] }, 'on_a_list'],
  ['another number on the national list', OTHER, { [OTHER]: ['national'] }, 'on_a_list'],
  ['a number that nobody can have', '+12125110123', {}, 'not_a_number'],
  ['an island where calls are dear', '+18765550123', {}, 'too_far'],
  ['another country', '+447700900123', {}, 'too_far'],
  ['a premium number', '+19005550123', {}, 'too_far'],
  ['a withheld number', undefined, {}, 'no_number'],
] as const)('%s', (_what, number, lists, refusal) => {
  expect(callbackRefusal(knowing(lists), number as E164 | undefined, OWN, 0)).toBe(refusal);
});

test('numbers of the exchange, and of people who had themselves erased, are not called', () => {
  expect(callbackRefusal(knowing({}, OTHER), OTHER, OWN, 0)).toBe('ours');
  expect(callbackRefusal(knowing({}, '', OWN), OWN, OWN, 0)).toBe('erased');
});

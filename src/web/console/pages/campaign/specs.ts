import { days, flag, integer, json, money, percent, score, seconds, text, words } from '../../core/codec';
import type { Draft, FieldSpec } from '../../core/draft';

const kindIs =
  (...kinds: readonly string[]) =>
  (draft: Draft): boolean =>
    kinds.includes(draft['/payout/kind'] ?? '');
const hasRecording = (draft: Draft): boolean => draft['/recording/mode'] !== '';
const hasCard = (draft: Draft): boolean => draft['/card/number'] !== '';

/** Fields of a campaign, as the API takes them. */
export const CAMPAIGN: readonly FieldSpec[] = [
  { at: '/name', codec: text, required: 'A campaign needs a name' },
  { at: '/status', codec: text, initial: 'draft' },
  { at: '/currency', codec: text, initial: 'USD' },
  { at: '/auctionType', codec: text, initial: 'second_price' },
  { at: '/reservePrice', codec: money, required: 'Say the lowest price that may win; 0 takes any' },
  { at: '/routing', codec: text, initial: 'auction' },
  { at: '/qualityWeight', codec: score, initial: 0, required: 'A number from 0 to 1' },

  { at: '/payout/kind', codec: text, initial: 'per_call' },
  { at: '/payout/amount', codec: money, required: 'What a call earns', when: kindIs('per_call') },
  { at: '/payout/ratePerMinute', codec: money, required: 'What a minute earns', when: kindIs('per_minute') },
  { at: '/payout/connectFee', codec: money, when: kindIs('per_minute') },
  {
    at: '/payout/firstIncrementMs',
    codec: seconds({ min: 1 }),
    initial: 60_000,
    required: 'Seconds',
    when: kindIs('per_minute', 'graduated'),
  },
  {
    at: '/payout/nextIncrementMs',
    codec: seconds({ min: 1 }),
    initial: 6_000,
    required: 'Seconds',
    when: kindIs('per_minute', 'graduated'),
  },
  {
    at: '/payout/shareBp',
    codec: percent,
    required: 'Per cent of what the buyer pays',
    when: kindIs('share'),
  },
  {
    at: '/payout/bands',
    codec: json,
    required: 'At least one band',
    when: kindIs('banded', 'graduated'),
  },
  { at: '/payout/afterMs', codec: seconds(), initial: 0, required: 'Seconds; 0 counts on connect' },
  { at: '/payout/clock', codec: text },
  { at: '/payout/minimum', codec: money },
  { at: '/payout/maximum', codec: money },
  { at: '/conversions', codec: json },
  { at: '/shortCallMs', codec: seconds({ max: 600_000 }) },

  { at: '/margin/percentBp', codec: percent },
  { at: '/margin/amount', codec: money },
  { at: '/margin/minimum', codec: money },
  { at: '/margin/allowLoss', codec: flag, initial: false },

  {
    at: '/ringTimeoutMs',
    codec: seconds({ min: 1_000, max: 120_000 }),
    initial: 20_000,
    required: 'Seconds',
  },
  { at: '/maxAttempts', codec: integer({ min: 1, max: 50 }), initial: 5, required: 'From 1 to 50' },
  { at: '/maxDurationMs', codec: seconds({ min: 1_000 }), initial: 3_600_000, required: 'Seconds' },
  { at: '/ringback', codec: text, initial: 'early_media' },
  { at: '/dialplan', codec: text },
  { at: '/stickyWindowMs', codec: days(365), initial: 0, required: 'Days; 0 = never' },
  { at: '/skillTag', codec: text, initial: 'skills', required: 'A tag' },
  { at: '/rtb/deadlineMs', codec: integer({ min: 20, max: 5_000 }), initial: 300, required: 'Milliseconds' },
  { at: '/rtb/maxPings', codec: integer({ min: 1, max: 200 }), initial: 20, required: 'From 1 to 200' },

  { at: '/duplicates/windowMs', codec: days(36_525), initial: 2_592_000_000, required: 'Days; 0 = never' },
  { at: '/duplicates/after', codec: text, initial: 'connected' },
  { at: '/duplicates/scope', codec: text, initial: 'buyer' },
  { at: '/duplicates/then', codec: text },
  {
    at: '/velocityPerHour',
    codec: integer({ min: 0, max: 1_000_000 }),
    initial: 100,
    required: 'Calls; 0 = no limit',
  },
  { at: '/fraud/flag', codec: score, initial: 0.3, required: 'A score from 0 to 1' },
  { at: '/fraud/challenge', codec: score, initial: 0.6, required: 'A score from 0 to 1' },
  { at: '/fraud/block', codec: score, initial: 0.8, required: 'A score from 0 to 1' },

  { at: '/compliance/enforceHoursInbound', codec: flag, initial: false },
  { at: '/compliance/minAttestation', codec: text },
  { at: '/compliance/contactsPerDay', codec: integer({ min: 1, max: 1_000 }) },
  { at: '/compliance/lookups', codec: words },
  { at: '/compliance/onLookupFailure', codec: text },
  { at: '/compliance/refuseListed', codec: words },
  { at: '/compliance/consentFor', codec: words },

  { at: '/card/number', codec: text },
  { at: '/card/price', codec: flag, initial: false, when: hasCard },
  { at: '/card/tags', codec: words, when: hasCard },

  { at: '/recording/mode', codec: text },
  { at: '/recording/announce', codec: text, when: hasRecording },
  { at: '/recording/keepDays', codec: integer({ min: 1, max: 36_500 }), when: hasRecording },
  { at: '/recording/buyersListen', codec: flag, initial: false, when: hasRecording },
  { at: '/recording/sellersListen', codec: flag, initial: false, when: hasRecording },
];

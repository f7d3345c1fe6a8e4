import { z } from 'zod';
import { openingHours } from './hours';

/**
 * What a plan may say: the one schema that validates plans, types them, and describes them to editors.
 * Times are integer milliseconds. Every wait has an end, and so has every number of tries.
 */

const stepName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'a name of a step: lower-case letters, digits, _ and -, 40 at most');

const PROMPT = /^[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9_-]*)*$/;
const prompt = z.union([
  z.string().max(100).regex(PROMPT, 'a name of a prompt, as in consent/recording'),
  z.strictObject({ silenceMs: z.int().min(20).max(10_000) }),
]);
const prompts = z.array(prompt).min(1).max(16).describe('Played one after the other');

/** RFC 4733 §3.2, events 0 to 11. */
const key = z.string().regex(/^[0-9*#]$/, 'one key: 0 to 9, * or #');
const tries = z.int().min(1).max(5).default(3);
const waitMs = z.int().min(500).max(30_000).default(5_000);

const tagName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'a name of a tag: lower-case letters, digits, _ . and -');
const tagValue = z.string().min(1).max(256);

const fact = z.union([
  z.strictObject({ tag: tagName, is: z.array(tagValue).min(1).max(64) }),
  z.strictObject({ tag: tagName, known: z.boolean() }),
  z.strictObject({ open: openingHours }),
  z.strictObject({ score: z.number().min(0).max(1) }).describe('The fraud score is this or more'),
  z.strictObject({ attestation: z.array(z.enum(['A', 'B', 'C', 'none'])).min(1) }),
]);
const condition = z.union([
  fact,
  z.strictObject({ all: z.array(fact).min(1).max(16) }),
  z.strictObject({ any: z.array(fact).min(1).max(16) }),
  z.strictObject({ not: fact }),
]);

const announce = z.strictObject({
  do: z.literal('announce'),
  play: prompts,
  early: z
    .boolean()
    .default(false)
    .describe('Before the answer, as early media, where the caller hears that'),
  tells: z.literal('recording').optional().describe('It says that the call is recorded'),
  next: stepName,
  otherwise: stepName.optional().describe('Where it could not be played; by default `next`'),
});

const menu = z.strictObject({
  do: z.literal('menu'),
  play: prompts,
  keys: z
    .record(key, stepName)
    .refine((keys) => Object.keys(keys).length > 0, 'names no key')
    .describe('Where each key leads'),
  tries,
  waitMs,
  again: prompts.optional().describe('Before the menu is read once more'),
  otherwise: stepName,
});

const gather = z.strictObject({
  do: z.literal('gather'),
  play: prompts,
  as: tagName.describe('The tag that takes the digits'),
  digits: z
    .strictObject({
      min: z.int().min(1).max(32),
      max: z.int().min(1).max(32),
      end: key.optional().describe('The key that ends it before `max`'),
    })
    .refine(({ min, max }) => min <= max, 'min is more than max'),
  tries,
  waitMs,
  betweenMs: z.int().min(500).max(10_000).default(3_000).describe('Longest pause between two keys'),
  secret: z
    .boolean()
    .default(false)
    .describe('Never written down: not in logs, not in the record of the call'),
  again: prompts.optional(),
  next: stepName,
  otherwise: stepName,
});

const set = z.strictObject({
  do: z.literal('set'),
  tags: z.record(tagName, tagValue).refine((tags) => Object.keys(tags).length > 0, 'sets nothing'),
  next: stepName,
});

const branch = z.strictObject({
  do: z.literal('branch'),
  on: z
    .array(z.strictObject({ when: condition, go: stepName }))
    .min(1)
    .max(32),
  otherwise: stepName,
});

const auction = z.strictObject({
  do: z.literal('auction'),
  sold: stepName,
  refused: stepName,
});

const whisper = prompts
  .optional()
  .describe('What the buyer hears and the caller does not, before they are joined');
const accept = z
  .strictObject({
    play: prompts,
    key,
    tries: tries.default(2),
    waitMs,
  })
  .optional()
  .describe('Whoever answers must press this key, or the next is rung');

const ring = z.strictObject({
  do: z.literal('ring'),
  atOnce: z.int().min(1).max(10).default(1).describe('How many ring together; 1: one after the other'),
  whisper,
  accept,
  detectMachine: z.boolean().default(false).describe('An answering machine is no answer'),
  record: z.boolean().default(false).describe('The conversation, in stereo'),
  ended: stepName.optional().describe('For a caller who is there still when the buyer has hung up'),
  exhausted: stepName,
});

const queue = z.strictObject({
  do: z.literal('queue'),
  play: prompts.optional().describe('Instead of music'),
  announce: z.strictObject({ play: prompts, everyMs: z.int().min(10_000).max(600_000) }).optional(),
  againMs: z.int().min(1_000).max(120_000).default(10_000).describe('The buyers are rung again so often'),
  maxWaitMs: z.int().min(5_000).max(3_600_000),
  whisper,
  accept,
  record: z.boolean().default(false),
  ended: stepName.optional(),
  timeout: stepName,
});

const record = z.strictObject({
  do: z.literal('record'),
  set: z.enum(['on', 'paused', 'off']),
  next: stepName,
});

const voicemail = z.strictObject({
  do: z.literal('voicemail'),
  play: prompts,
  maxMs: z.int().min(5_000).max(600_000).default(120_000),
  next: stepName,
});

const callback = z.strictObject({
  do: z.literal('callback'),
  play: prompts.optional(),
  number: z
    .union([z.literal('caller'), z.strictObject({ tag: tagName })])
    .default('caller')
    .describe('Whom to call'),
  withinMs: z.int().min(60_000).max(604_800_000).default(86_400_000),
  next: stepName,
  otherwise: stepName.describe('There is no number that may be called'),
});

const transfer = z.strictObject({
  do: z.literal('transfer'),
  target: z.string().min(1).max(64).describe('A target of the market, by its id'),
  ended: stepName.optional(),
  failed: stepName,
});

const hangup = z.strictObject({
  do: z.literal('hangup'),
  code: z.int().min(400).max(699).default(603).describe('SIP status for a caller who was not answered'),
  detail: z.string().min(1).max(100).optional().describe('For the record of the call'),
});

const step = z.discriminatedUnion('do', [
  announce,
  menu,
  gather,
  set,
  branch,
  auction,
  ring,
  queue,
  record,
  voicemail,
  callback,
  transfer,
  hangup,
]);

const tagKind = z.union([
  z.enum(['text', 'digits']),
  z.array(tagValue).min(1).max(64).describe('The values that it may have'),
]);

/** How a call is screened, qualified, sold, rung, announced and recorded. */
export const planSchema = z.strictObject({
  dialplan: z.literal(1).describe('Version of this format'),
  name: stepName,
  description: z.string().max(500).optional(),
  engine: z.enum(['any', 'mediasoup', 'freeswitch']).default('any').describe('Whose media it needs'),
  tags: z.record(tagName, tagKind).default({}).describe('Tags that it sets, or that calls bring along'),
  limits: z
    .strictObject({
      steps: z.int().min(1).max(1_000).default(100).describe('Steps that one call may take'),
      ms: z
        .int()
        .min(1_000)
        .max(3_600_000)
        .default(600_000)
        .describe('Time that one call may take, conversations aside'),
    })
    .prefault({}),
  start: stepName,
  steps: z.record(stepName, step).refine((steps) => Object.keys(steps).length <= 200, 'more than 200 steps'),
});

export type Plan = z.infer<typeof planSchema>;
export type Step = z.infer<typeof step>;
export type StepKind = Step['do'];
export type StepOf<K extends StepKind> = Extract<Step, { do: K }>;
export type Prompt = z.infer<typeof prompt>;
export type Fact = z.infer<typeof fact>;
export type Condition = z.infer<typeof condition>;
export type Accept = NonNullable<z.infer<typeof accept>>;

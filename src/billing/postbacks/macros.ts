import type { Listener } from './events';
import type { MacroValue } from './fields';
import { FIELD_NAMES, FORMS, mayKnow, ruleOf, writeValue } from './fields';
import type { ToldEvent } from './told-event';

/** What stands in a template for a value of the event. */
export interface Macro {
  /** As it is written, e.g. `{time:iso}`. */
  readonly text: string;
  readonly read: (told: ToldEvent) => MacroValue | undefined;
}

interface MacroRule {
  readonly allowed: (listener: Listener) => boolean;
  /** What may stand behind the colon; undefined refuses it. */
  readonly forms: readonly string[] | 'any';
  readonly read: (told: ToldEvent, form: string | undefined) => MacroValue | undefined;
}

const always = (): boolean => true;
const notBuyer = (listener: Listener): boolean => listener !== 'buyer';
const text = (value: string | undefined): MacroValue | undefined =>
  value === undefined ? undefined : { text: value, literal: false };
const number = (value: string | undefined, form: string | undefined): MacroValue | undefined =>
  text(form === 'digits' ? value?.replace(/\D/g, '') : value);

const RULES = new Map<string, MacroRule>([
  ['event', { allowed: always, forms: [], read: (told) => text(told.event) }],
  ['event_id', { allowed: always, forms: [], read: (told) => text(told.eventId) }],
  ['webhook_id', { allowed: always, forms: [], read: (told) => text(told.webhookId) }],
  [
    'time',
    {
      allowed: always,
      forms: FORMS.instant,
      read: (told, form) => writeValue(told.happenedAt, 'instant', form),
    },
  ],
  [
    'caller',
    { allowed: always, forms: ['digits'], read: (told, form) => number(told.persons?.caller, form) },
  ],
  [
    'dialled',
    { allowed: notBuyer, forms: ['digits'], read: (told, form) => number(told.persons?.dialled, form) },
  ],
  [
    'tag',
    {
      allowed: always,
      forms: 'any',
      read: (told, form = '') => text(ownOf(told.persons?.tags, form.toLowerCase())),
    },
  ],
  ...FIELD_NAMES.map((name): [string, MacroRule] => {
    const { kind } = ruleOf(name);
    return [
      snakeCase(name),
      {
        allowed: (listener) => mayKnow(listener, name),
        forms: FORMS[kind],
        read: (told, form) => writeValue(told.fields[name], kind, form),
      },
    ];
  }),
]);

const MACRO = /^\{([a-z][a-z0-9_]{0,63})(?::([^{}]{1,64}))?\}/;

export type FoundMacro =
  | { readonly ok: true; readonly macro: Macro; readonly length: number }
  | { readonly ok: false; readonly problem: string };

/** The macro that begins at a brace, if who listens may use it. @param at - where the brace stands */
export function macroAt(template: string, at: number, listener: Listener): FoundMacro {
  const [whole, name = '', form] = MACRO.exec(template.slice(at, at + 160)) ?? [];
  if (whole === undefined) {
    return { ok: false, problem: 'a brace that begins no macro: those look like {call_id}' };
  }
  const rule = RULES.get(name);
  if (!rule) return { ok: false, problem: `there is no macro {${name}}` };
  if (!rule.allowed(listener)) return { ok: false, problem: `a ${listener} does not hear of {${name}}` };
  if (rule.forms === 'any' && form === undefined) return { ok: false, problem: `{${name}} of what?` };
  if (form !== undefined && rule.forms !== 'any' && !rule.forms.includes(form)) {
    return { ok: false, problem: `{${name}} cannot be written as ${form}` };
  }
  return { ok: true, length: whole.length, macro: { text: whole, read: (told) => rule.read(told, form) } };
}

/** `callId` → `call_id`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Tags may be called anything, `constructor` too. */
function ownOf(tags: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  const value: unknown = tags !== undefined && Object.hasOwn(tags, name) ? tags[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

import * as fc from 'fast-check';
import type { Binding } from '../../../../src/signaling';
import { changedBindings, liveBindings } from '../../../../src/signaling';
import { planRegistration } from '../../../../src/signaling/registrar/plan-registration';
import { bindingOf, contactOf, LIMITS, registration } from './bindings';

const NOW = 1_790_000_000_000;

it('binds for as long as the contact says, else the header, else the default', () => {
  const seconds = (expires: number | undefined, header: number | undefined): number => {
    const contacts = [contactOf('desk', expires)];
    const plan = planRegistration([], registration({ contacts, expires: header }), LIMITS, NOW);
    return plan.ok ? ((plan.bindings[0]?.expiresAt ?? 0) - NOW) / 1_000 : -plan.status;
  };
  expect(seconds(120, 300)).toBe(120);
  expect(seconds(undefined, 300)).toBe(300);
  expect(seconds(undefined, undefined)).toBe(600);
  expect(seconds(86_400, undefined)).toBe(3_600);
  expect(seconds(60, undefined)).toBe(60);
  expect(seconds(59, undefined)).toBe(-423);
  expect(seconds(undefined, 1)).toBe(-423);
});

it('grants a little less, but never less than the shortest', () => {
  const limits = { ...LIMITS, shorten: (seconds: number) => seconds * 0.5 };
  const granted = (expires: number): number | undefined => {
    const plan = planRegistration([], registration({ expires }), limits, NOW);
    return plan.ok ? plan.bindings[0]?.expiresAt : undefined;
  };
  expect(granted(601)).toBe(NOW + 300_000);
  expect(granted(80)).toBe(NOW + 60_000);
});

it('keeps what the request and its connection tell', () => {
  const plan = planRegistration([], registration(), LIMITS, NOW);
  expect(plan).toMatchObject({ ok: true, change: { remove: [] } });
  expect(plan.ok && plan.bindings).toEqual([bindingOf({ registeredAt: NOW, expiresAt: NOW + 600_000 })]);
});

it('takes one contact away, and leaves the others', () => {
  const other = bindingOf({ key: 'sip:other@192.0.2.1', callId: 'other' });
  const gone = registration({ cseq: 2, contacts: [contactOf('desk', 0)] });
  const plan = planRegistration([bindingOf(), other], gone, LIMITS, NOW);
  expect(plan).toEqual({
    ok: true,
    change: { put: [], remove: ['sip:desk@192.0.2.1'] },
    bindings: [other],
  });
});

it('takes nothing away that is not there', () => {
  const plan = planRegistration([], registration({ contacts: [contactOf('desk', 0)] }), LIMITS, NOW);
  expect(plan).toEqual({ ok: true, change: { put: [], remove: [] }, bindings: [] });
});

it('takes everything away for the star with Expires: 0, and refuses it with anything else', () => {
  const current = [bindingOf(), bindingOf({ key: 'b', callId: 'other' })];
  const star = registration({ cseq: 2, contacts: 'all', expires: 0 });
  expect(planRegistration(current, star, LIMITS, NOW)).toMatchObject({
    ok: true,
    change: { put: [], remove: ['sip:desk@192.0.2.1', 'b'] },
    bindings: [],
  });
  for (const expires of [undefined, 60]) {
    expect(planRegistration(current, { ...star, expires }, LIMITS, NOW)).toMatchObject({ status: 400 });
  }
});

it('aborts as a whole for a CSeq of the same Call-ID that is not higher', () => {
  const contacts = [contactOf('new'), contactOf('desk')];
  for (const cseq of [0, 1]) {
    expect(planRegistration([bindingOf()], registration({ cseq, contacts }), LIMITS, NOW)).toMatchObject({
      ok: false,
      status: 500,
    });
    const star = registration({ cseq, contacts: 'all', expires: 0 });
    expect(planRegistration([bindingOf()], star, LIMITS, NOW)).toMatchObject({ ok: false, status: 500 });
  }
  expect(planRegistration([bindingOf()], registration({ cseq: 2, contacts }), LIMITS, NOW).ok).toBe(true);
  const elsewhere = registration({ cseq: 0, callId: 'call-2', contacts });
  expect(planRegistration([bindingOf()], elsewhere, LIMITS, NOW).ok).toBe(true);
});

it('replaces the phone that comes back on another connection and with another URI (RFC 5626)', () => {
  const key = 'urn:uuid:1;1';
  const before = bindingOf({ key, instanceId: 'urn:uuid:1', regId: 1 });
  const contact = { uri: 'sip:x9@z.invalid', key, instanceId: 'urn:uuid:1', regId: 1, expires: undefined };
  const flow = { transport: 'wss', address: '192.0.2.1', port: 41_000 } as const;
  const again = registration({ callId: 'call-2', contacts: [contact], flow });
  const plan = planRegistration([before], again, LIMITS, NOW);
  expect(plan.ok && plan.bindings).toMatchObject([{ key, contact: 'sip:x9@z.invalid', flow, cseq: 1 }]);
});

it('lets the phone give way that registered longest ago', () => {
  const current = ['a', 'b', 'c'].map((key, at) => bindingOf({ key, callId: key, registeredAt: at }));
  const plan = planRegistration(current, registration(), LIMITS, NOW);
  expect(plan).toMatchObject({ ok: true, change: { remove: ['a'] } });
  expect(plan.ok && plan.bindings.map(({ key }) => key)).toEqual(['b', 'c', 'sip:desk@192.0.2.1']);
});

it('refuses more contacts at once than there may be', () => {
  const contacts = ['a', 'b', 'c', 'd'].map((name) => contactOf(name));
  expect(planRegistration([], registration({ contacts }), LIMITS, NOW)).toMatchObject({ status: 403 });
});

describe('over any row of REGISTERs', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const contact = fc
    .tuple(name, fc.option(fc.constantFrom(0, 30, 60, 600, 9_000), { nil: undefined }))
    .map(([user, expires]) => contactOf(user, expires));
  const contacts = fc.oneof(
    fc.uniqueArray(contact, { maxLength: 4, selector: ({ key }) => key }),
    fc.constant('all' as const),
  );
  const request = fc.record({
    callId: fc.constantFrom('one', 'two', 'three'),
    cseq: fc.nat({ max: 6 }),
    contacts,
    expires: fc.constantFrom(undefined, 0, 10, 300),
  });
  const steps = fc.array(fc.record({ request, laterMs: fc.nat({ max: 200_000 }) }), {
    size: 'max',
    maxLength: 60,
  });

  it('there are never more phones than allowed, and what is planned is what becomes of it', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (row, maxContacts) => {
        let now = NOW;
        let bindings: readonly Binding[] = [];
        for (const { request: more, laterMs } of row) {
          now += laterMs;
          bindings = liveBindings(bindings, now);
          const plan = planRegistration(bindings, registration(more), { ...LIMITS, maxContacts }, now);
          if (!plan.ok) continue;
          bindings = changedBindings(bindings, plan.change);
          expect(bindings).toEqual(plan.bindings);
          expect(bindings.length).toBeLessThanOrEqual(maxContacts);
          expect(new Set(bindings.map(({ key }) => key)).size).toBe(bindings.length);
          for (const { expiresAt } of bindings) expect(expiresAt).toBeGreaterThan(now);
        }
      }),
    );
  });

  it('no REGISTER undoes what a later one of its Call-ID did', () => {
    fc.assert(
      fc.property(steps, (row) => {
        let now = NOW;
        let bindings: readonly Binding[] = [];
        for (const { request: more, laterMs } of row) {
          now += laterMs;
          bindings = liveBindings(bindings, now);
          const plan = planRegistration(bindings, registration(more), { ...LIMITS, maxContacts: 10 }, now);
          const touched =
            more.contacts === 'all' ? bindings.map(({ key }) => key) : more.contacts.map(({ key }) => key);
          const late = bindings.some(
            ({ key, callId, cseq }) => touched.includes(key) && callId === more.callId && cseq >= more.cseq,
          );
          if (late) expect(plan.ok).toBe(false);
          if (plan.ok) bindings = plan.bindings;
        }
      }),
    );
  });
});

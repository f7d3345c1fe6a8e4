import { randomBytes } from 'node:crypto';
import type {
  BindingStore,
  CreateRegistrarOptions,
  DigestAlgorithm,
  PhoneUser,
  Registrar,
} from '../../../../src/signaling';
import { createRegistrar, ha1, LocalBindings, mintCredentials } from '../../../../src/signaling';
import type { PhoneOptions } from './phone';
import { challengesOf, contactsOf, Phone } from './phone';

const DOMAIN = 'dce.invalid';
const SECRET = randomBytes(32);
const PASSWORD = 'right';
const INSTANCE = 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6';

let now: number;
let agents: Map<string, PhoneUser>;
let store: LocalBindings;
let registrar: Registrar;
let passwordsAsked: number;
let passwordsAway: boolean;

beforeEach(() => {
  now = 1_790_000_000_000;
  passwordsAsked = 0;
  passwordsAway = false;
  agents = new Map();
  for (const username of ['anna', 'bert', 'carl']) addAgent(username);
  store = new LocalBindings({ now: () => now });
  registrar = open();
});
afterEach(() => store.close());

function addAgent(username: string, more: Partial<PhoneUser> = {}): void {
  const id = `id-${username}`;
  agents.set(id, { id, username, status: 'active', maxContacts: 3, ...more });
}

function open(more: Partial<CreateRegistrarOptions> = {}): Registrar {
  return createRegistrar({
    store,
    directory: {
      agent: (id) => agents.get(id),
      byUsername: (name) => [...agents.values()].find(({ username }) => username === name),
      ha1: async (id, algorithm) => {
        passwordsAsked++;
        await new Promise(setImmediate);
        if (passwordsAway) throw new Error('away');
        const agent = agents.get(id);
        return agent && ha1(algorithm, agent.username, DOMAIN, PASSWORD);
      },
    },
    secret: SECRET,
    domain: DOMAIN,
    algorithms: ['SHA-256', 'MD5'],
    nodeId: 'node-1',
    expiry: { minSeconds: 60, maxSeconds: 3_600, defaultSeconds: 600 },
    keepAliveSeconds: 120,
    clock: { now: () => now, monotonic: () => now },
    ...more,
  });
}

/** A hardware phone with the agent's own password. */
function deskPhone(username: string, more: Partial<PhoneOptions> = {}): Phone {
  return new Phone((request) => registrar.handle(request), {
    aor: username,
    username,
    password: PASSWORD,
    transport: 'udp',
    ...more,
  });
}

/** The page of an agent who signed in. */
function pagePhone(
  username: string,
  more: Partial<PhoneOptions> = {},
  seconds = 3_600,
  at = registrar,
): Phone {
  const minted = mintCredentials(SECRET, `id-${username}`, now / 1_000, now / 1_000 + seconds);
  return new Phone((request) => at.handle(request), { aor: username, ...minted, ...more });
}

describe('a phone gets in', () => {
  it.each<DigestAlgorithm>(['MD5', 'SHA-256'])('with the agent’s password by %s', async (algorithm) => {
    const answer = await deskPhone('anna', { algorithm }).register();
    expect(answer.status).toBe(200);
    expect(await store.of('id-anna', now)).toHaveLength(1);
  });

  it.each<DigestAlgorithm>(['MD5', 'SHA-256'])(
    'with minted credentials by %s, asking nobody',
    async (algorithm) => {
      const phone = pagePhone('anna', { algorithm, port: 41_234 });
      expect((await phone.register()).status).toBe(200);
      expect(passwordsAsked).toBe(0);
      expect(await store.of('id-anna', now)).toMatchObject([
        {
          agentId: 'id-anna',
          contact: phone.contact.slice(1, -1),
          nodeId: 'node-1',
          flow: { transport: 'wss', address: '192.0.2.1', port: 41_234 },
          userAgent: 'phone/1',
          callId: phone.callId,
          cseq: 2,
        },
      ]);
    },
  );

  it('again with the same nonce and the next count', async () => {
    const phone = deskPhone('anna');
    const challenge = await phone.send();
    expect((await phone.send({ Authorization: phone.answer(challenge) })).status).toBe(200);
    expect((await phone.send({ Authorization: phone.answer(challenge, '00000002') })).status).toBe(200);
  });

  it('when it knows the domain by the address of the node', async () => {
    expect((await deskPhone('anna', { domain: '192.0.2.99' }).register()).status).toBe(200);
  });
});

describe('a challenge', () => {
  it('names the strongest algorithm first', async () => {
    for (const phone of [deskPhone('anna'), pagePhone('anna')]) {
      const { status, headers } = await phone.send();
      expect(status).toBe(401);
      const offered = challengesOf(headers).map((each) => /algorithm=([^,]*)/.exec(each)?.[1]);
      expect(offered).toEqual(['SHA-256', 'MD5']);
    }
  });

  it('names what is offered alone, and nothing else is taken', async () => {
    registrar = open({ algorithms: ['SHA-256'] });
    const phone = deskPhone('anna', { algorithm: 'SHA-256' });
    const first = await phone.send();
    expect(challengesOf(first.headers)).toHaveLength(1);
    const weak = phone
      .answer(first)
      .replace('algorithm=SHA-256', 'algorithm=MD5')
      .replace(/response="\w{32}/, 'response="');
    expect((await phone.send({ Authorization: weak })).status).toBe(401);
    expect((await phone.register()).status).toBe(200);
  });

  it('is stale for a nonce that was used with that count, too old, or for another address', async () => {
    const phone = deskPhone('anna');
    await phone.register();
    const replayed = await phone.send({ Authorization: phone.sent });
    expect(replayed.status).toBe(401);
    expect(challengesOf(replayed.headers)[0]).toContain('stale=true');
    const fresh = phone.answer(await phone.send());
    const elsewhere = await deskPhone('anna', { address: '192.0.2.2' }).send({ Authorization: fresh });
    expect(challengesOf(elsewhere.headers)[0]).toContain('stale=true');
    now += 300_000;
    const late = await phone.send({ Authorization: fresh });
    expect(challengesOf(late.headers)[0]).toContain('stale=true');
    expect(registrar.figures.failed).toBe(0);
  });

  it('is the answer to a wrong password, as it is to a user that there is not', async () => {
    for (const phone of [
      deskPhone('anna', { password: 'wrong' }),
      deskPhone('nobody'),
      deskPhone('anna', { username: 'nobody' }),
    ]) {
      const answer = await phone.register();
      expect(answer.status).toBe(401);
      expect(challengesOf(answer.headers)[0]).not.toContain('stale');
    }
    expect(registrar.figures.failed).toBe(3);
    expect(passwordsAsked).toBe(3);
  });

  it('is the answer to minted credentials of another exchange', async () => {
    const minted = mintCredentials(randomBytes(32), 'id-anna', now / 1_000, now / 1_000 + 60);
    expect((await pagePhone('anna', minted).register()).status).toBe(401);
  });
});

describe('a phone is refused', () => {
  it('with credentials whose time is over', async () => {
    const phone = pagePhone('anna', {}, 60);
    expect((await phone.register()).status).toBe(200);
    now += 60_000;
    const { status, headers } = await phone.register();
    expect(status).toBe(403);
    expect(headers['Warning']).toContain('Credentials Expired');
  });

  it('with credentials from before the agent was signed out', async () => {
    const before = pagePhone('anna');
    expect((await before.register()).status).toBe(200);
    now += 5_000;
    addAgent('anna', { signedOutAt: now - 1 });
    const { status, headers } = await before.register();
    expect(status).toBe(403);
    expect(headers['Warning']).toContain('Signed Out');
    expect((await pagePhone('anna').register()).status).toBe(200);
    expect((await deskPhone('anna').register()).status).toBe(200);
  });

  it('when the agent is disabled, or is another', async () => {
    addAgent('dora', { status: 'disabled' });
    expect((await pagePhone('dora').register()).status).toBe(403);
    expect((await deskPhone('dora').register()).status).toBe(403);
    expect((await pagePhone('anna', { aor: 'bert' }).register()).status).toBe(403);
    expect(await store.of('id-bert', now)).toEqual([]);
  });

  it.each<[string, Record<string, string | undefined>, number]>([
    ['an extension nobody knows', { Require: 'outbound, path' }, 420],
    ['an address of another domain', { To: '<sip:anna@example.net>' }, 404],
    ['no To', { To: undefined }, 400],
    ['a CSeq of another method', { CSeq: '7 INVITE' }, 400],
    ['a CSeq beyond all bounds', { CSeq: '99999999999 REGISTER' }, 400],
    ['a Contact nobody can read', { Contact: '<sip:a@b' }, 400],
    ['the star among others', { Contact: '*, <sip:a@b>', Expires: '0' }, 400],
    ['the star without Expires: 0', { Contact: '*' }, 400],
    ['more contacts than there may be', { Contact: '<sip:a@b>,<sip:b@b>,<sip:c@b>,<sip:d@b>' }, 403],
  ])('for %s', async (_what, headers, status) => {
    expect((await pagePhone('anna').register(headers)).status).toBe(status);
    expect(await store.of('id-anna', now)).toEqual([]);
  });

  it('for credentials nobody can read, or that were made for another address', async () => {
    const phone = deskPhone('anna');
    const authorization = phone.answer(await phone.send());
    expect((await phone.send({ Authorization: 'Digest realm="dce.invalid", username' })).status).toBe(400);
    const moved = authorization.replace(`uri="sip:${DOMAIN}"`, 'uri="sip:example.net"');
    expect((await phone.send({ Authorization: moved })).status).toBe(400);
  });

  it('for too short a time, and told which is enough', async () => {
    const { status, headers } = await pagePhone('anna').register({ Expires: '30' });
    expect(status).toBe(423);
    expect(headers['Min-Expires']).toBe('60');
  });

  it('for an older CSeq, and nothing changes', async () => {
    const phone = pagePhone('anna');
    await phone.register();
    const before = await store.of('id-anna', now);
    phone.cseq = 0;
    expect((await phone.register()).status).toBe(500);
    expect(await store.of('id-anna', now)).toEqual(before);
  });
});

describe('the answer', () => {
  it('lists every phone with the time that is left', async () => {
    const phones = [1, 2].map((port) => pagePhone('anna', { port }));
    await phones[0]?.register({ Expires: '120' });
    now += 20_000;
    const answer = await phones[1]?.register({ Expires: '120' });
    const listed = answer ? contactsOf(answer) : [];
    expect(listed.map((text) => text.split('>')[0])).toEqual(
      phones.map(({ contact }) => contact.slice(0, -1)),
    );
    for (const [at, text] of listed.entries()) {
      const seconds = Number(/;expires=(\d+)/.exec(text)?.[1]);
      expect(seconds).toBeGreaterThan(at === 0 ? 60 : 100);
      expect(seconds).toBeLessThanOrEqual(at === 0 ? 100 : 120);
    }
  });

  it('lists them to a phone that only asks, and changes nothing', async () => {
    const phone = pagePhone('anna');
    await phone.register();
    const before = await store.of('id-anna', now);
    const asked = await phone.register({ Contact: undefined });
    expect(asked.status).toBe(200);
    expect(contactsOf(asked)).toHaveLength(1);
    expect(await store.of('id-anna', now)).toEqual(before);
  });

  it('says that the connection is used, and within which time it is to show that it lives (RFC 5626)', async () => {
    const contact = `<sip:x@y.invalid>;reg-id=1;+sip.instance="<${INSTANCE}>"`;
    const { status, headers } = await pagePhone('anna').register({
      Contact: contact,
      Supported: 'path, outbound',
      Require: 'outbound',
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ Supported: 'outbound, gruu', Require: 'outbound', 'Flow-Timer': '120' });
    const plain = await deskPhone('anna').register({ Contact: contact });
    expect(plain.headers['Require']).toBeUndefined();
    expect(plain.headers['Flow-Timer']).toBeUndefined();
    expect(contactsOf(plain)).toHaveLength(1);
  });

  it('gives a public GRUU to a phone that knows of it (RFC 5627)', async () => {
    const contact = `<sip:x@y.invalid>;+sip.instance="<${INSTANCE}>"`;
    const [known] = contactsOf(await pagePhone('anna').register({ Contact: contact, Supported: 'gruu' }));
    expect(known).toContain(`;pub-gruu="sip:anna@${DOMAIN};gr=${INSTANCE}"`);
    const [unknown] = contactsOf(await pagePhone('anna').register({ Contact: contact }));
    expect(unknown).not.toContain('gruu');
  });

  it('gives no GRUU where the SIP server would not find a phone by it', async () => {
    registrar = open({ gruus: false });
    const contact = `<sip:x@y.invalid>;+sip.instance="<${INSTANCE}>"`;
    const { headers, ...plain } = await pagePhone('anna').register({ Contact: contact, Supported: 'gruu' });
    expect(headers['Supported']).toBe('outbound');
    expect(contactsOf({ headers, ...plain }).join()).not.toContain('gruu');
    const needed = await pagePhone('anna').register({ Contact: contact, Require: 'gruu' });
    expect(needed).toMatchObject({ status: 420, headers: { Unsupported: 'gruu' } });
  });

  it('is empty of contacts when all are gone', async () => {
    const phone = pagePhone('anna');
    await phone.register();
    const answer = await phone.register({ Contact: '*', Expires: '0' });
    expect(answer.status).toBe(200);
    expect(contactsOf(answer)).toEqual([]);
    expect(await store.of('id-anna', now)).toEqual([]);
  });
});

it('knows whose phone is on a connection, until it is gone', async () => {
  const phone = pagePhone('anna', { port: 41_000 });
  await phone.register();
  const flow = { transport: 'wss', address: '192.0.2.1', port: 41_000 } as const;
  expect(registrar.agentOfFlow(flow)).toBe('id-anna');
  expect(registrar.agentOfFlow({ ...flow, address: '192.0.2.2' })).toBeUndefined();
  await phone.register({ Expires: '0' });
  expect(registrar.agentOfFlow(flow)).toBeUndefined();
});

it('tells who registered, is gone, and whose time is over', async () => {
  const told: string[] = [];
  registrar.onBindings((agentId) => told.push(agentId));
  await pagePhone('anna').register();
  const bert = pagePhone('bert');
  await bert.register();
  await bert.register({ Expires: '0' });
  expect(told).toEqual(['id-anna', 'id-bert', 'id-bert']);
  now += 600_000;
  store.sweep();
  expect(told).toEqual(['id-anna', 'id-bert', 'id-bert', 'id-anna']);
});

it('lets the phone give way that registered longest ago', async () => {
  for (const port of [1, 2, 3, 4]) {
    now += 1;
    expect((await pagePhone('anna', { port }).register()).status).toBe(200);
  }
  expect((await store.of('anna', now)).length).toBe(0);
  expect((await store.of('id-anna', now)).map(({ flow }) => flow.port)).toEqual([2, 3, 4]);
});

it('takes all phones of an agent that register at the same moment', async () => {
  addAgent('emil', { maxContacts: 4 });
  const answers = await Promise.all([1, 2, 3, 4].map((port) => pagePhone('emil', { port }).register()));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await store.of('id-emil', now)).toHaveLength(4);
});

it('takes all phones of an agent that register at the same moment at two nodes', async () => {
  addAgent('emil', { maxContacts: 10 });
  const turn = (): Promise<void> => new Promise(setImmediate);
  const shared: BindingStore = {
    ...fakeStore(),
    of: (id, at) => turn().then(() => store.of(id, at)),
    apply: (...all) => turn().then(() => store.apply(...all)),
  };
  const nodes = ['node-1', 'node-2'].map((nodeId) => open({ store: shared, nodeId }));
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, port) => pagePhone('emil', { port }, 60, nodes[port % 2]).register()),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(await store.of('id-emil', now)).toHaveLength(10);
});

it('keeps of a long name of a phone what is text to everybody', async () => {
  const { status } = await pagePhone('anna').register({ 'User-Agent': `${'x'.repeat(255)}😀` });
  expect(status).toBe(200);
  const [binding] = await store.of('id-anna', now);
  expect(binding?.userAgent).toBe(`${'x'.repeat(255)}?`);
});

it('tells phones to come back when passwords or bindings cannot be had', async () => {
  passwordsAway = true;
  const answer = await deskPhone('anna').register();
  expect(answer.status).toBe(503);
  expect(Number(answer.headers['Retry-After'])).toBeGreaterThan(0);
  const rival: BindingStore = {
    degraded: false,
    of: (id, at) => store.of(id, at),
    ofAll: (ids, at) => store.ofAll(ids, at),
    apply: () => Promise.resolve(false),
    drop: () => Promise.resolve(),
    agentOfFlow: () => undefined,
    onChange: () => undefined,
  };
  registrar = open({ store: rival });
  expect((await pagePhone('anna').register()).status).toBe(503);
  expect(registrar.figures.deferred).toBe(1);
});

it('answers 500 for a bug, and goes on', async () => {
  const bugs: string[] = [];
  const broken = { ...fakeStore(), of: () => Promise.reject(new Error('a bug')) };
  registrar = open({ store: broken, warn: (_fields, message) => bugs.push(message) });
  expect((await pagePhone('anna').register()).status).toBe(500);
  expect(bugs).toEqual(['a REGISTER failed']);
});

function fakeStore(): BindingStore {
  return {
    degraded: false,
    of: (id, at) => store.of(id, at),
    ofAll: (ids, at) => store.ofAll(ids, at),
    apply: (...all) => store.apply(...all),
    drop: (binding) => store.drop(binding),
    agentOfFlow: (flow, at) => store.agentOfFlow(flow, at),
    onChange: (handler) => store.onChange(handler),
  };
}

describe('passwords are guessed', () => {
  const ATTACKER = '198.51.100.7';
  const OFFICE = '192.0.2.1';

  function guesser(username: string, address = ATTACKER, port = 9): Phone {
    return deskPhone(username, { username, password: 'guess', address, port });
  }

  it('who guesses is sent away unread, with the right password too, and comes back after the pause', async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 30; guess++) statuses.push((await guesser('anna').register()).status);
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(statuses.slice(10)).toEqual(Array(20).fill(503));
    expect(passwordsAsked).toBe(11);
    const right = await deskPhone('anna', { address: ATTACKER }).register();
    expect(right.status).toBe(503);
    now += Number(right.headers['Retry-After']) * 1_000;
    expect((await deskPhone('anna', { address: ATTACKER }).register()).status).toBe(200);
  });

  it('does not learn by the pauses which names there are', async () => {
    const told: number[][] = [];
    for (const [username, address] of [
      ['anna', '198.51.100.8'],
      ['nobody', '198.51.100.9'],
    ] as const) {
      const statuses: number[] = [];
      for (let guess = 0; guess < 15; guess++) {
        statuses.push((await guesser(username, address).register()).status);
      }
      told.push(statuses);
    }
    expect(told[1]).toEqual(told[0]);
  });

  it('is told once for each pause, however many guesses come', async () => {
    const told: string[] = [];
    registrar = open({ warn: (_fields, message) => told.push(message) });
    const forged = mintCredentials(randomBytes(32), 'id-anna', now / 1_000, now / 1_000 + 60);
    for (let guess = 0; guess < 60; guess++) {
      await pagePhone('anna', { ...forged, address: ATTACKER }).register();
    }
    expect(told).toHaveLength(1);
  });

  it('gains nothing by guessing many at once', async () => {
    const guesses = Array.from({ length: 200 }, (_, port) => guesser('anna', ATTACKER, port).register());
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
    expect(registrar.figures.failed).toBeLessThanOrEqual(10);
  });

  it('leaves real users in: at known places, behind the same address, and with minted credentials', async () => {
    const desk = deskPhone('anna', { address: OFFICE, transport: 'tls' });
    const colleague = deskPhone('bert', { address: OFFICE, transport: 'tls', port: 2 });
    expect((await desk.register()).status).toBe(200);
    expect((await colleague.register()).status).toBe(200);
    // Guesses at anna from afar, and at carl out of her own office.
    for (let guess = 0; guess < 60; guess++) {
      await guesser('anna').register();
      await guesser('carl', OFFICE).register();
    }
    expect((await guesser('anna').register()).status).toBe(503);
    expect((await guesser('carl', OFFICE).register()).status).toBe(503);
    expect((await desk.register()).status).toBe(200);
    expect((await colleague.register()).status).toBe(200);
    expect((await pagePhone('carl', { address: OFFICE }).register()).status).toBe(200);
    expect((await pagePhone('anna', { address: ATTACKER }).register()).status).toBe(200);
  });

  it('who is registered on a connection stays in on it, whatever others do at the same place', async () => {
    const desk = deskPhone('anna', { address: OFFICE, transport: 'tls', port: 5 });
    await desk.register();
    for (let guess = 0; guess < 60; guess++) await guesser('anna', OFFICE).register();
    expect((await guesser('anna', OFFICE).register()).status).toBe(503);
    expect((await desk.register()).status).toBe(200);
  });

  it('costs wrong minted credentials the address, and not the agent', async () => {
    const forged = mintCredentials(randomBytes(32), 'id-anna', now / 1_000, now / 1_000 + 60);
    for (let guess = 0; guess < 40; guess++)
      await pagePhone('anna', { ...forged, address: ATTACKER }).register();
    expect((await deskPhone('anna', { address: ATTACKER }).register()).status).toBe(503);
    expect((await deskPhone('anna', { address: OFFICE }).register()).status).toBe(200);
  });
});

it('holds ten thousand phones, which all register again at once', async () => {
  const phones = Array.from({ length: 10_000 }, (_, at) => {
    const username = `agent-${at}`;
    addAgent(username);
    return pagePhone(username, { port: 1_024 + (at % 60_000), address: `10.1.${at >> 8}.${at & 255}` });
  });
  await Promise.all(phones.map((phone) => phone.register()));
  expect(store.agents).toBe(10_000);
  const again = await Promise.all(phones.map((phone) => phone.register()));
  expect(again.every(({ status }) => status === 200)).toBe(true);
  expect(store.agents).toBe(10_000);
  expect(registrar.figures).toMatchObject({ accepted: 20_000, challenged: 20_000, deferred: 0 });
  now += 600_000;
  store.sweep();
  expect(store.agents).toBe(0);
});

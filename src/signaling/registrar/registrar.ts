import { setTimeout as wait } from 'node:timers/promises';
import { asError } from '../../domain';
import type { IncomingRequest, RequestView } from '../sip/sip-stack';
import { userPart } from '../sip-uri';
import type { Authentication } from './authenticator';
import { flowOf } from './authenticator';
import type { Binding, BindingStore, Flow } from './bindings';
import { decimal, parseContacts } from './contacts';
import type { PhoneUser } from './phone-directory';
import type { ExpiryPolicy, Registration, RegistrationPlan } from './plan-registration';
import { planRegistration } from './plan-registration';
import { writeContact } from './write-contact';

export interface RegistrarOptions {
  readonly store: BindingStore;
  /** Tells who sends a request; see {@link Authenticator}. */
  readonly identify: (method: string, request: RequestView) => Promise<Authentication>;
  /** Domain of the addresses that agents register. */
  readonly domain: string;
  readonly nodeId: string;
  readonly expiry: ExpiryPolicy;
  /** Within how many seconds a phone is to show that its connection lives (RFC 5626 §10). */
  readonly keepAliveSeconds: number;
  /** Whether phones get public GRUUs, which the SIP server must then find them by; by default they do. */
  readonly gruus?: boolean;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** 0 … 1. */
  readonly random: () => number;
  /** REGISTERs that may wait for their turn; more are told to come back. */
  readonly maxWaiting?: number;
  /** Told of bugs. */
  readonly warn?: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

/** What became of REGISTERs so far. */
export interface RegistrarFigures {
  readonly accepted: number;
  /** Asked for a password, or for a newer nonce. */
  readonly challenged: number;
  /** Wrong passwords. */
  readonly failed: number;
  /** Not looked at: too many failures before. */
  readonly locked: number;
  /** Anything else that is not to be had. */
  readonly refused: number;
  /** Told to come back, as there was no room or no store. */
  readonly deferred: number;
}

const MAX_TEXT = 256;
const MAX_CSEQ = 2 ** 31 - 1;
const MAX_EXPIRES = 2 ** 32 - 1;
const MAX_WAITING = 20_000;
/** REGISTERs looked at at once: what a store that is shared answers within its time. */
const AT_ONCE = 200;
/** Another node was faster with the agent: this is looked at anew so often, each time after a while. */
const TRIES = 8;
/** Of other nodes each waits for another time, in milliseconds, so that they do not meet again. */
const MIN_WAIT_MS = 5;
const MAX_WAIT_MS = 50;
/** Whoever is told to come back does so within these seconds. */
const COME_BACK_SECONDS = 10;
/** A phone asks a little less than this share earlier than it was granted. */
const SPREAD = 0.1;

/** The registrar of agents' phones (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5.1). */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #figures = { accepted: 0, challenged: 0, failed: 0, locked: 0, refused: 0, deferred: 0 };
  readonly #waiting: IncomingRequest[] = [];
  /** What is under way for an agent: one REGISTER after the other. */
  readonly #lines = new Map<string, Promise<unknown>>();
  /** Option tags of Require that are understood. */
  readonly #supported: readonly string[];
  #underWay = 0;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#supported = options.gruus === false ? ['outbound'] : ['outbound', 'gruu'];
  }

  get figures(): RegistrarFigures {
    return { ...this.#figures };
  }

  /** Answers a REGISTER. Never throws. */
  handle(request: IncomingRequest): void {
    if (this.#underWay < AT_ONCE) this.#begin(request);
    else if (this.#waiting.length < (this.#options.maxWaiting ?? MAX_WAITING)) this.#waiting.push(request);
    else this.#defer(request);
  }

  #begin(request: IncomingRequest): void {
    this.#underWay++;
    void this.#handle(request)
      .catch((error: unknown) => {
        this.#options.warn?.({ error: asError(error).message }, 'a REGISTER failed');
        request.respond(500);
      })
      .finally(() => {
        this.#underWay--;
        const next = this.#waiting.shift();
        if (next) this.#begin(next);
      });
  }

  /** Whose phone registered on a connection of this node; undefined when none did, or its time is over. */
  agentOfFlow(flow: Flow): string | undefined {
    return this.#options.store.agentOfFlow(flow, this.#options.now());
  }

  /** Calls when a phone of an agent registered or is gone, on whichever node. */
  onBindings(handler: (agentId: string) => void): void {
    this.#options.store.onChange(handler);
  }

  async #handle(request: IncomingRequest): Promise<void> {
    const unknown = optionTags(request.header('Require')).filter((tag) => !this.#supported.includes(tag));
    if (unknown.length > 0) {
      this.#refuse(request, 420, { Unsupported: unknown.join(', ') });
      return;
    }
    const who = await this.#options.identify('REGISTER', request);
    if (who.kind !== 'user') {
      this.#turnAway(request, who);
      return;
    }
    const registered = this.#read(request, who.user);
    if (typeof registered === 'number') this.#refuse(request, registered);
    else await this.#register(request, who.user, registered);
  }

  #turnAway(request: IncomingRequest, who: Exclude<Authentication, { kind: 'user' }>): void {
    switch (who.kind) {
      case 'challenge':
        if (who.failed) this.#figures.failed++;
        else this.#figures.challenged++;
        request.respond(401, { 'WWW-Authenticate': who.headers });
        return;
      case 'locked':
        this.#figures.locked++;
        // Not 403, after which many phones never ask again: with 503 they come back by themselves.
        request.respond(503, { 'Retry-After': String(Math.ceil(who.waitMs / 1_000)) });
        return;
      case 'unavailable':
        this.#defer(request);
        return;
      case 'forbidden':
        this.#refuse(request, 403, { Warning: warning(who.reason) });
        return;
      case 'bad':
        this.#refuse(request, 400, { Warning: warning(who.reason) });
    }
  }

  /** The REGISTER without its contacts, or the status that refuses it. */
  #read(request: RequestView, user: PhoneUser): Omit<Registration, 'contacts'> | 400 | 403 | 404 {
    const [, cseqText = ''] = /^\s*(\d+)\s+REGISTER\s*$/.exec(request.header('CSeq') ?? '') ?? [];
    const cseq = decimal(cseqText, Infinity);
    const { callId } = request;
    if (cseq === undefined || cseq > MAX_CSEQ || callId === '' || callId.length > MAX_TEXT) return 400;
    const address = addressOf(request.header('To') ?? '');
    if (!address) return 400;
    // A phone that was given the node's own address for a domain names that in both places.
    const home = [this.#options.domain, addressOf(request.requestUri)?.host];
    if (!home.includes(address.host)) return 404;
    if (address.user !== user.username) return 403;
    return {
      agentId: user.id,
      nodeId: this.#options.nodeId,
      flow: flowOf(request),
      // What is cut could end in half a character, which is no text to others.
      userAgent: request
        .header('User-Agent')
        ?.slice(0, MAX_TEXT)
        .replace(/[^ -~]/g, '?'),
      callId,
      cseq,
      expires: decimal(request.header('Expires')?.trim() ?? '', MAX_EXPIRES),
    };
  }

  async #register(
    request: IncomingRequest,
    user: PhoneUser,
    read: Omit<Registration, 'contacts'>,
  ): Promise<void> {
    const parsed = parseContacts(request.header('Contact'));
    if (parsed.kind === 'bad') {
      this.#refuse(request, 400, { Warning: warning(parsed.reason) });
      return;
    }
    const contacts = parsed.kind === 'all' ? 'all' : parsed.contacts;
    const plan = await this.#inLine(user.id, () => this.#carryOut(user, { ...read, contacts }));
    if (plan === undefined) this.#defer(request);
    else if (!plan.ok) {
      const { minSeconds } = this.#options.expiry;
      const headers = plan.status === 423 ? { 'Min-Expires': String(minSeconds) } : {};
      this.#refuse(request, plan.status, { ...headers, Warning: warning(plan.reason) });
    } else {
      this.#figures.accepted++;
      request.respond(200, this.#acceptance(request, user, plan));
    }
  }

  /** Phones of one agent would else stand in each other's way; no more wait than are in hand at once. */
  async #inLine<T>(agentId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lines.get(agentId) ?? Promise.resolve();
    const done = before.then(work, work);
    this.#lines.set(agentId, done);
    try {
      return await done;
    } finally {
      if (this.#lines.get(agentId) === done) this.#lines.delete(agentId);
    }
  }

  /** Undefined when other nodes change the agent's bindings all the time, or nobody can. */
  async #carryOut(user: PhoneUser, registration: Registration): Promise<RegistrationPlan | undefined> {
    const { store, expiry, now, random } = this.#options;
    const share = 1 - SPREAD * random();
    const shorten = (seconds: number): number => seconds * share;
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await wait(MIN_WAIT_MS + random() * (MAX_WAIT_MS - MIN_WAIT_MS));
      const at = now();
      const current = await store.of(user.id, at);
      const limits = { ...expiry, maxContacts: user.maxContacts, shorten };
      const plan = planRegistration(current, registration, limits, at);
      if (!plan.ok || (plan.change.put.length === 0 && plan.change.remove.length === 0)) return plan;
      if (await store.apply(user.id, current, plan.change, at)) return plan;
    }
    return undefined;
  }

  #acceptance(
    request: RequestView,
    user: PhoneUser,
    { change, bindings }: Extract<RegistrationPlan, { ok: true }>,
  ): Record<string, string | readonly string[]> {
    const now = this.#options.now();
    const knows = optionTags(request.header('Supported'));
    const gruuOf = (binding: Binding): string | undefined =>
      knows.includes('gruu') && this.#supported.includes('gruu')
        ? publicGruu(user.username, this.#options.domain, binding)
        : undefined;
    const headers: Record<string, string | readonly string[]> = { Supported: this.#supported.join(', ') };
    if (bindings.length > 0) {
      headers['Contact'] = bindings.map((binding) => writeContact(binding, now, gruuOf(binding)));
    }
    // RFC 5626 §6: it is done, where the phone can have it.
    if (knows.includes('outbound') && change.put.some(({ regId }) => regId !== undefined)) {
      headers['Require'] = 'outbound';
      if (request.transport !== 'udp') headers['Flow-Timer'] = String(this.#options.keepAliveSeconds);
    }
    return headers;
  }

  #refuse(request: IncomingRequest, status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#figures.refused++;
    request.respond(status, headers);
  }

  #defer(request: IncomingRequest): void {
    this.#figures.deferred++;
    const seconds = 1 + Math.floor(this.#options.random() * COME_BACK_SECONDS);
    request.respond(503, { 'Retry-After': String(seconds) });
  }
}

/** The public GRUU of a phone that says which instance it is (RFC 5627 §5.1, §5.4). */
function publicGruu(username: string, domain: string, { instanceId }: Binding): string | undefined {
  if (instanceId === undefined || !/^urn:[a-z0-9.:_-]+$/i.test(instanceId)) return undefined;
  return `sip:${username}@${domain};gr=${instanceId}`;
}

/** User and host of an address, in its brackets or without. */
function addressOf(value: string): { user: string; host: string } | undefined {
  if (value.length > MAX_TEXT * 2) return undefined;
  const uri = /<([^<>]*)>/.exec(value)?.[1] ?? value.split(';', 1)[0] ?? '';
  const host = /^sips?:(?:[^@]*@)?(\[[0-9a-f:.]+\]|[^:;?@\s]+)/i.exec(uri.trim())?.[1];
  if (host === undefined) return undefined;
  return { user: (userPart(uri.trim())?.user ?? '').toLowerCase(), host: host.toLowerCase() };
}

function optionTags(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .slice(0, MAX_TEXT)
    .toLowerCase()
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);
}

/** What went wrong, for people (RFC 3261 §20.43). */
function warning(text: string): string {
  return `399 dce "${text.replace(/[^ -~]|["\\]/g, '')}"`;
}

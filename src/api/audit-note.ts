import type { Request } from 'express';
import type { Principal } from '../domain';
import type { AuditActor, AuditChanges, AuditEntry, PhoneIdentity } from '../storage';
import { actorOf, changedFields, namesOf } from '../storage';
import { contextOf } from './middleware/request-context';
import type { Route } from './route';

type Fields = Readonly<Record<string, unknown>>;

/**
 * First words of paths of what is about persons, or holds secrets under names of all kinds: of it the names of
 * fields are written, and no values.
 */
const NAMES_ALONE = new Set([
  'auth',
  'oauth',
  'consents',
  'dnc',
  'privacy',
  'checks',
  'number-lists',
  'decisions',
  'bid-requests',
  'test-calls',
  'callbacks',
]);
/** Nobody has proven who they are. */
const NOBODY: AuditActor = { kind: 'nobody', id: '' };

/** The actor that an agent is. */
export function agentActor(agent: Pick<PhoneIdentity, 'agentId' | 'accountId'>): AuditActor {
  return { kind: 'agent', id: agent.agentId, accountId: agent.accountId };
}

const notes = new WeakMap<Request, AuditNote>();

/** The note of a request whose operation was begun. */
export function noteOf(request: Request): AuditNote | undefined {
  return notes.get(request);
}

/** What a handler adds to the entry of the audit log that is written of its operation. */
export class AuditNote {
  #isGuess = false;
  #actor: AuditActor | undefined;
  #subject: AuditEntry['subject'];
  #changes: AuditChanges | undefined;
  #reason: string | undefined;

  constructor(request: Request) {
    notes.set(request, this);
  }

  /** Whether the operation stands on a proof that may be a guess. */
  get isGuess(): boolean {
    return this.#isGuess;
  }

  /** Whether it is told who it was, or to what it was done. */
  get isSaid(): boolean {
    return this.#actor !== undefined || this.#subject !== undefined;
  }

  /** A password, a code, a token is looked at: that it is wrong is written down, however that is answered. */
  guessed(): void {
    this.#isGuess = true;
  }

  /** Who it was, where only the handler can tell: somebody who signs in. */
  by(actor: AuditActor | Principal): void {
    this.#actor = 'scopes' in actor ? actorOf(actor) : actor;
  }

  /** What it was done to, where that is not what the path or the answer names. */
  about(kind: string, id?: string): void {
    this.#subject = { kind, id };
  }

  /** What it was before, and what is written: fields that do not differ are left out, secrets hidden. */
  changed(before: object | undefined, after: object): void {
    this.#changes = changedFields(before as Fields | undefined, after as Fields);
  }

  /** Why, where the body does not say it as `reason`. */
  because(reason: string): void {
    this.#reason = reason;
  }

  /** The entry of an operation that was done. */
  entry(done: {
    readonly route: Route;
    readonly request: Request;
    readonly caller: Principal | undefined;
    readonly address: string;
    readonly params: unknown;
    readonly body: unknown;
    readonly reply: unknown;
    readonly status: number;
  }): AuditEntry {
    const { route, request, caller, address, params, body, reply, status } = done;
    const { id } = contextOf(request);
    const fields = isFields(body) ? body : {};
    return {
      actor: this.#actor ?? (caller ? actorOf(caller) : NOBODY),
      action: route.operationId,
      subject: this.#subject ?? { kind: kindOf(route), id: idOf(params, reply) },
      status,
      requestId: id,
      address,
      changes: this.#changesOf(route, fields),
      reason: this.#reason ?? textOf(fields['reason']) ?? textOf(fields['basis']),
    };
  }

  /** The entry of an operation that was refused. */
  refusal(refused: {
    readonly route: Route;
    readonly request: Request;
    readonly caller: Principal | undefined;
    readonly address: string;
    readonly status: number;
    /** Code of the problem. */
    readonly problem: string | undefined;
  }): AuditEntry {
    const { route, request, caller, address, status, problem } = refused;
    const { id, place } = contextOf(request);
    return {
      actor: this.#actor ?? (caller ? actorOf(caller) : NOBODY),
      action: route.operationId,
      subject: this.#subject ?? { kind: kindOf(route), id: place.values?.[0] },
      status,
      requestId: id,
      address,
      reason: this.#reason ?? problem,
    };
  }

  /** What the handler says that it changed, or what the body says that it writes. */
  #changesOf(route: Route, fields: Fields): AuditChanges {
    if (NAMES_ALONE.has(kindOf(route))) return namesOf(Object.keys(this.#changes ?? fields));
    return this.#changes ?? changedFields(undefined, fields);
  }
}

/** The first word of its path. */
function kindOf({ path }: Route): string {
  return path.split('/')[1] ?? '';
}

function idOf(params: unknown, reply: unknown): string | undefined {
  const [named] = isFields(params) ? Object.values(params) : [];
  return textOf(named) ?? (isFields(reply) ? textOf(reply['id']) : undefined);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

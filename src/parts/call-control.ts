import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CallControlDesk, ControlAnswer, LiveCallView } from '../api';
import { asError } from '../domain';
import { PresenceBus } from '../presence';
import type { CallCommand, ControlResult, LiveCall } from '../signaling';

/** The calls of this node. */
export interface CallsHere {
  calls(): readonly LiveCall[];
  call(callId: string): LiveCall | undefined;
  control(callId: string, command: CallCommand): Promise<ControlResult>;
}

export interface CallControlParts {
  readonly redis: Redis;
  readonly nodeId: string;
  /** The same on every node of an exchange, and known to nobody else. */
  readonly secret: Buffer;
  readonly calls: CallsHere;
  /** Milliseconds that other nodes have for an answer. */
  readonly waitMs?: number;
  readonly onError: (error: Error) => void;
}

/** What one node asks all of them. */
type Question =
  | {
      readonly kind: 'control';
      readonly callId: string;
      readonly command: CallCommand;
      /** Whose calls alone it may be; undefined: anybody's. */
      readonly buyerIds: readonly string[] | undefined;
    }
  | { readonly kind: 'look'; readonly callId: string }
  | { readonly kind: 'list'; readonly limit: number };
type Asked = Question & { readonly id: string; readonly from: string };

/** What each says: the call is not here (`no`), or what became of it, or how it stands; its calls. */
type Reply = {
  readonly id: string;
  readonly nodeId: string;
} & (
  | { readonly kind: 'no' }
  | { readonly kind: 'done'; readonly answer: ControlAnswer }
  | { readonly kind: 'seen'; readonly call: LiveCallView }
  | { readonly kind: 'calls'; readonly calls: readonly LiveCallView[]; readonly more: boolean }
);

/** One that is waited for. */
interface Open {
  readonly replies: Reply[];
  /** Nodes that were asked; undefined until Redis has said how many. */
  asked: number | undefined;
  readonly isOver: (reply: Reply) => boolean;
  readonly end: () => void;
}

const WAIT_MS = 2_000;
const MAX_OPEN = 200;
const MAX_LISTED = 1_000;

/**
 * Does to a call what somebody asks of any node: here where it is here, else by asking all the others at
 * once over Redis. One of them has it, or all say that they do not; who says nothing is waited for so long
 * and no longer. What was asked is never asked twice: it is done once or not at all.
 */
export class CallControlLine implements CallControlDesk {
  readonly #parts: CallControlParts;
  readonly #bus: PresenceBus;
  readonly #channel: string;
  readonly #me = randomUUID();
  readonly #open = new Map<string, Open>();
  #hearing = false;

  constructor(parts: CallControlParts) {
    this.#parts = parts;
    // Several exchanges may share a Redis: each speaks on a channel of its own.
    const name = createHash('sha256').update(parts.secret).digest('hex').slice(0, 16);
    this.#channel = `dce:control:${name}`;
    this.#bus = new PresenceBus(parts.redis, parts.onError);
    const hearing = (): void => void (this.#hearing = true);
    this.#bus.listen(this.#channel, (text) => this.#hearQuestion(text), hearing);
    this.#bus.listen(this.#replyChannel(this.#me), (text) => this.#hearReply(text), hearing);
  }

  close(): void {
    this.#bus.close();
    for (const open of [...this.#open.values()]) open.end();
  }

  async control(callId: string, command: CallCommand, buyerIds?: readonly string[]): Promise<ControlAnswer> {
    const here = await this.#carryOut(callId, command, buyerIds);
    if (here) return here;
    const found = await this.#ask(
      { kind: 'control', callId, command, buyerIds },
      ({ kind }) => kind === 'done',
    );
    const done = found?.replies.find((reply) => reply.kind === 'done');
    if (done) return done.answer;
    if (!found) return { kind: 'unreachable' };
    return found.replies.length >= found.asked ? { kind: 'not_live' } : { kind: 'silent' };
  }

  async look(callId: string): Promise<LiveCallView | undefined> {
    const here = this.#parts.calls.call(callId);
    if (here) return this.#view(here);
    const found = await this.#ask({ kind: 'look', callId }, ({ kind }) => kind === 'seen');
    const seen = found?.replies.find((reply) => reply.kind === 'seen');
    return seen?.call;
  }

  async list(limit: number): ReturnType<CallControlDesk['list']> {
    const most = Math.min(limit, MAX_LISTED);
    const here = this.#listed(most);
    const found = await this.#ask({ kind: 'list', limit: most }, () => false);
    const others = found?.replies.flatMap((reply) => (reply.kind === 'calls' ? [reply] : [])) ?? [];
    const all = [here, ...others].flatMap(({ calls }) => calls);
    const items = all.sort((a, b) => b.receivedAt - a.receivedAt).slice(0, most);
    return {
      items,
      more: all.length > most || [here, ...others].some(({ more }) => more),
      silentNodes: found ? found.asked - found.replies.length : null,
    };
  }

  /** Undefined when it is not up here. */
  async #carryOut(
    callId: string,
    command: CallCommand,
    buyerIds: readonly string[] | undefined,
  ): Promise<ControlAnswer | undefined> {
    const { calls } = this.#parts;
    const before = calls.call(callId);
    if (!before) return undefined;
    const isTheirs =
      buyerIds === undefined ||
      (before.state === 'answered' &&
        before.target !== undefined &&
        buyerIds.includes(before.target.buyerId));
    if (!isTheirs) return { kind: 'not_live' };
    const result = await calls.control(callId, command);
    if (result === 'over') return { kind: 'not_live' };
    const after = calls.call(callId) ?? before;
    const call = this.#view(after);
    if (result === undefined) return { kind: 'done', call };
    const refused = typeof result === 'string' ? { refusal: result } : result;
    return { kind: 'refused', ...refused, call };
  }

  #listed(limit: number): { readonly calls: readonly LiveCallView[]; readonly more: boolean } {
    const all = this.#parts.calls.calls();
    const newest = [...all].sort((a, b) => b.receivedAt - a.receivedAt).slice(0, limit);
    return { calls: newest.map((call) => this.#view(call)), more: all.length > limit };
  }

  #view(call: LiveCall): LiveCallView {
    return { ...call, nodeId: this.#parts.nodeId };
  }

  /**
   * Asks the other nodes.
   * @param isOver - whether nothing more need be heard after this reply
   * @returns what was heard in time, and of how many; undefined where nobody can be asked
   */
  async #ask(
    question: Question,
    isOver: Open['isOver'],
  ): Promise<{ readonly replies: readonly Reply[]; readonly asked: number } | undefined> {
    const { redis, waitMs = WAIT_MS, onError } = this.#parts;
    if (!this.#hearing || redis.status !== 'ready' || this.#open.size >= MAX_OPEN) return undefined;
    const asked: Asked = { ...question, id: randomUUID(), from: this.#me };
    const replies: Reply[] = [];
    return new Promise((resolve) => {
      const timer = setTimeout(() => open.end(), waitMs);
      const open: Open = {
        ...{ replies, isOver, asked: undefined },
        end: () => {
          clearTimeout(timer);
          if (!this.#open.delete(asked.id)) return;
          resolve(open.asked === undefined ? undefined : { replies, asked: open.asked });
        },
      };
      this.#open.set(asked.id, open);
      redis.publish(this.#channel, this.#seal(asked)).then(
        (hearers) => {
          // This node hears itself, and does not answer.
          open.asked = Math.max(0, hearers - 1);
          if (replies.length >= open.asked) open.end();
        },
        (error: unknown) => {
          onError(asError(error));
          open.end();
        },
      );
    });
  }

  #hearQuestion(text: string): void {
    const asked = this.#unseal(text) as Asked | undefined;
    if (!asked || asked.from === this.#me) return;
    this.#answer(asked).catch((error: unknown) => this.#parts.onError(asError(error)));
  }

  async #answer(asked: Asked): Promise<void> {
    const { id } = asked;
    const { nodeId, redis } = this.#parts;
    let reply: Reply = { id, nodeId, kind: 'no' };
    if (asked.kind === 'list')
      reply = { id, nodeId, kind: 'calls', ...this.#listed(Math.min(asked.limit, MAX_LISTED)) };
    else if (asked.kind === 'look') {
      const call = this.#parts.calls.call(asked.callId);
      if (call) reply = { id, nodeId, kind: 'seen', call: this.#view(call) };
    } else {
      const answer = await this.#carryOut(asked.callId, asked.command, asked.buyerIds);
      if (answer) reply = { id, nodeId, kind: 'done', answer };
    }
    await redis.publish(this.#replyChannel(asked.from), this.#seal(reply));
  }

  #hearReply(text: string): void {
    const reply = this.#unseal(text) as Reply | undefined;
    const open = reply && this.#open.get(reply.id);
    if (!open) return;
    open.replies.push(reply);
    if (open.isOver(reply)) open.asked ??= open.replies.length;
    if (open.isOver(reply) || open.replies.length >= (open.asked ?? Infinity)) open.end();
  }

  #replyChannel(to: string): string {
    return `${this.#channel}:${to}`;
  }

  #seal(message: Asked | Reply): string {
    const text = JSON.stringify(message);
    return `${this.#macOf(text).toString('base64url')} ${text}`;
  }

  /** Undefined for what no node of this exchange said. */
  #unseal(sealed: string): unknown {
    const space = sealed.indexOf(' ');
    const text = sealed.slice(space + 1);
    const mac = Buffer.from(sealed.slice(0, Math.max(0, space)), 'base64url');
    const ours = this.#macOf(text);
    if (mac.length !== ours.length || !timingSafeEqual(mac, ours)) return undefined;
    return JSON.parse(text) as unknown;
  }

  #macOf(text: string): Buffer {
    return createHmac('sha256', this.#parts.secret).update(text).digest();
  }
}

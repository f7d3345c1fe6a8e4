import type { Redis } from 'ioredis';
import type { Binding, BindingChange } from '../signaling';
import { APPLY, DROP, SWEEP, SYNC } from './redis-bindings-scripts';

interface ScriptedRedis extends Redis {
  dceBindingsApply(keys: number, ...args: (string | number)[]): Promise<number>;
  dceBindingsDrop(keys: number, ...args: (string | number)[]): Promise<number>;
  dceBindingsSweep(keys: number, ...args: (string | number)[]): Promise<number>;
  dceBindingsSync(keys: number, ...args: (string | number)[]): Promise<string[]>;
}

const SCRIPTS = {
  dceBindingsApply: APPLY,
  dceBindingsDrop: DROP,
  dceBindingsSweep: SWEEP,
  dceBindingsSync: SYNC,
} as const;
const INDEX = 'reg:x';
const SCAN_COUNT = 1_000;

/** Who asks, and on which channel changes are told. */
export interface BindingsNode {
  readonly nodeId: string;
  /** Of this start of this node, and of no other. */
  readonly origin: string;
  readonly channel: string;
}

/** The commands of bindings, as functions. Each throws an Error when Redis is away. */
export class RedisBindingsCommands {
  readonly #redis: ScriptedRedis;
  readonly #node: BindingsNode;

  constructor(redis: Redis, node: BindingsNode) {
    for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { lua });
    this.#redis = redis as ScriptedRedis;
    this.#node = node;
  }

  /** A script that Redis did not know would be sent a second time, behind what was to come after it. */
  async prepare(): Promise<void> {
    await Promise.all(Object.values(SCRIPTS).map((lua) => this.#redis.script('LOAD', lua)));
  }

  /** The oldest registration first, those whose time is over among them. */
  async read(agentId: string): Promise<Binding[]> {
    return decode(await this.#redis.hvals(hashOf(agentId)));
  }

  async apply(
    agentId: string,
    expected: readonly Binding[],
    { put, remove }: BindingChange,
    now: number,
  ): Promise<boolean> {
    const done = await this.#redis.dceBindingsApply(
      ...this.#head(agentId, now),
      expected.length,
      ...expected.flatMap(wordsOf),
      remove.length,
      ...remove,
      put.length,
      ...put.flatMap((binding) => [
        ...[binding.key, this.#encode(binding), binding.expiresAt, binding.nodeId],
      ]),
    );
    return done === 1;
  }

  async drop(binding: Binding, now: number): Promise<boolean> {
    const done = await this.#redis.dceBindingsDrop(...this.#head(binding.agentId, now), ...wordsOf(binding));
    return done === 1;
  }

  /** Lets go what is over of an agent's bindings. @returns true when something was */
  async sweep(agentId: string, now: number): Promise<boolean> {
    return (await this.#redis.dceBindingsSweep(...this.#head(agentId, now))) > 0;
  }

  /** Tells which bindings of an agent this node holds. @returns what there are afterwards, on all nodes */
  async sync(agentId: string, held: readonly Binding[], now: number): Promise<Binding[]> {
    const told = held.flatMap((binding) => [
      ...[binding.key, this.#encode(binding), binding.registeredAt, binding.expiresAt],
    ]);
    return decode(await this.#redis.dceBindingsSync(...this.#head(agentId, now), ...told));
  }

  /** Agents with a binding whose time is over. */
  due(now: number, atMost: number): Promise<string[]> {
    return this.#redis.zrangebyscore(INDEX, '-inf', String(now), 'LIMIT', 0, atMost);
  }

  /** Agents with a binding on any node. */
  registered(atMost: number): Promise<string[]> {
    return this.#redis.zrange(INDEX, '0', String(atMost - 1));
  }

  /** Agents of whom this node, or what it was before it started anew, has bindings. */
  async ofThisNode(): Promise<string[]> {
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, members] = await this.#redis.sscan(
        nodeSetOf(this.#node.nodeId),
        cursor,
        'COUNT',
        SCAN_COUNT,
      );
      found.push(...members);
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  #head(agentId: string, now: number): [number, ...(string | number)[]] {
    const { nodeId, origin, channel } = this.#node;
    const keys = [hashOf(agentId), INDEX, nodeSetOf(nodeId)];
    return [keys.length, ...keys, now, agentId, origin, channel, nodeId];
  }

  #encode(binding: Binding): string {
    return JSON.stringify({ ...binding, origin: this.#node.origin });
  }
}

function hashOf(agentId: string): string {
  return `reg:a:${agentId}`;
}

function nodeSetOf(nodeId: string): string {
  return `reg:n:${nodeId}`;
}

function wordsOf({ key, callId, cseq, registeredAt }: Binding): (string | number)[] {
  return [key, callId, cseq, registeredAt];
}

/** What nobody can read is passed over: the scripts let it go. */
function decode(values: readonly string[]): Binding[] {
  const bindings = values.flatMap((text) => {
    try {
      return [bindingOf(JSON.parse(text) as Binding)];
    } catch {
      return [];
    }
  });
  return bindings.sort((a, b) => a.registeredAt - b.registeredAt);
}

/** JSON has no undefined: what is absent is written out again, and who wrote it is left out. */
function bindingOf(stored: Binding): Binding {
  return {
    agentId: stored.agentId,
    key: stored.key,
    contact: stored.contact,
    instanceId: stored.instanceId,
    regId: stored.regId,
    nodeId: stored.nodeId,
    flow: stored.flow,
    userAgent: stored.userAgent,
    callId: stored.callId,
    cseq: stored.cseq,
    registeredAt: stored.registeredAt,
    expiresAt: stored.expiresAt,
  };
}

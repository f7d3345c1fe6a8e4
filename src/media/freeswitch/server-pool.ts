import type Srf from 'drachtio-srf';
import { MediaUnavailable } from '../media-engine';
import type { Channel } from './channel';
import type { FreeswitchAddress, ServerState, ServerTiming } from './media-server';
import { PooledServer } from './media-server';

export interface PoolOptions {
  readonly servers: readonly FreeswitchAddress[];
  readonly srf: Srf;
  readonly timing: ServerTiming;
  onServer(server: string, state: ServerState, why: string): void;
}

/** A channel and the server that it is on. */
export interface Opened {
  readonly channel: Channel;
  readonly server: PooledServer;
}

/** Servers tried for one leg: a caller does not wait for more. */
const MAX_TRIES = 3;

/** The FreeSWITCH servers of the configuration. */
export class ServerPool {
  readonly #servers: readonly PooledServer[];

  private constructor(servers: readonly PooledServer[]) {
    this.#servers = servers;
  }

  /** Resolves when each server was tried once; those that were not there are tried again and again. */
  static async start({ servers, srf, timing, onServer }: PoolOptions): Promise<ServerPool> {
    const pool = new ServerPool(
      servers.map((address) => {
        const server: PooledServer = new PooledServer({
          address,
          srf,
          timing,
          onState: (state, why) => onServer(server.name, state, why),
        });
        return server;
      }),
    );
    await Promise.all(pool.#servers.map((server) => server.start()));
    return pool;
  }

  get servers(): readonly PooledServer[] {
    return this.#servers;
  }

  /**
   * Opens the first channel of a call on the server that does least; where that fails on the next.
   * @throws MediaUnavailable when none takes it
   */
  async open(sdp: string): Promise<Opened> {
    const able = this.#servers
      .filter(({ state, full }) => state === 'up' && !full)
      .sort((a, b) => a.load - b.load)
      .slice(0, MAX_TRIES);
    let before: { readonly server: PooledServer; readonly error: unknown } | undefined;
    for (const server of able) {
      before?.server.passedOver();
      try {
        return { server, channel: await server.open(sdp) };
      } catch (error) {
        before = { server, error };
      }
    }
    throw before?.error ?? new MediaUnavailable('no media server takes calls');
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}

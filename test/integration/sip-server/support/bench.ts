import { connect } from 'node:net';
import Srf from 'drachtio-srf';
import type { ClientOptions } from 'ws';
import type { SipServerOptions } from '../../../../src/sip-server';
import { SipServer } from '../../../../src/sip-server';
import type { Scheduler } from '../../../../src/sip-server/transaction';
import { until } from '../../../support/until';
import { HOST, SECRET, TIMERS } from './constants';
import { Control } from './control';
import { Browser } from './browser';
import { TcpPeer, UdpPeer } from './peers';

/** A SIP server on free ports with the applications and peers of one test. */
export class Bench {
  readonly #closers: (() => void)[] = [];

  private constructor(readonly server: SipServer) {}

  static async start(options: Partial<SipServerOptions> = {}, scheduler?: Scheduler): Promise<Bench> {
    const server = new SipServer(
      {
        listen: [
          { protocol: 'udp', address: HOST, port: 0 },
          { protocol: 'tcp', address: HOST, port: 0 },
        ],
        control: { host: HOST, port: 0, secret: SECRET },
        timers: TIMERS,
        ...options,
      },
      scheduler,
    );
    await server.start();
    return new Bench(server);
  }

  port(protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'): number {
    const found = this.server.listening.find((name) => name.startsWith(`${protocol}/`));
    return Number(found?.split(':').pop());
  }

  /** Connects drachtio-srf; handlers are to be set in `prepare`, before it connects. */
  async application(prepare: (srf: Srf) => void, secret = SECRET): Promise<Srf> {
    const srf = new Srf();
    prepare(srf);
    srf.on('error', () => undefined);
    const disconnect = srf.disconnect.bind(srf);
    let gone = false;
    // drachtio-srf fails when it is to disconnect twice.
    srf.disconnect = () => {
      if (!gone) disconnect();
      gone = true;
    };
    this.#closers.push(() => srf.disconnect());
    const connected = new Promise<void>((resolve, reject) => {
      srf.on('connect', (error) => (error ? reject(error) : resolve()));
    });
    void srf.connect({ host: HOST, port: this.server.controlPort, secret });
    await connected;
    // Its routes are on their way: they are read in the order in which they were sent.
    const probe = await this.control();
    await probe.authenticate();
    probe.close();
    return srf;
  }

  /** A control connection spoken by hand. */
  async control(): Promise<Control> {
    const socket = connect(this.server.controlPort, HOST);
    this.#closers.push(() => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return new Control(socket);
  }

  /** @param port - 0 for any */
  async udpPeer(host = HOST, port = 0): Promise<UdpPeer> {
    const peer = await UdpPeer.open(this.port('udp'), host, port);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** A peer that has connected to the server. */
  async tcpPeer(host = HOST): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(this.port('tcp'), host);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** The same over TLS. */
  async tlsPeer(): Promise<TcpPeer> {
    const peer = await TcpPeer.connectTls(this.port('tls'));
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** A browser that has connected to the server. */
  async browser(protocol: 'ws' | 'wss' = 'ws', options: ClientOptions = {}): Promise<Browser> {
    const browser = await Browser.connect(protocol, this.port(protocol), options);
    this.#closers.push(() => browser.close());
    return browser;
  }

  /** A peer that waits for the server to connect. */
  async tcpListener(host = HOST, tls?: { cert: string; key: string }): Promise<TcpPeer> {
    const peer = await TcpPeer.listen(host, tls);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** Every transaction and dialog must have died out within the longest of the SIP timers. */
  async settles(): Promise<void> {
    const alive = (): number => {
      const { serverTransactions, clientTransactions, dialogs } = this.server.stats();
      return serverTransactions + clientTransactions + dialogs;
    };
    await until('no transaction and no dialog left', () => alive() === 0, 2 * 64 * TIMERS.t1 + 5_000);
  }

  close(): void {
    for (const close of this.#closers) close();
    this.server.close();
  }
}

/**
 * Servers for the tests of a file, one each. What a test leaves behind must die out by itself: that
 * is awaited for all of them together at the end, so that it costs the time of the timers once.
 */
export function benches(): (options?: Partial<SipServerOptions>, scheduler?: Scheduler) => Promise<Bench> {
  const started: { bench: Bench; test: string }[] = [];
  afterAll(async () => {
    const left: string[] = [];
    for (const { bench, test } of started) {
      await bench.settles().catch(() => left.push(`${test}: ${JSON.stringify(bench.server.stats())}`));
      bench.close();
    }
    expect(left).toEqual([]);
  });
  return async (options, scheduler) => {
    const bench = await Bench.start(options, scheduler);
    started.push({ bench, test: expect.getState().currentTestName ?? '' });
    return bench;
  };
}

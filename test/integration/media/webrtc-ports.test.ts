import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { parse } from 'sdp-transform';
import type { MediasoupOptions } from '../../../src/media';
import { MediaUnavailable } from '../../../src/media';
import { freePort } from '../../support/free-port';
import { until } from '../../support/until';
import type { Negotiated } from './harness';
import { Harness, sdpOf } from './harness';

function bind(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}

const close = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(resolve));

async function withBench(
  options: Partial<MediasoupOptions>,
  run: (bench: Harness) => Promise<void>,
): Promise<void> {
  const bench = await Harness.start(4, options);
  try {
    await run(bench);
    await bench.settle();
  } finally {
    await bench.engine.close();
  }
}

test('browsers are told the port of their worker, by UDP and TCP; so are they of the worker that replaces it', async () => {
  const webRtcPort = await freePort();
  await withBench({ webRtcPort, webRtcPorts: 1, webRtcTcp: true }, async (bench) => {
    for (const died of [false, true]) {
      if (died) {
        const [pid] = bench.engine.workerPids;
        if (pid === undefined) throw new Error('no worker');
        process.kill(pid, 'SIGKILL');
        await until('the next worker', () => !bench.engine.workerPids.includes(pid));
      }
      const leg = await bench.session().createLeg('buyer', { transport: 'webrtc' });
      const [audio] = parse(sdpOf(leg.createOffer())).media;
      expect(audio?.candidates?.map(({ transport, ip, port }) => [transport, ip, port])).toEqual([
        ['udp', '127.0.0.1', webRtcPort],
        ['tcp', '127.0.0.1', webRtcPort],
        ['udp', '::1', webRtcPort],
        ['tcp', '::1', webRtcPort],
      ]);
    }
  });
});

test('no port is open before the first browser comes, and then none for TCP', async () => {
  const webRtcPort = await freePort();
  await withBench({ webRtcPort, webRtcPorts: 1 }, async (bench) => {
    const open = (): ReturnType<typeof bench.engine.openSession> => bench.session();
    await open().createLeg('buyer');
    const squatter = await bind(webRtcPort);
    const browser = { transport: 'webrtc' } as const;
    // IPv6 alone is not what was asked for.
    await expect(open().createLeg('buyer', browser)).rejects.toThrow(MediaUnavailable);
    await close(squatter);
    const leg = await open().createLeg('buyer', browser);
    const [audio] = parse(sdpOf(leg.createOffer())).media;
    expect(audio?.candidates?.map(({ transport }) => transport)).toEqual(['udp', 'udp']);
    await expect(bind(webRtcPort)).rejects.toThrow('EADDRINUSE');
  });
});

test('of several ports, those that somebody else holds are done without', async () => {
  const webRtcPort = await freePort();
  const squatter = await bind(webRtcPort);
  try {
    await withBench({ webRtcPort, webRtcPorts: 2 }, async (bench) => {
      for (let legs = 0; legs < 3; legs++) {
        const leg = await bench.session().createLeg('buyer', { transport: 'webrtc' });
        const [audio] = parse(sdpOf(leg.createOffer())).media;
        expect(audio?.candidates?.map(({ port }) => port)).toEqual([webRtcPort + 1, webRtcPort + 1]);
      }
    });
  } finally {
    await close(squatter);
  }
});

test('an exchange without browsers opens nothing for them', async () => {
  await withBench({ webRtcPorts: 0 }, async (bench) => {
    const session = bench.session();
    await expect(session.createLeg('buyer', { transport: 'webrtc' })).rejects.toThrow(MediaUnavailable);
    await session.createLeg('buyer');
  });
});

test('each leg of carriers has its port for RTCP, however many ports browsers have', async () => {
  const first = 47_000 + (process.pid % 8) * 120;
  await withBench({ portRange: [first, first + 59], webRtcPorts: 16 }, async (bench) => {
    await bench.session().createLeg('buyer', { transport: 'webrtc' });
    const calls: Negotiated[] = [];
    const heard: (() => boolean)[] = [];
    for (let free = true; free;) {
      const [caller, buyer] = [await bench.peer(), await bench.peer()];
      const call = await bench.call(caller, buyer).catch((error: unknown) => {
        expect(error).toBeInstanceOf(MediaUnavailable);
      });
      if (!call) free = false;
      else {
        calls.push(call);
        caller.speak(call.callerSends, 1);
        buyer.speak(call.buyerSends, 2);
        heard.push(() => caller.marked(2) > 5 && buyer.marked(1) > 5);
      }
    }
    await until('everybody hears', () => heard.every((each) => each()));
    expect(calls.length).toBeGreaterThan(5);
    expect(calls.flatMap(({ lost }) => lost)).toEqual([]);
  });
});

import { randomBytes } from 'node:crypto';
import type { Config } from '../config';
import { asError, defined } from '../domain';
import type { DrachtioStack } from '../signaling';
import type { SupervisedOptions } from '../sip-server';
import { parseListenAddress, SipServerSupervisor, timersFrom } from '../sip-server';
import type { Logger } from '../telemetry';

/** Longest a SIP server may take until it takes our word. */
const SIP_READY_MS = 10_000;

/** The SIP server that the switch keeps as a process of its own. */
export interface EmbeddedSip {
  readonly supervisor: SipServerSupervisor;
  readonly secret: string;
}

/** What the configuration says of the embedded server, but for its control port. */
export function sipServerOptions({ sip }: Config): Omit<SupervisedOptions, 'control'> {
  const { certFile, keyFile, caFile, verifyPeers } = sip.tls;
  return {
    listen: sip.listen.map(parseListenAddress),
    timers: timersFrom(sip.t1Ms),
    ...defined({ externalAddress: sip.externalAddress }),
    ...(certFile === undefined || keyFile === undefined
      ? {}
      : { tls: { certFile, keyFile, verifyPeers, ...defined({ caFile }) } }),
    webSocket: { origins: sip.ws.origins, trustedProxies: sip.ws.trustedProxies },
    limits: {
      maxWebSockets: sip.ws.maxConnections,
      maxWebSocketsPerSource: sip.ws.maxConnectionsPerAddress,
    },
  };
}

/** Makes the embedded server; it is started by {@link connectSip}. */
export function superviseSip(config: Config, log: Logger): EmbeddedSip {
  const secret = randomBytes(24).toString('hex');
  const supervisor = new SipServerSupervisor(
    { ...sipServerOptions(config), control: { host: '127.0.0.1', port: 0, secret } },
    (level, message, fields) => log[level](fields, message),
  );
  return { supervisor, secret };
}

/** Starts the embedded server, or finds the configured one, and waits until it takes our word. */
export async function connectSip(
  config: Config,
  stack: DrachtioStack,
  embedded: EmbeddedSip | undefined,
): Promise<string[]> {
  let connection: { host: string; port: number; secret: string };
  if (embedded) {
    const ready = await embedded.supervisor.start().catch((error: unknown) => {
      throw new Error(
        `the SIP server cannot start: ${asError(error).message}; change sip.listen (DCE_SIP_LISTEN) or sip.tls`,
      );
    });
    connection = { host: '127.0.0.1', port: ready.controlPort, secret: embedded.secret };
  } else {
    const { host = '', port, secret } = config.sip.drachtio;
    connection = { host, port, secret };
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the SIP server at ${connection.host}:${connection.port} does not accept the switch`));
    }, SIP_READY_MS);
    stack.onReady((listening) => {
      clearTimeout(timer);
      resolve(listening.split(','));
    });
    stack.connect(connection);
  });
}

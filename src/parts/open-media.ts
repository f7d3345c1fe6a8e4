import { join } from 'node:path';
import type Srf from 'drachtio-srf';
import type { Config } from '../config';
import { defined } from '../domain';
import type { FreeswitchEngine, MediaEngine, MediaServerFigures } from '../media';
import { MediasoupEngine, openFreeswitch, PassthroughEngine } from '../media';
import type { PromptFolder } from '../media';
import { findMediasoupWorker } from '../provision';
import type { Logger } from '../telemetry';
import { MediaWatch } from './media-watch';

export interface MediaParts {
  readonly config: Config;
  readonly log: Logger;
  /** What may be played. */
  readonly prompts: PromptFolder;
  /** The switch's own connection to its SIP server. */
  readonly srf: Srf;
  /** Whether anybody watches how calls without browsers do. */
  qualityWanted(): boolean;
}

/** The engines of the configuration. */
export interface MediaEngines {
  /** Of calls whose plan asks for none. */
  readonly main: MediaEngine;
  /** Undefined: it is not configured. */
  named(name: MediaEngine['name']): MediaEngine | undefined;
  /** How each media server is; none where none is configured. */
  servers(): readonly MediaServerFigures[];
  /** Watches those; to be started where alerts can be told. */
  readonly watch: MediaWatch;
  close(): Promise<void>;
}

/**
 * Opens the engine of the configuration, and FreeSWITCH beside it where it has servers.
 * @throws Error in one line that says what to do
 */
export async function openMedia(parts: MediaParts): Promise<MediaEngines> {
  const { engine, freeswitch } = parts.config.media;
  const watch = new MediaWatch({ servers: freeswitch.servers, log: parts.log });
  const servers = freeswitch.servers.length > 0 ? await openServers(parts, watch) : undefined;
  const main = engine === 'freeswitch' && servers ? servers : await openOwn(parts);
  const engines = servers && servers !== main ? [main, servers] : [main];
  return {
    main,
    named: (name) => engines.find((each) => each.name === name),
    servers: () => servers?.servers ?? [],
    watch,
    async close() {
      watch.close();
      await Promise.all(engines.map((each) => each.close()));
    },
  };
}

async function openOwn({ config, log, prompts, qualityWanted }: MediaParts): Promise<MediaEngine> {
  if (config.media.engine === 'passthrough') return new PassthroughEngine();
  const workerBin = findMediasoupWorker();
  if (workerBin === undefined) {
    throw new Error('the media worker is missing: npm start builds it, or set DCE_MEDIASOUP_WORKER_BIN');
  }
  return MediasoupEngine.start({
    workerBin,
    workers: config.media.workers,
    prompts,
    listenAddress: config.media.listenAddress,
    ...defined({ announcedAddress: config.media.announcedAddress, webRtcPort: config.media.webrtcPort }),
    portRange: [config.media.portMin, config.media.portMax],
    webRtcPorts: config.media.webrtcPorts,
    webRtcTcp: config.media.webrtcTcp,
    qualityWanted,
    rtpTimeoutMs: config.media.rtpTimeoutMs,
    webRtcTimeoutMs: config.media.webrtcTimeoutMs,
    oneWayAfterMs: config.media.oneWayAfterMs,
    onWorkerDied: (pid) => log.error({ workerPid: pid }, 'a media worker died and is replaced'),
  });
}

/** Servers that are not there are waited for by the engine: calls that need them are refused meanwhile. */
async function openServers(
  { config, prompts, srf, qualityWanted }: MediaParts,
  watch: MediaWatch,
): Promise<FreeswitchEngine> {
  const { servers, secret = '', listenAddress, spoolDir, promptsDir } = config.media.freeswitch;
  return openFreeswitch({
    servers: servers.map((text) => {
      const colon = text.lastIndexOf(':');
      return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)), secret, listenAddress };
    }),
    srf,
    spoolDir: spoolDir ?? join(config.dataDir, 'freeswitch'),
    prompts,
    promptsDir: promptsDir ?? prompts.folder,
    qualityWanted,
    rtpTimeoutMs: config.media.rtpTimeoutMs,
    oneWayAfterMs: config.media.oneWayAfterMs,
    onServer: (server, state, why) => watch.onServer(server, state, why),
  });
}

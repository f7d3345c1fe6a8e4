import type { Config } from './config';
import type { MediaEngine } from './media';
import { MediasoupEngine, PassthroughEngine } from './media';
import { findMediasoupWorker } from './provision';
import type { Logger } from './telemetry';

/** The media engine of the configuration. @throws Error in one line that says what to do */
export async function openMedia(config: Config, log: Logger): Promise<MediaEngine> {
  if (config.media.engine === 'passthrough') return new PassthroughEngine();
  const workerBin = findMediasoupWorker();
  if (workerBin === undefined) {
    throw new Error('the media worker is missing: npm start builds it, or set DCE_MEDIASOUP_WORKER_BIN');
  }
  return MediasoupEngine.start({
    workerBin,
    workers: config.media.workers,
    listenAddress: config.media.listenAddress,
    ...(config.media.announcedAddress === undefined
      ? {}
      : { announcedAddress: config.media.announcedAddress }),
    portRange: [config.media.portMin, config.media.portMax],
    rtpTimeoutMs: config.media.rtpTimeoutMs,
    onWorkerDied: (pid) => log.error({ workerPid: pid }, 'a media worker died and is replaced'),
  });
}

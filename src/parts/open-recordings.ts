import { join } from 'node:path';
import type { Config } from '../config';
import type { Clock } from '../domain';
import { systemClock } from '../domain';
import type { Market } from '../market';
import type { ObjectStore } from '../recordings';
import {
  DiskStore,
  KeyRing,
  RecordingFolder,
  RecordingKeeper,
  RecordingLibrary,
  S3Store,
  Studio,
} from '../recordings';
import type { RecordingDesk } from '../signaling';
import type { Database, Vault } from '../storage';
import { failRecording, noteRecording } from '../storage';
import type { Metrics } from '../telemetry';
import { LawfulRecordings } from './recording-desk';

export interface RecordingParts {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly market: Market;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
}

/** Recordings of this node. */
export interface Recordings {
  readonly desk: RecordingDesk;
  readonly library: RecordingLibrary;
  /** How many are made. */
  readonly open: number;
  /** Takes up what an earlier run left. */
  start(): void;
  /** To be closed once nothing is recorded any more. */
  close(): Promise<void>;
}

const BYTES_PER_MINUTE = 16_000 * 60;
const KILOBYTE = 1_024;

/** Where recordings lie on this machine. */
function recordingsFolder({ recordings, dataDir }: Config): string {
  return recordings.folder ?? join(dataDir, 'recordings');
}

/** The keys of this installation: those configured, and what is made of the vault's. */
export function openKeyRing({ recordings }: Config, vault: Vault): KeyRing {
  return new KeyRing([...recordings.keys, vault.recordings]);
}

/** What opens recordings of this installation. */
export function openLibrary(config: Config, vault: Vault): RecordingLibrary {
  const stores = [new DiskStore(recordingsFolder(config)), remoteStore(config)];
  return new RecordingLibrary(openKeyRing(config, vault), stores);
}

/** Puts together what records calls on this node. */
export function openRecordings(parts: RecordingParts): Recordings {
  const { config, database, vault, market, metrics, clock, warn } = parts;
  const { recordings, node, privacy } = config;
  const root = recordingsFolder(config);
  const folder = new RecordingFolder(root, node.id);
  const ring = openKeyRing(config, vault);
  const studio = new Studio(
    folder,
    ring,
    {
      maxOpen: recordings.maxAtOnce,
      maxBytes: recordings.maxMinutes * BYTES_PER_MINUTE,
      maxQueuedBytes: recordings.maxQueuedKilobytes * KILOBYTE,
    },
    {
      onBegin: (basics, encoding) => {
        // Its end tells all of it once more.
        noteRecording(database, basics, encoding).catch(warn('recordings are not seen before their end'));
      },
      onEnd: () => keeper.wake(),
      onFailed: (basics, encoding, why) => {
        metrics.recordings.inc({ outcome: 'failed' });
        failRecording(database, basics, encoding, why).catch(warn('a recording that failed is not told'));
      },
    },
  );
  const remote = remoteStore(config);
  const disk = new DiskStore(root);
  const keeper = new RecordingKeeper(database, folder, disk, ring, {
    nodeId: node.id,
    remote,
    isOpen: (id) => studio.has(id),
    onSaved: (cut) => metrics.recordings.inc({ outcome: cut ? 'cut' : 'saved' }),
    onFailed: () => metrics.recordings.inc({ outcome: 'failed' }),
    onError: warn('recordings are not where they belong for now'),
  });
  return {
    library: new RecordingLibrary(ring, [disk, remote]),
    desk: new LawfulRecordings({
      nodeId: node.id,
      market,
      studio,
      unknownBuyers: config.recordings.unknownBuyers,
      keepDays: privacy.recordingsDays,
      clock,
      onRefused: (why) => metrics.recordings.inc({ outcome: `refused_${why}` }),
    }),
    get open() {
      return studio.size;
    },
    start: () => keeper.start(),
    close: async () => {
      await studio.close();
      await keeper.close();
    },
  };
}

/** Where recordings go from the disk; undefined: they stay there. */
function remoteStore({ recordings: { s3 } }: Config): ObjectStore | undefined {
  const { endpoint, bucket, accessKeyId, secretAccessKey, ...rest } = s3;
  // The configuration has all of them, or no endpoint.
  if (endpoint === undefined || bucket === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return new S3Store({
    ...rest,
    endpoint,
    bucket,
    accessKeyId,
    secretAccessKey,
    now: () => systemClock.now(),
  });
}

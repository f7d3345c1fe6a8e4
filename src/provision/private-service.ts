/** A PostgreSQL or Redis that was started for us. */
export interface PrivateService {
  readonly url: string;
  /** Whether its process lives. */
  isUp(): boolean;
  /** Stops it, keeping its data, and waits until it is gone. */
  stop(): Promise<void>;
  /** Tells it to stop and does not wait, for who is about to end. */
  leave(): void;
}

/** A PostgreSQL or Redis that was started for us. */
export interface PrivateService {
  readonly url: string;
  /** Stops it, keeping its data. */
  stop(): Promise<void>;
}

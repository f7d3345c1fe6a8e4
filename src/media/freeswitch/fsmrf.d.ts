/** As much of drachtio-fsmrf, and of the event-socket client below it, as is used here: neither brings types. */

declare module 'drachtio-modesl' {
  import type { Socket } from 'node:net';

  export interface EslEvent {
    getHeader(name: string): string | undefined;
    getBody(): string | undefined;
  }

  export class Connection {
    constructor(host: string, port: number, secret: string, ready: () => void);
    /** Set by hand: only then does it not connect again by itself, which it does without a limit. */
    closing?: boolean;
    readonly socket: Socket | null;
    on(event: string, listener: (event: EslEvent) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    removeAllListeners(event?: string): this;
    api(command: string, reply: (event: EslEvent) => void): void;
    sendRecv(
      command: string,
      headers: Readonly<Record<string, string>>,
      reply: (event: EslEvent) => void,
    ): void;
    disconnect(): void;
  }
}

declare module 'drachtio-fsmrf' {
  import type Srf from 'drachtio-srf';

  class Mrf {
    constructor(srf: Srf);
  }
  export = Mrf;
}

declare module 'drachtio-fsmrf/lib/mediaserver' {
  import type { EventEmitter } from 'node:events';
  import type { Server } from 'node:net';
  import type Mrf from 'drachtio-fsmrf';
  import type { Connection, EslEvent } from 'drachtio-modesl';
  import type Srf from 'drachtio-srf';

  namespace MediaServer {
    interface Endpoint extends EventEmitter {
      readonly uuid: string;
      readonly conn: Connection | null;
      readonly dialog: Srf.Dialog | null;
      readonly local: { readonly sdp: string };
      execute(application: string, argument: string): Promise<EslEvent>;
    }
  }

  class MediaServer extends EventEmitter {
    constructor(
      connection: Connection,
      mrf: Mrf,
      listenAddress: string,
      listenPort: number,
      advertisedAddress: string | undefined,
      advertisedPort: number | undefined,
      profile: string,
    );
    /** Set by hand: it tells of no lost connection then. */
    closing?: boolean;
    readonly _server?: { readonly server: Server; close(): void };
    createEndpoint(options: { remoteSdp: string }): Promise<MediaServer.Endpoint>;
  }
  export = MediaServer;
}

/** What a frame of Socket.IO (protocol 5) over Engine.IO (protocol 4) means to us. */
export type SocketFrame =
  /** The server is there; it sends a ping at least every so many milliseconds. */
  | { readonly kind: 'open'; readonly silenceMs: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: unknown }
  /** What the server says to an event of ours that asked for an acknowledgement. */
  | { readonly kind: 'ack'; readonly id: number; readonly data: unknown }
  | { readonly kind: 'close' }
  | { readonly kind: 'other' };

/** The answer to a ping. */
export const PONG = '3';
const SPARE_MS = 5_000;

/** Reads a text frame; what is not of use, or cannot be read, is `other`. */
export function readFrame(text: string): SocketFrame {
  switch (text.charAt(0)) {
    case '0': {
      const open = json(text.slice(1));
      const { pingInterval, pingTimeout } = (open ?? {}) as Record<string, unknown>;
      return {
        kind: 'open',
        silenceMs: (Number(pingInterval) || 25_000) + (Number(pingTimeout) || 20_000) + SPARE_MS,
      };
    }
    case '1':
      return { kind: 'close' };
    case '2':
      return { kind: 'ping' };
    case '4':
      return readPacket(text.slice(1));
    default:
      return { kind: 'other' };
  }
}

function readPacket(packet: string): SocketFrame {
  switch (packet.charAt(0)) {
    case '0':
      return { kind: 'connected' };
    case '1':
      return { kind: 'close' };
    case '4': {
      const error = json(packet.slice(1)) as { message?: unknown } | undefined;
      return { kind: 'refused', reason: typeof error?.message === 'string' ? error.message : 'refused' };
    }
    case '2': {
      // An acknowledgement number may stand before the array.
      const event = json(packet.slice(1).replace(/^\d+/, ''));
      return Array.isArray(event) && typeof event[0] === 'string'
        ? { kind: 'event', name: event[0], data: event[1] as unknown }
        : { kind: 'other' };
    }
    case '3': {
      const [, id, rest] = /^(\d+)(.*)$/s.exec(packet.slice(1)) ?? [];
      const said = json(rest ?? '');
      return id !== undefined && Array.isArray(said)
        ? { kind: 'ack', id: Number(id), data: said[0] as unknown }
        : { kind: 'other' };
    }
    default:
      return { kind: 'other' };
  }
}

/** The frame that joins the main namespace, with what the server authenticates us by. */
export const connectFrame = (auth: Readonly<Record<string, string>>): string => `40${JSON.stringify(auth)}`;

/** An event of ours, of which the server says what came of it under the same number. */
export const eventFrame = (id: number, name: string, data: unknown): string =>
  `42${id}${JSON.stringify([name, data])}`;

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

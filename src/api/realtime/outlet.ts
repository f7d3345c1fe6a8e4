import { setTimeout as pause } from 'node:timers/promises';
import type { Socket } from 'socket.io';
import type { Frame } from './frames';

export interface OutletLimits {
  /** Messages that may wait for a client that does not read. */
  readonly maxWaiting: number;
  /** Bytes that may wait for it. */
  readonly maxWaitingBytes: number;
}

/** Packets that engine.io has not handed on yet, which its types keep to themselves. */
interface Engine {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly readyState: string;
  readonly transport: { readonly writable: boolean; readonly socket?: { readonly bufferedAmount?: number } };
  write(data: string, options: { compress: boolean; wsPreEncodedFrame: readonly Buffer[] }): unknown;
}

/** Bytes are counted at every so manieth message that waits. */
const COUNT_EVERY = 16;
/** Who is slow is looked at again after so many milliseconds. */
const LOOK_MS = 20;

const engineOf = (socket: Socket): Engine => socket.conn as unknown as Engine;

/** Messages that the connection has not taken yet. */
export function waitingFor(socket: Socket): number {
  return engineOf(socket).writeBuffer.length;
}

/** Whether a client reads too slowly for one more message. */
export function isFull(socket: Socket, { maxWaiting, maxWaitingBytes }: OutletLimits): boolean {
  const { writeBuffer, transport } = engineOf(socket);
  const waiting = writeBuffer.length;
  if (waiting === 0) return (transport.socket?.bufferedAmount ?? 0) > maxWaitingBytes;
  if (waiting >= maxWaiting) return true;
  return waiting % COUNT_EVERY === 0 && waitingBytes(socket) > maxWaitingBytes;
}

/** Bytes that wait for a client, here and in its WebSocket. */
export function waitingBytes(socket: Socket): number {
  const { writeBuffer, transport } = engineOf(socket);
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
  return bytes;
}

/** Hands over what was encoded for many. */
export function send(socket: Socket, { text, webSocket }: Frame): void {
  const engine = engineOf(socket);
  if (engine.readyState === 'open') engine.write(text, { compress: false, wsPreEncodedFrame: [webSocket] });
}

/**
 * Resolves when everything was handed to the operating system: true; false when the client goes away, or does
 * not read in time.
 */
export async function drained(socket: Socket, withinMs: number): Promise<boolean> {
  const engine = engineOf(socket);
  // Others have their turn in any case.
  await new Promise((turn) => setImmediate(turn));
  for (let waited = 0; engine.readyState === 'open'; waited += LOOK_MS) {
    if (engine.transport.writable && engine.writeBuffer.length === 0) return true;
    if (waited >= withinMs) return false;
    await pause(LOOK_MS, undefined, { ref: false });
  }
  return false;
}

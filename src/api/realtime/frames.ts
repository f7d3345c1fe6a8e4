/** One message to many sockets, encoded once: as the text of socket.io, and as the frame of WebSocket around it. */
export interface Frame {
  readonly text: string;
  readonly webSocket: Buffer;
}

/** Packet types of Engine.IO 4 (`4`, message) and Socket.IO 5 (`2`, event; main namespace). */
const MESSAGE = '4';
const EVENT = '2';
/** RFC 6455 §5.2: a text, whole, and not masked, because a server sends it. */
const FINAL_TEXT = 0x81;

/** @param name - of the event, as clients know it */
export function frameOf(name: string, message: unknown): Frame {
  const text = `${EVENT}${JSON.stringify([name, message])}`;
  return { text, webSocket: webSocketFrame(MESSAGE + text) };
}

function webSocketFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL_TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}

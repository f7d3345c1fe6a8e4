import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';

export type ZoneRecord =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly address: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'NAPTR';
      readonly order: number;
      readonly preference: number;
      readonly flags: string;
      readonly service: string;
      readonly replacement: string;
    };

/** What a name has: records (none of the asked type: no data), or a failure of the server. */
export type Zone = Record<string, ZoneRecord[] | 'servfail' | 'silent'>;

const TYPES: Readonly<Record<number, ZoneRecord['type']>> = { 1: 'A', 28: 'AAAA', 33: 'SRV', 35: 'NAPTR' };
const CODES = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 } as const;
const SERVFAIL = 2;
const NXDOMAIN = 3;

/** A name server over UDP for one small zone (RFC 1035): as much of one as a resolver asks for. */
export class DnsServer {
  /** `TYPE name` of every question, in order. */
  readonly asked: string[] = [];

  private constructor(
    readonly socket: Socket,
    public zone: Zone,
  ) {
    socket.on('message', (query, from) => {
      const reply = this.#reply(query);
      if (reply) socket.send(reply, from.port, from.address);
    });
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new DnsServer(socket, zone);
  }

  /** For `setServers`. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  close(): void {
    this.socket.close();
  }

  #reply(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const type = TYPES[query.readUInt16BE(at + 1)];
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${type} ${name}`);
    const found = this.zone[name];
    if (found === 'silent') return undefined;
    const records = Array.isArray(found) ? found.filter((record) => record.type === type) : [];
    const code = found === undefined ? NXDOMAIN : found === 'servfail' ? SERVFAIL : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question, ...records.map(encoded)]);
  }
}

function encoded(record: ZoneRecord): Buffer {
  const data = dataOf(record);
  const head = Buffer.alloc(12);
  // The name is that of the question.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(CODES[record.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(record: ZoneRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'AAAA':
      return v6(record.address);
    case 'SRV':
      return Buffer.concat([numbers(record.priority, record.weight, record.port), nameOf(record.target)]);
    case 'NAPTR':
      return Buffer.concat([
        numbers(record.order, record.preference),
        ...[record.flags, record.service, ''].map(text),
        nameOf(record.replacement),
      ]);
  }
}

function numbers(...values: number[]): Buffer {
  const data = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => data.writeUInt16BE(value, 2 * i));
  return data;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map(text), Buffer.from([0])]);
}

/** An IPv6 address with at most one `::`. */
function v6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((g) => parseInt(g, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const missing = Math.max(0, 8 - before.length - after.length);
  return numbers(...before, ...new Array<number>(missing).fill(0), ...after);
}

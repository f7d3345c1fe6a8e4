'use strict';

/**
 * Buyers of the tests, each with a server and a port of its own, in a process of their own: their work
 * must not delay what is measured. The parent sends the list of buyers, gets their ports, asks for counts
 * and may change what a buyer does.
 *
 * A buyer is `{ name, speaks: 'http' | 'https' | 'h2', does: [step, …] }`; its steps are done in turn,
 * one a request. A step is one of
 * `{ reply, after, status }` (JSON, with the id of the request unless it says another), `{ raw, headers }`,
 * `{ special: 'silent' | 'reset' | 'half' | 'trickle' | 'huge' | 'crumbs' | 'redirect' | 'goaway' }`.
 * A buyer with `special: 'closed'` listens to nobody, one with `'deaf'` takes connections and never reads.
 */
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const http2 = require('node:http2');
const net = require('node:net');
const { join } = require('node:path');

const PEM = {
  key: readFileSync(join(__dirname, 'key.pem')),
  cert: readFileSync(join(__dirname, 'cert.pem')),
};
const HUGE = Buffer.alloc(65_536, 0x20);

const buyers = new Map();

function serve(spec) {
  const buyer = { ...spec, requests: 0, connections: 0, open: new Set(), bodies: [] };
  buyers.set(spec.name, buyer);
  if (spec.special === 'deaf') buyer.server = net.createServer((socket) => socket.pause());
  else if (spec.speaks === 'h2') buyer.server = http2.createSecureServer({ ...PEM, allowHTTP1: false });
  else if (spec.speaks === 'https') buyer.server = https.createServer(PEM);
  else buyer.server = http.createServer();
  const { server } = buyer;
  server.on('connection', (socket) => {
    buyer.connections++;
    buyer.open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => buyer.open.delete(socket));
  });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  server.keepAliveTimeout = spec.keepAliveMs ?? 60_000;
  server.on('request', (request, response) => {
    let body = '';
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => answer(buyer, request, response, body));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      // Nobody else gets this port while it is wanted closed: it is taken back at the end only.
      if (spec.special === 'closed') server.close(() => resolve(port));
      else resolve(port);
    });
  });
}

function answer(buyer, request, response, body) {
  const step = buyer.does[buyer.requests++ % buyer.does.length];
  if (buyer.bodies.length < 50) buyer.bodies.push({ url: request.url, headers: request.headers, body });
  setTimeout(() => act(step, request, response, body), step.after ?? 0);
}

function act(step, request, response, body) {
  if (response.destroyed || response.stream?.destroyed) return;
  const json = { 'content-type': 'application/json' };
  switch (step.special) {
    case 'silent':
      return;
    case 'reset':
      if (request.stream) request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else request.socket.destroy();
      return;
    case 'goaway':
      request.stream.session.goaway();
      request.stream.session.close();
      break;
    case 'half':
      response.writeHead(200, json);
      response.write('{"price":');
      return;
    case 'trickle':
      response.writeHead(200, json);
      for (let n = 0; n < 200; n++) setTimeout(() => response.destroyed || response.write(' '), n * 20);
      return;
    case 'crumbs':
      response.writeHead(200, json);
      response.flushHeaders();
      // One byte in each chunk of the transfer coding, thousands of them at once.
      request.socket.write('1\r\n \r\n'.repeat(5_000));
      return;
    case 'huge':
      response.writeHead(200, json);
      pour(response, 400);
      return;
    case 'redirect':
      response.writeHead(302, { location: step.to ?? 'http://127.0.0.1:1/' });
      response.end();
      return;
    default:
  }
  if (step.raw !== undefined) {
    response.writeHead(step.status ?? 200, { ...json, ...step.headers });
    response.end(step.raw);
    return;
  }
  if (step.status === 204) {
    response.writeHead(204);
    response.end();
    return;
  }
  let id;
  try {
    ({ id } = JSON.parse(body));
  } catch {
    id = undefined;
  }
  response.writeHead(step.status ?? 200, json);
  response.end(JSON.stringify({ id, ...step.reply }));
}

function pour(response, chunks) {
  if (chunks === 0 || response.destroyed) return;
  if (response.write(HUGE)) setImmediate(() => pour(response, chunks - 1));
  else response.once('drain', () => pour(response, chunks - 1));
}

const commands = {
  start: async ({ specs }) => {
    const ports = await Promise.all(specs.map(serve));
    return Object.fromEntries(specs.map(({ name }, index) => [name, ports[index]]));
  },
  counts: async () =>
    Object.fromEntries(
      [...buyers].map(([name, { requests, connections, open, bodies }]) => [
        name,
        { requests, connections, open: open.size, bodies },
      ]),
    ),
  behave: async ({ name, does }) => {
    buyers.get(name).does = does;
  },
  /** Ends all connections of a buyer without a word, as a firewall that lost its state. */
  drop: async ({ name }) => {
    for (const socket of buyers.get(name).open) socket.destroy();
  },
};

process.on('message', ({ number, command, ...rest }) => {
  commands[command](rest).then(
    (result) => process.send({ number, result }),
    (error) => process.send({ number, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });

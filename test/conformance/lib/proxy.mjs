// A WebSocket proxy between a client and the real server. It can cut connections, refuse new ones, hold back what
// the server says, put one server frame into the stream and answer an `init` itself; so outages and server-side
// closes are tested while the server stays unmodified. It also keeps the last frames as evidence.
import http from 'node:http';
import { WebSocketServer, WebSocket } from 'ws';
import { decode, encode, frameId } from './frames.mjs';

const KEPT_FRAMES = 400;

export class Proxy {
  #target; #server; #wss; #links = new Set(); #sockets = new Set(); #injected = new Map();
  refusing = false;      // new connections are cut before the upgrade
  holding = false;       // server frames are thrown away instead of passed on
  initAnswers = [];      // replies {status, payload} for the next init frames, instead of the server's
  frames = [];           // the last frames, newest last: {t, dir, header, payload}
  connections = 0;       // upgrades accepted so far
  uri = '';

  constructor(target) { this.#target = target; }

  async start() {
    this.#server = http.createServer((_, res) => { res.statusCode = 404; res.end(); });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#server.on('upgrade', (req, socket, head) => {
      if (this.refusing) return socket.destroy();
      this.#wss.handleUpgrade(req, socket, head, (client) => this.#link(client));
    });
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.uri = `ws://127.0.0.1:${this.#server.address().port}/tsock/v3/wsconnect`;
    return this;
  }

  #link(client) {
    this.connections++;
    const upstream = new WebSocket(this.#target, { perMessageDeflate: false });
    const link = { client, upstream };
    this.#links.add(link);
    const waiting = [];
    upstream.on('open', () => waiting.splice(0).forEach((d) => upstream.send(d)));
    upstream.on('message', (data, binary) => {
      this.#keep('s2c', data);
      if (!this.holding && client.readyState === WebSocket.OPEN) client.send(data, { binary });
    });
    client.on('message', (data, binary) => {
      const frame = this.#keep('c2s', data);
      if (frame && this.#answered(frame, client)) return;
      if (upstream.readyState === WebSocket.CONNECTING) waiting.push(data);
      else if (upstream.readyState === WebSocket.OPEN) upstream.send(data, { binary });
    });
    const end = () => {
      this.#links.delete(link);
      client.terminate();
      upstream.terminate();
    };
    for (const side of [client, upstream]) { side.on('close', end); side.on('error', end); }
  }

  // True when the frame is for the proxy alone: the client's acknowledgement of an injected frame, or an init to be refused.
  #answered({ header }, client) {
    if (header.method === 'reply' && this.#injected.has(header.id)) {
      this.#injected.get(header.id)(header);
      this.#injected.delete(header.id);
      return true;
    }
    if (header.method === 'init' && this.initAnswers.length > 0) {
      const { status, payload } = this.initAnswers.shift();
      client.send(encode({ method: 'reply', id: header.id, status }, payload));
      return true;
    }
    return false;
  }

  #keep(dir, data) {
    let frame;
    try { frame = decode(data); } catch (e) { frame = { header: { method: '?', error: e.message } }; }
    this.frames.push({ t: Date.now(), dir, ...frame });
    if (this.frames.length > KEPT_FRAMES) this.frames.shift();
    return frame;
  }

  /** Sends a frame to every connected client as if the server had; resolves with the client's acknowledgement. */
  inject(header, payload) {
    const id = frameId();
    const acked = new Promise((resolve) => this.#injected.set(id, resolve));
    for (const { client } of this.#links) client.send(encode({ ...header, id }, payload));
    return acked;
  }

  /** Cuts all connections at once, without a closing handshake. */
  drop() {
    for (const { client, upstream } of [...this.#links]) { client.terminate(); upstream.terminate(); }
  }

  /** The tunnelled requests of which a reply was seen: [{method, path, status, body, reply}]. */
  exchanges() {
    const replies = new Map(this.frames.filter((f) => f.dir === 's2c' && f.header.method === 'reply').map((f) => [f.header.id, f]));
    return this.frames.filter((f) => f.dir === 'c2s' && f.header.http_request && replies.has(f.header.id)).map((f) => {
      const reply = replies.get(f.header.id);
      const { method, path } = f.header.http_request;
      return { method, path, status: reply.header.http_status?.code, body: f.payload, reply: reply.payload };
    });
  }

  async stop() {
    this.drop();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

// Servers of somebody else, each on an origin of its own.

import { createServer } from "node:http";

export class Host {
  /** Serves the content at every path until close() is called. */
  static listen(content, port = 0, type = "text/html") {
    return Host.serve(() => ({ type: `${type}; charset=utf-8`, content }), port);
  }

  /** Serves what answer(path, form) says, a { type, content } or nothing, which is 204. */
  static serve(answer, port = 0) {
    const server = createServer(async (request, response) => {
      const parts = await request.toArray();
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
      const { type, content } = answer(request.url, form) ?? {};
      response.writeHead(content ? 200 : 204, type && { "Content-Type": type });
      response.end(content);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(new Host(server)));
    });
  }

  constructor(server) {
    this.server = server;
    this.origin = `http://127.0.0.1:${server.address().port}`;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

// A site of somebody else: one page or script, on an origin of its own.

import { createServer } from "node:http";

/** Serves the content at every path until close() is called. */
export class Host {
  static listen(content, port = 0, type = "text/html") {
    const server = createServer((_, response) => {
      response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` });
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

// A transport as an operator attaches it: takes what goes out to people, brings what they send, and reports what became of it.

import { createServer } from "node:http";
import { eventually } from "./visit.mjs";

export class Transport {
  /** What was to go out, as forms, the oldest first. */
  sent = [];
  #files = new Map();

  static listen(port) {
    const transport = new Transport();
    const server = createServer((request, response) => {
      const file = transport.#files.get(request.url);
      if (file) {
        response.writeHead(200, { "Content-Type": file.mimeType });
        response.end(file.buffer);
        return;
      }
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        transport.sent.push(Object.fromEntries(new URLSearchParams(body)));
        response.writeHead(204).end();
      });
    });
    transport.close = () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    };
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        transport.origin = `http://127.0.0.1:${port}`;
        resolve(transport);
      });
    });
  }

  /** Somebody sends a text, or a file of { name, mimeType, buffer }. */
  async bring(server, From, To, MessageSid, { text = "", file, name } = {}) {
    const form = { MessageSid, From, To, Body: text, ...(name && { ProfileName: name }) };
    if (file) {
      this.#files.set(`/${file.name}`, file);
      Object.assign(form, { NumMedia: 1, MediaUrl0: `${this.origin}/${file.name}`, MediaContentType0: file.mimeType });
    }
    const { account_sid } = await server.known();
    await server.rest("POST", `/proxy/v1/Transports/${account_sid}/Messages`, form);
  }

  /** Waits for the message of that number (from 1) to go out; answers its form. */
  async out(count) {
    await eventually(async () => this.sent.length, (n) => n >= count, `message ${count} going out`);
    return this.sent[count - 1];
  }
}

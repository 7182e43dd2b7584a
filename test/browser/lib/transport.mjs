// A transport as an operator attaches it: takes what goes out to people, and brings what they send.

import { randomUUID } from "node:crypto";
import { Host } from "./host.mjs";
import { eventually } from "./visit.mjs";

export class Transport {
  /** What was to go out, as forms, the oldest first. */
  sent = [];
  #files = new Map();

  static async listen(port) {
    const transport = new Transport();
    transport.host = await Host.serve((path, form) => {
      const file = transport.#files.get(path);
      if (file) return { type: file.mimeType, content: file.buffer };
      transport.sent.push(form);
    }, port);
    return transport;
  }

  close() {
    return this.host.close();
  }

  /** Somebody sends a text, or a file of { name, mimeType, buffer }. */
  async bring(server, From, To, { text = "", file }) {
    const form = { MessageSid: randomUUID(), From, To, Body: text };
    if (file) {
      this.#files.set(`/${file.name}`, file);
      Object.assign(form, { NumMedia: 1, MediaUrl0: `${this.host.origin}/${file.name}`, MediaContentType0: file.mimeType });
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

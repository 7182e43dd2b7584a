// Runs in the page: the published single-file bundle as an application uses it. run.mjs calls these by name.
/* global Twilio */
'use strict';

const harness = {
  added: [],

  async start({ token, uri, version }) {
    const { Client } = Twilio.Chat;
    const options = { Twilsock: { uri }, logLevel: 'silent' };
    if (version.startsWith('6')) {
      this.client = new Client(token, options);
      await new Promise((resolve, reject) => {
        this.client.on('stateChanged', (s) => (s === 'initialized' ? resolve() : reject(new Error('stateChanged: ' + s))));
      });
    } else {
      this.client = await Client.create(token, options);
    }
    return { identity: this.client.user.identity, stored: sessionStorage.length };
  },

  state() { return this.client.connectionState; },

  async open(sid) {
    this.channel = await this.client.getChannelBySid(sid);
    this.channel.on('messageAdded', (m) => this.added.push(this.plain(m)));
    return this.channel.status;
  },

  plain(m) {
    const media = m.media && { sid: m.media.sid, size: m.media.size, contentType: m.media.contentType, filename: m.media.filename };
    return { index: m.index, author: m.author, body: m.body, type: m.type, media };
  },

  async messages(count) { return (await this.channel.getMessages(count)).items.map((m) => this.plain(m)); },

  async sendText(text) { return Number(await this.channel.sendMessage(text)); },

  async sendForm(bytes, name, type) {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), name);
    return Number(await this.channel.sendMessage(form));
  },

  async sendBlob(bytes, type) {
    return Number(await this.channel.sendMessage({ contentType: type, media: new Blob([new Uint8Array(bytes)], { type }) }));
  },

  // From the page itself, so that the download is a cross-origin request like an application's.
  async download(index) {
    const { items: [message] } = await this.channel.getMessages(1, index, 'forward');
    const url = await (message.media.getContentTemporaryUrl ? message.media.getContentTemporaryUrl() : message.media.getContentUrl());
    const res = await fetch(url);
    return { status: res.status, type: res.headers.get('content-type'), bytes: [...new Uint8Array(await res.arrayBuffer())] };
  },
};

window.harness = harness;

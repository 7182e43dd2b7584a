// One face for the four SDK versions. Only what an application would have to write differently is adapted here
// (chat-sdk-protocol §12); everything else is the SDK's own API.
import { createRequire } from 'node:module';
import { until, within } from './lib/steps.mjs';

const require = createRequire(import.meta.url);

const packages = { '3.4.0': 'chat340', '4.1.0': 'chat410', '5.0.2': 'chat502', '6.0.0': 'chat600' };

export const versions = Object.keys(packages);

const CONNECT_MS = 15_000;

export function loadSdk(version) {
  if (!packages[version]) throw new Error(`no such SDK version here: ${version}`);
  const { Client } = require(packages[version]);
  const major = Number(version[0]);

  /** Starts a client; resolves once it is usable and connected. With uri 'none' it keeps its own address. */
  async function connect(token, uri, options = {}) {
    const settings = { ...(uri === 'none' ? {} : { Twilsock: { uri } }), logLevel: 'silent', ...options };
    const client = major < 6 ? await within(CONNECT_MS, Client.create(token, settings), 'Client.create') : await started(new Client(token, settings));
    await until(() => client.connectionState === 'connected', `connectionState 'connected' (is ${client.connectionState})`);
    return client;
  }

  return {
    version,
    major,
    Client,
    connect,
    generation: major < 5 ? 'A' : 'B',
    notParticipating: major < 4 ? 'known' : 'notParticipating',
    messageDate: (message) => (major < 4 ? message.timestamp : message.dateCreated),
    lastMessageDate: (channel) => (major < 4 ? channel.lastMessage.timestamp : channel.lastMessage.dateCreated),
    mediaUrl: (media) => (major < 4 ? media.getContentUrl() : media.getContentTemporaryUrl()),
    helperLibrary: major < 5 ? 3 : 6,
  };
}

// 6.0.0 has no rejecting start: the constructor returns at once and the outcome is an event.
function started(client) {
  const outcome = new Promise((resolve, reject) => {
    let why = 'no reason given';
    client.on('connectionError', (e) => { why = `${e.message} (http ${e.httpStatusCode}, code ${e.errorCode})`; });
    client.on('stateChanged', (state) => (state === 'initialized' ? resolve(client) : reject(new Error(`the client failed to start: ${why}`))));
  });
  return within(CONNECT_MS, outcome, 'stateChanged: initialized');
}

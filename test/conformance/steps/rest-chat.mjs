// Chat v2 by the helper library: services, users, channels, members, messages (rest-semantics §1.1).
import { assert, rejects } from '../lib/steps.mjs';

/** Asserts that the call is refused with this HTTP status and this documented code. */
export async function refused(promise, status, code, what) {
  const e = await rejects(promise, what);
  assert.deepEqual([e.status, e.code], [status, code], `${what}: ${e.message}`);
  assert.ok(e.message, 'an error says why');
  return e;
}

const sids = (list) => list.map((x) => x.sid).sort();
const unique = (name) => `${name}-${Math.random().toString(36).slice(2, 10)}`;

export const chatSteps = [
  {
    name: 'services: create, fetch, update, list, remove',
    async run(x) {
      const { services } = x.client.chat.v2;
      const made = await services.create({ friendlyName: 'Ünïversal' });
      assert.match(made.sid, /^IS[0-9a-f]{32}$/);
      assert.equal(made.accountSid, x.cfg.account_sid);
      assert.equal(made.readStatusEnabled, true);
      assert.equal(made.reachabilityEnabled, false);
      assert.equal(made.typingIndicatorTimeout, 5);
      assert.match(made.defaultServiceRoleSid, /^RL/);
      assert.match(made.defaultChannelRoleSid, /^RL/);
      assert.match(made.defaultChannelCreatorRoleSid, /^RL/);
      assert.ok(made.dateCreated instanceof Date && !Number.isNaN(+made.dateCreated));
      assert.ok(made.links.channels.startsWith(`${x.home('chat')}/v2/Services/${made.sid}/`), made.links.channels);
      const updated = await services(made.sid).update({ friendlyName: 'Renamed', reachabilityEnabled: true, typingIndicatorTimeout: 7 });
      assert.deepEqual([updated.friendlyName, updated.reachabilityEnabled, updated.typingIndicatorTimeout], ['Renamed', true, 7]);
      assert.equal((await services(made.sid).fetch()).friendlyName, 'Renamed');
      const extra = await services.create({ friendlyName: 'second' });
      const listed = sids(await services.list({ pageSize: 1 }));
      assert.equal(new Set(listed).size, listed.length);
      for (const sid of [made.sid, extra.sid, x.cfg.chat_service_sid]) assert.ok(listed.includes(sid), `${sid} is listed`);
      assert.equal(await services(extra.sid).remove(), true);
      await refused(services(extra.sid).fetch(), 404, 50050, 'a removed service');
      x.service = services(made.sid);
      x.serviceSid = made.sid;
    },
  },
  {
    name: 'users: create, fetch by SID and identity, update, list, remove',
    async run({ service }) {
      const ann = await service.users.create({ identity: 'ann@example.org', friendlyName: 'Ann', attributes: '{"vip":true}' });
      assert.match(ann.sid, /^US[0-9a-f]{32}$/);
      assert.equal(ann.attributes, '{"vip":true}');
      assert.match(ann.roleSid, /^RL/);
      await service.users.create({ identity: 'ben' });
      await service.users.create({ identity: 'cem' });
      assert.equal((await service.users('ann@example.org').fetch()).sid, ann.sid);
      assert.equal((await service.users(ann.sid).fetch()).identity, 'ann@example.org');
      assert.equal((await service.users(ann.sid).update({ friendlyName: 'Anna' })).friendlyName, 'Anna');
      assert.equal((await service.users(ann.sid).update({})).friendlyName, 'Anna');
      assert.equal((await service.users.list({ pageSize: 2 })).length, 3);
      await refused(service.users.create({ identity: 'ben' }), 409, 50201, 'a second ben');
      await refused(service.users('nobody').fetch(), 404, 50200, 'an unknown user');
      await refused(service.users.create({ identity: 'x', attributes: '{broken' }), 400, 50304, 'broken attributes');
      assert.equal(await service.users('cem').remove(), true);
      assert.equal((await service.users.list()).length, 2);
    },
  },
  {
    name: 'channels: create, fetch by SID and unique name, update, list, remove',
    async run(x) {
      const { service } = x;
      const uniqueName = unique('lobby');
      const lobby = await service.channels.create({ friendlyName: 'Lobby', uniqueName, attributes: '{"a":1}', type: 'private', createdBy: 'ann@example.org' });
      assert.match(lobby.sid, /^CH[0-9a-f]{32}$/);
      assert.deepEqual([lobby.type, lobby.createdBy, lobby.attributes, lobby.membersCount, lobby.messagesCount], ['private', 'ann@example.org', '{"a":1}', 0, 0]);
      assert.equal((await service.channels(uniqueName).fetch()).sid, lobby.sid);
      const updated = await service.channels(lobby.sid).update({ friendlyName: 'Foyer', attributes: '{"a":2}' });
      assert.deepEqual([updated.friendlyName, updated.attributes, updated.uniqueName], ['Foyer', '{"a":2}', uniqueName]);
      const open = await service.channels.create({});
      assert.deepEqual([open.type, open.createdBy, open.attributes], ['public', 'system', '{}']);
      for (let i = 0; i < 3; i++) await service.channels.create({ friendlyName: `n${i}` });
      const all = await service.channels.list({ pageSize: 2 });
      assert.equal(all.length, 5);
      assert.equal(new Set(sids(all)).size, 5);
      assert.deepEqual(sids(await service.channels.list({ type: ['private'] })), [lobby.sid]);
      assert.equal((await service.channels.list({ type: 'public', pageSize: 2 })).length, 4, 'the filter lives on in next_page_url');
      assert.equal((await service.channels.list({ limit: 3 })).length, 3);
      await refused(service.channels.create({ uniqueName }), 409, 50307, 'a unique name in use');
      await refused(service.channels.create({ attributes: 'not json' }), 400, 50304, 'broken attributes');
      assert.equal(await service.channels(open.sid).remove(), true);
      await refused(service.channels(open.sid).fetch(), 404, 50300, 'a removed channel');
      x.channel = service.channels(lobby.sid);
      x.channelSid = lobby.sid;
    },
  },
  {
    name: 'members: create, fetch, update, list, remove',
    async run({ service, channel }) {
      const ann = await channel.members.create({ identity: 'ann@example.org', attributes: '{"seat":1}' });
      assert.match(ann.sid, /^MB[0-9a-f]{32}$/);
      await channel.members.create({ identity: 'made-by-adding' });
      await channel.members.create({ identity: 'third' });
      assert.equal((await service.users('made-by-adding').fetch()).identity, 'made-by-adding');
      assert.equal((await channel.members('ann@example.org').fetch()).sid, ann.sid);
      const updated = await channel.members(ann.sid).update({ lastConsumedMessageIndex: 3, attributes: '{"seat":2}' });
      assert.deepEqual([updated.lastConsumedMessageIndex, updated.attributes], [3, '{"seat":2}']);
      assert.equal((await channel.members.list({ pageSize: 2 })).length, 3);
      assert.deepEqual(sids(await channel.members.list({ identity: ['ann@example.org'] })), [ann.sid]);
      assert.equal((await channel.fetch()).membersCount, 3);
      await refused(channel.members.create({ identity: 'third' }), 409, 50404, 'a member twice');
      assert.equal(await channel.members('third').remove(), true);
      await refused(channel.members('third').fetch(), 404, 50402, 'a removed member');
    },
  },
  {
    name: 'messages: create, fetch, update, list both ways, remove',
    async run(x) {
      const { channel } = x;
      const first = await channel.messages.create({ from: 'ann@example.org', body: 'grüß 😀', attributes: '{"m":1}' });
      assert.match(first.sid, /^IM[0-9a-f]{32}$/);
      assert.deepEqual([first.index, first.from, first.body, first.attributes, first.type, first.wasEdited, first.to], [0, 'ann@example.org', 'grüß 😀', '{"m":1}', 'text', false, x.channelSid]);
      assert.equal((await channel.messages.create({ body: 'from nobody' })).from, 'system');
      for (let i = 2; i < 7; i++) await channel.messages.create({ from: 'Bot', body: `n${i}` });
      assert.deepEqual((await channel.messages.list({ pageSize: 2 })).map((m) => m.index), [0, 1, 2, 3, 4, 5, 6]);
      assert.deepEqual((await channel.messages.list({ pageSize: 3, order: 'desc' })).map((m) => m.index), [6, 5, 4, 3, 2, 1, 0]);
      const edited = await channel.messages(first.sid).update({ body: 'edited', lastUpdatedBy: 'ben' });
      assert.deepEqual([edited.body, edited.wasEdited, edited.lastUpdatedBy, edited.attributes], ['edited', true, 'ben', '{"m":1}']);
      assert.equal((await channel.messages(first.sid).fetch()).body, 'edited');
      const middle = (await channel.messages.list())[3];
      assert.equal(await channel.messages(middle.sid).remove(), true);
      await refused(channel.messages(middle.sid).fetch(), 404, 50500, 'a removed message');
      assert.deepEqual((await channel.messages.list({ pageSize: 2 })).map((m) => m.index), [0, 1, 2, 4, 5, 6]);
      assert.equal((await channel.messages.create({ body: 'next' })).index, 7);
      assert.equal((await channel.fetch()).messagesCount, 7);
      await refused(channel.messages.create({ body: 'x'.repeat(32 * 1024 + 1) }), 400, 50504, 'a body over 32 KB');
      const old = await channel.messages.create({ body: 'restored', dateCreated: new Date('2020-01-02T03:04:05Z') });
      assert.equal(old.dateCreated.toISOString(), '2020-01-02T03:04:05.000Z');
    },
  },
];

// Proxy v1 by the helper library: services, pools, sessions with participants, interactions, callbacks (rest-semantics §1.3, §7).
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

const unique = (name) => `${name}-${Math.random().toString(36).slice(2, 10)}`;
/** A telephone number that no other suite uses. */
const number = () => `+1415${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;

export const proxySteps = [
  {
    name: 'proxy services: create, fetch, update, list, remove',
    async run(x) {
      const { services } = x.client.proxy.v1;
      const asked = { uniqueName: unique('taxi'), defaultTtl: 3600, geoMatchLevel: 'country', numberSelectionBehavior: 'prefer-sticky', callbackUrl: x.hooks.url('/interactions') };
      const service = await services.create(asked);
      assert.match(service.sid, /^KS[0-9a-f]{32}$/);
      assert.deepEqual([service.uniqueName, service.defaultTtl, service.callbackUrl, service.chatInstanceSid], [asked.uniqueName, 3600, asked.callbackUrl, null]);
      assert.equal((await services(service.sid).update({ defaultTtl: 0 })).defaultTtl, 0);
      assert.equal((await services(service.sid).fetch()).uniqueName, asked.uniqueName);
      assert.equal((await services(x.cfg.proxy_service_sid).fetch()).chatInstanceSid, x.cfg.chat_service_sid);
      const listed = (await services.list({ pageSize: 1 })).map((s) => s.sid);
      for (const sid of [service.sid, x.cfg.proxy_service_sid]) assert.ok(listed.includes(sid), `${sid} is listed`);
      await refused(services.create({ uniqueName: asked.uniqueName }), 409, 80602, 'a second service of the name');
      const spare = await services.create({ uniqueName: unique('spare') });
      assert.equal(await services(spare.sid).remove(), true);
      await refused(services(spare.sid).fetch(), 404, 20404, 'a removed service');
      x.proxy = services(service.sid);
    },
  },
  {
    name: 'proxy phone numbers: create, fetch, update, list, remove',
    async run(x) {
      const { phoneNumbers } = x.proxy;
      const [phoneNumber, spare] = [number(), number()];
      const made = await phoneNumbers.create({ phoneNumber });
      assert.deepEqual([made.phoneNumber, made.isoCountry, made.isReserved, made.inUse], [phoneNumber, 'US', false, 0]);
      assert.equal((await phoneNumbers(made.sid).update({ isReserved: true })).isReserved, true);
      await phoneNumbers(made.sid).update({ isReserved: false });
      const other = await phoneNumbers.create({ phoneNumber: spare, isReserved: true });
      assert.deepEqual((await phoneNumbers.list()).map((n) => n.sid), [made.sid, other.sid]);
      assert.equal(await phoneNumbers(other.sid).remove(), true);
      await refused(phoneNumbers.create({ phoneNumber }), 409, 80104, 'the same number again');
      x.pooled = (await phoneNumbers(made.sid).fetch()).phoneNumber;
    },
  },
  {
    name: 'proxy sessions: participants in one call, a channel among them',
    async run(x) {
      const instance = x.client.proxy.v1.services(x.cfg.proxy_service_sid);
      const contact = number();
      const pooled = await instance.phoneNumbers.create({ phoneNumber: contact });
      const channel = await x.client.chat.v2.services(x.cfg.chat_service_sid).channels.create({ friendlyName: 'proxied' });
      const customer = number();
      const session = await instance.sessions.create({
        uniqueName: channel.sid, mode: 'message-only',
        participants: [{ Identifier: customer, ProxyIdentifier: contact, FriendlyName: 'Anna' }, { Identifier: channel.sid, ProxyIdentifier: contact }],
      });
      assert.deepEqual([session.status, session.mode, session.uniqueName, session.closedReason], ['open', 'message-only', channel.sid, '']);
      const people = await instance.sessions(session.sid).participants.list();
      assert.deepEqual(people.map((p) => [p.identifier, p.proxyIdentifier, p.friendlyName]), [[customer, contact, 'Anna'], [channel.sid, contact, null]]);
      assert.equal((await instance.phoneNumbers(pooled.sid).fetch()).inUse, 1);
      await refused(instance.phoneNumbers(pooled.sid).remove(), 400, 80611, 'a number that is used');
      await refused(instance.sessions.create({ participants: [{ Identifier: customer, ProxyIdentifier: contact }] }), 400, 80604, 'the same pair again');
      assert.equal(await instance.sessions(session.sid).remove(), true);
      await refused(instance.sessions(session.sid).fetch(), 404, 20404, 'a removed session');
      assert.equal(await instance.phoneNumbers(pooled.sid).remove(), true);
    },
  },
  {
    name: 'proxy interactions: a message, its callback with a signature that the library accepts',
    async run(x) {
      const session = await x.proxy.sessions.create({ ttl: 600 });
      const at = x.proxy.sessions(session.sid);
      const who = await at.participants.create({ identifier: number(), friendlyName: 'Bernd' });
      assert.equal(who.proxyIdentifier, x.pooled);
      assert.equal((await at.participants(who.sid).fetch()).friendlyName, 'Bernd');
      const said = await at.participants(who.sid).messageInteractions.create({ body: 'Your taxi waits' });
      assert.deepEqual([JSON.parse(said.data), said.type, said.outboundParticipantSid, said.inboundResourceSid], [{ body: 'Your taxi waits' }, 'message', who.sid, null]);
      const call = await x.hooks.wait((r) => r.params.interactionSid === said.sid, 'the callback');
      assert.ok(x.twilio.validateRequest(x.cfg.auth_token, call.headers['x-twilio-signature'], call.url, call.params), 'the signature is good');
      assert.deepEqual([call.params.interactionSessionSid, call.params.outboundResourceType], [session.sid, 'Message']);
      assert.equal((await at.fetch()).status, 'in-progress');
      assert.equal((await at.participants(who.sid).messageInteractions(said.sid).fetch()).sid, said.sid);
      assert.deepEqual((await at.participants(who.sid).messageInteractions.list()).map((i) => i.sid), [said.sid]);
      assert.deepEqual((await at.interactions.list({ pageSize: 1 })).map((i) => i.sid), [said.sid]);
      assert.equal(await at.interactions(said.sid).remove(), true);
      x.ride = { at, who };
    },
  },
  {
    name: 'proxy sessions: close, reopen, and what is refused',
    async run(x) {
      const { at, who } = x.ride;
      const closed = await at.update({ status: 'closed' });
      assert.deepEqual([closed.status, closed.closedReason, closed.dateEnded instanceof Date], ['closed', 'api', true]);
      await refused(at.participants(who.sid).messageInteractions.create({ body: 'late' }), 400, 80607, 'a message in a closed session');
      const other = await x.proxy.sessions.create({ participants: [{ Identifier: who.identifier }] });
      await refused(at.update({ status: 'in-progress' }), 400, 80801, 'reopening while the number is taken');
      assert.equal(await x.proxy.sessions(other.sid).remove(), true);
      assert.equal((await at.update({ status: 'in-progress', dateExpiry: new Date(Date.now() + 3600_000) })).status, 'in-progress');
      assert.equal(await at.participants(who.sid).remove(), true);
      await refused(at.participants.create({ identifier: who.identifier }), 409, 80612, 'a participant that was removed');
      assert.equal(await at.remove(), true);
    },
  },
];

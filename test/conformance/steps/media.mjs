// Media: upload through the SDK, download by the temporary URL.
import { assert, Recorder, rejects } from '../lib/steps.mjs';

const binary = Buffer.from([0, 1, 2, 255, 254, 10, 13, 65]); // bytes that any text decoding would spoil

export const media = [
  {
    name: 'media upload and download',
    timeout: 30_000,
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const here = new Recorder(theirs, 'messageAdded');
      const large = Buffer.alloc(300_000, 'Parley ');
      for (const [contentType, bytes] of [['image/png', binary], ['text/plain', large]]) {
        const index = Number(await mine.sendMessage({ contentType, media: bytes }, { kind: contentType }));
        const message = await here.wait('messageAdded', (m) => m.index === index);
        assert.equal(message.type, 'media');
        assert.deepEqual(message.attributes, { kind: contentType });
        assert.match(message.media.sid, /^ME[0-9a-f]{32}$/);
        assert.equal(message.media.contentType, contentType);
        assert.equal(message.media.size, bytes.length);
        const res = await fetch(await w.sdk.mediaUrl(message.media));
        assert.equal(res.status, 200);
        assert.ok(res.headers.get('content-type').startsWith(contentType), `content type ${res.headers.get('content-type')}`);
        assert.ok(Buffer.from(await res.arrayBuffer()).equals(bytes), 'the same bytes come back');
      }
    },
  },
  {
    name: 'a media URL works without credentials only as it was signed',
    async run(w) {
      const message = (await w.get('bob general').getMessages(10)).items.findLast((m) => m.type === 'media');
      const url = new URL(await w.sdk.mediaUrl(message.media));
      assert.ok([...url.searchParams].length > 0 || url.pathname.length > 60, 'the URL carries a signature');
      const [, value] = [...url.searchParams].sort((a, b) => b[1].length - a[1].length)[0] ?? [];
      const forged = value ? url.href.replace(encodeURIComponent(value), encodeURIComponent(value.split('').reverse().join(''))) : url.href.slice(0, -4) + 'AAAA';
      const res = await fetch(forged);
      assert.ok([401, 403, 404].includes(res.status), `a forged URL is answered ${res.status}`);
    },
  },
  {
    name: 'another user cannot send my media',
    async run(w) {
      const message = (await w.get('bob general').getMessages(20)).items.findLast((m) => m.type === 'media');
      const error = await rejects(w.service.post(`/Channels/${w.get('bob general').sid}/Messages`, { From: 'bob', MediaSid: message.media.sid }), 'media that was sent before');
      assert.equal(error.status, 409);
      assert.equal(error.code, 50508);
    },
  },
];

// The twilsock frame codec (chat-sdk-protocol §2.2), as small as a test needs it:
//   TWILSOCK V3.0 <header bytes>\r\n<header JSON>\r\n<payload>[\r\n]
import { randomUUID } from 'node:crypto';

const MAGIC = 'TWILSOCK V3.0 ';

/** A fresh frame id as clients and servers make them. */
export const frameId = () => 'TM' + randomUUID();

/** Encodes one frame. payload is an object, a string or nothing. */
export function encode(header, payload) {
  const body = payload === undefined ? Buffer.alloc(0)
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const full = { ...header, payload_size: body.length };
  if (body.length > 0 && full.payload_type === undefined) full.payload_type = 'application/json';
  const head = Buffer.from(JSON.stringify(full));
  return Buffer.concat([
    Buffer.from(`${MAGIC}${head.length}\r\n`), head, Buffer.from('\r\n'), body,
    body.length > 0 ? Buffer.from('\r\n') : Buffer.alloc(0),
  ]);
}

/** Decodes one frame into {header, payload}; throws on anything that is not one. */
export function decode(data) {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data);
  const eol = bytes.indexOf('\r\n');
  const first = bytes.subarray(0, Math.max(eol, 0)).toString('latin1');
  if (eol < 0 || !first.startsWith(MAGIC)) throw new Error('not a twilsock frame: ' + first.slice(0, 60));
  const size = Number(first.slice(MAGIC.length));
  if (!Number.isInteger(size) || size <= 0) throw new Error('bad header size: ' + first);
  const start = eol + 2;
  const header = JSON.parse(bytes.subarray(start, start + size).toString('utf8'));
  const at = start + size + 2;
  const raw = bytes.subarray(at, at + (header.payload_size || 0));
  if (raw.length !== (header.payload_size || 0)) throw new Error('payload shorter than payload_size');
  let payload;
  if (raw.length > 0) {
    const text = raw.toString('utf8');
    payload = text;
    if (!header.payload_type || header.payload_type.startsWith('application/json')) {
      try { payload = JSON.parse(text); } catch { /* a client's form body may claim JSON: keep the text */ }
    }
  }
  return { header, payload };
}

// Access tokens: by the vendor's helper library, as an application's back end makes them, and by hand where a test
// needs a token that no library would make (short-lived, old grant, broken).
import { createHmac } from 'node:crypto';
import twilio3 from 'twilio3';
import twilio6 from 'twilio6';

const libraries = { 3: twilio3, 6: twilio6 };

/** A token from the helper library of that major version. */
export function libraryToken(cfg, { identity, serviceSid = cfg.chat_service_sid, ttl = 3600, library = 6 }) {
  const { AccessToken } = libraries[library].jwt;
  const token = new AccessToken(cfg.account_sid, cfg.api_key_sid, cfg.api_key_secret, { identity, ttl });
  token.addGrant(new AccessToken.ChatGrant({ serviceSid }));
  return token.toJwt();
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token by hand. header and claims are laid over those of a good token; undefined removes one. */
export function handToken(cfg, { identity, serviceSid = cfg.chat_service_sid, ttl = 3600, grant = 'chat', header = {}, claims = {}, secret = cfg.api_key_secret }) {
  const now = Math.floor(Date.now() / 1000);
  const head = part({ typ: 'JWT', alg: 'HS256', cty: 'twilio-fpa;v=1', ...header });
  const body = part({
    jti: `${cfg.api_key_sid}-${now}`, iat: now, exp: now + ttl, iss: cfg.api_key_sid, sub: cfg.account_sid,
    grants: { identity, [grant]: { service_sid: serviceSid } }, ...claims,
  });
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

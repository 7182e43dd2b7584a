// A real OpenID Connect provider in this process. Its people have no passwords: whoever is set as `person` sits before it.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const people = {
  anna: { preferred_username: 'anna', name: 'Anna Alder', email: 'anna@example.com', email_verified: true },
  boss: { preferred_username: 'boss', realm_access: { roles: ['supervisor', 'offline_access'] } },
  mail: { email: 'mail@example.com', email_verified: true, realm_access: { roles: ['agent'] } },
  liar: { email: 'anna', email_verified: false, realm_access: { roles: ['admin'] } },
  idle: { preferred_username: 'idle', realm_access: { roles: ['gardener'] } },
};

export const client = { client_id: 'parley', client_secret: 'a-secret-that-no-log-may-have' };

export class TestProvider {
  person = null;

  constructor(port, redirectUris) {
    this.issuer = `http://127.0.0.1:${port}`;
    this.port = port;
    const provider = new Provider(this.issuer, {
      clients: [{ ...client, redirect_uris: redirectUris, grant_types: ['authorization_code'], response_types: ['code'] }],
      claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'realm_access'], email: ['email', 'email_verified'] },
      cookies: { keys: ['test'] },
      features: { devInteractions: { enabled: false } },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      loadExistingGrant: async (ctx) => {
        const before = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
        if (before) return ctx.oidc.provider.Grant.find(before);
        const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
      },
      pkce: { required: () => true, methods: ['S256'] },
    });
    const serve = provider.callback();
    this.server = createServer((request, response) => {
      if (!request.url.startsWith('/interaction/')) return serve(request, response);
      const result = this.person ? { login: { accountId: this.person } } : { error: 'access_denied', error_description: 'no' };
      return provider.interactionFinished(request, response, result);
    });
  }

  start() {
    return new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

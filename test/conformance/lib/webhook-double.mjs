// A receiver of the server's webhooks: keeps every request, and answers as it is told.
import http from 'node:http';
import { until } from './steps.mjs';

export class WebhookDouble {
  requests = []; // {method, url, headers, params}
  answer = () => ({ status: 200 });
  #server;

  async start() {
    this.#server = http.createServer((req, res) => {
      const chunks = [];
      req.on('data', (c) => chunks.push(c));
      req.on('end', () => {
        const params = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
        const request = { method: req.method, url: this.url(req.url), headers: req.headers, params };
        this.requests.push(request);
        const { status, body } = this.answer(request, this.requests.length);
        res.writeHead(status, body ? { 'Content-Type': 'application/json' } : {});
        res.end(body ? JSON.stringify(body) : undefined);
      });
    });
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  url(path = '/hook') { return `http://127.0.0.1:${this.#server.address().port}${path}`; }

  wait(match, what = 'a webhook', ms = 10_000) { return until(() => this.requests.find(match), what, ms); }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

import { createRoot } from "react-dom/client";
import { GuidePage } from "../src/guide/GuidePage";
import { Guide } from "../src/guide/guide";
import { Shell } from "../src/ui/Shell";
import { FakeServer } from "../test/fakeSdk";
import "../src/ui/base.css";
import "../src/guide/guide.css";
import "../src/guide/chat.css";
import "../src/guide/desk.css";

const server = new FakeServer();
const day = 24 * 60 * 60_000;
for (let n = 0; n < 70; n++)
  server.store(
    "system",
    `An older message, number ${n}`,
    {},
    undefined,
    new Date(Date.now() - day * 2 + (n * day) / 40),
  );

server.bridge.current = "Available";
server.bridge.offer({ name: "Alice", channelSid: "CH1" });
server.bridge.offer({ name: "Bob" }, { timeout: 30 });

// For the console: fake.failSends.push("before"), fake.clients[0].move("connecting"), fake.bridge.offer({ name: "Carol" }), …
Object.assign(window, { fake: server });

const guide = new Guide(server.backend, sessionStorage);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <Shell here="guide">
      <GuidePage guide={guide} />
    </Shell>,
  );
}

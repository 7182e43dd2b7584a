import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Client } from "twilio-chat";
import { createChannel, fetchToken, joinChannel } from "../lib/demo";
import { bridgeUrl, socketUrl } from "../start/snippets";
import { Shell } from "../ui/Shell";
import { GuidePage } from "./GuidePage";
import { Guide } from "./guide";
import "../ui/base.css";
import "./guide.css";
import "./chat.css";
import "./desk.css";

const uri = socketUrl(location.origin);
const ebServer = bridgeUrl(location.origin);
const wsServer = bridgeUrl(location.origin, "ws");

const guide = new Guide(
  {
    // The URLs that an app changes. The SDKs are the published ones.
    createClient: (token) => new Client(token, { Twilsock: { uri } }),
    createWorker: async (token) => {
      const { Worker } = await import("twilio-taskrouter"); // for those who sign in as the agent
      return new Worker(token, { ebServer, wsServer, logLevel: "error" });
    },
    fetchToken,
    createChannel,
    joinChannel,
  },
  sessionStorage,
);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Shell here="guide">
        <GuidePage guide={guide} />
      </Shell>
    </StrictMode>,
  );
}

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Client } from "twilio-chat";
import { addAgent, createChannel, fetchToken } from "../lib/demo";
import { socketUrl } from "../start/snippets";
import { Shell } from "../ui/Shell";
import { GuidePage } from "./GuidePage";
import { Guide } from "./guide";
import "../ui/base.css";
import "./guide.css";
import "./chat.css";

const uri = socketUrl(location.origin);

const guide = new Guide(
  {
    // The one URL that an app changes. The SDK is the published one.
    createClient: (token) => new Client(token, { Twilsock: { uri } }),
    fetchToken,
    createChannel,
    addAgent,
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
